"""The engine or compiler that somebody asks for, with its options: from the call, else from the project's settings."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable
from typing import Any

from nbmlops import plugins
from nbmlops.errors import UsageError
from nbmlops.ports import Compiler, Engine, Forge
from nbmlops.settings import Settings


def open_engine(settings: Settings, name: str = "", given: Iterable[str] = ()) -> Engine:
    """`given`: `name=value` texts, which win over the settings.

    Raises NotFoundError for an engine that there is not, and UsageError for an option that it does not have.
    """
    name = name or settings.pipeline.engine
    if name not in plugins.names(plugins.ENGINES) and name in plugins.names(plugins.COMPILERS):
        raise UsageError(
            f"{name} does not execute steps one by one: it takes the whole pipeline.",
            kind="engine-compiles",
            hint=f"nbmlops compile PIPELINE --to {name} --image IMAGE",
        )
    engine: Engine = _opened(plugins.ENGINES, settings, name, given)
    return engine


def open_compiler(settings: Settings, name: str, given: Iterable[str] = ()) -> Compiler:
    """As `open_engine`. Its options in the settings are under `[engine.NAME]` as well."""
    compiler: Compiler = _opened(plugins.COMPILERS, settings, name, given)
    return compiler


def open_forge(settings: Settings, name: str, remote: str) -> Forge:
    """`remote`: the address of the git remote. Its options in the settings are under `[forge.NAME]`."""
    make = plugins.load(plugins.FORGES, name)
    try:
        forge: Forge = make(remote=remote, **settings.forge.get(name, {}))
    except TypeError as error:
        raise UsageError(
            f"[forge.{name}] of the settings: {error}.", kind="forge-option", hint="See docs/proposals.md."
        ) from None
    return forge


def _opened(group: str, settings: Settings, name: str, given: Iterable[str]) -> Any:
    make = plugins.load(group, name)
    options = {**settings.engine.get(name, {}), **dict(_option(text) for text in given)}
    known = [each.name for each in inspect.signature(make).parameters.values() if each.annotation in (str, "str")]
    for option in options:
        if option not in known:
            near = difflib.get_close_matches(option, known, n=1) or known
            raise UsageError(
                f"{name} has no option {option!r}.",
                kind="engine-option",
                hint=f"It has: {', '.join(near)}." if near else "It has none.",
            )
    return make(**options)


def _option(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"{text!r} does not say which option.", kind="engine-option", hint="Write it as NAME=VALUE.")
    return name.strip(), value
