"""The engine that somebody asks for, with its options: from the call, else from the project's settings."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable

from nbmlops import plugins
from nbmlops.errors import UsageError
from nbmlops.ports import Engine
from nbmlops.settings import Settings


def open_engine(settings: Settings, name: str = "", given: Iterable[str] = ()) -> Engine:
    """`given`: `name=value` texts, which win over the settings.

    Raises NotFoundError for an engine that there is not, and UsageError for an option that it does not have.
    """
    name = name or settings.pipeline.engine
    make = plugins.load(plugins.ENGINES, name)
    options = {**settings.engine.get(name, {}), **dict(_option(text) for text in given)}
    signature = inspect.signature(make)
    known = [each.name for each in signature.parameters.values() if each.annotation in (str, "str")]
    for option in options:
        if option not in known:
            near = difflib.get_close_matches(option, known, n=1) or known
            raise UsageError(
                f"The engine {name} has no option {option!r}.",
                kind="engine-option",
                hint=f"It has: {', '.join(near)}." if near else "It has none.",
            )
    engine: Engine = make(**options)
    return engine


def _option(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UsageError(
            f"{text!r} does not say which option.", kind="engine-option", hint="Write it as --engine-option NAME=VALUE."
        )
    return name.strip(), value
