"""The engine, compiler or orchestrator that somebody asks for, with its options: from the call, else from the project's
settings.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable
from typing import Any

from nbmlops import plugins
from nbmlops.errors import UsageError
from nbmlops.ports import Compiler, Engine, Forge, Orchestrator
from nbmlops.settings import Settings

LOCAL = "local"
OF_TRAINERS = ("image", "project_folder", "tracking")
"""Under `[engine.NAME]` as well, of an engine that takes whole pipelines: what a Trainer's steps run in."""


def open_engine(settings: Settings, name: str = "", given: Iterable[str] = ()) -> Engine:
    """`given`: `name=value` texts, which win over the settings.

    Raises NotFoundError for an engine that there is not, and UsageError for an option that it does not have.
    """
    name = name or settings.pipeline.engine
    if name not in plugins.names(plugins.ENGINES) and name in plugins.names(plugins.COMPILERS):
        raise UsageError(
            f"{name} does not execute steps one by one: it takes the whole pipeline.",
            kind="engine-compiles",
            hint=f"nbmlops compile PIPELINE --to {name} --image IMAGE{_or_a_trainer(name)}",
        )
    engine: Engine = _opened(plugins.ENGINES, settings, name, given)
    return engine


def open_compiler(settings: Settings, name: str, given: Iterable[str] = ()) -> Compiler:
    """As `open_engine`. Its options in the settings are under `[engine.NAME]` as well."""
    compiler: Compiler = _opened(plugins.COMPILERS, settings, name, given)
    return compiler


def open_orchestrator(settings: Settings, name: str) -> Orchestrator:
    """As `open_engine`."""
    orchestrator: Orchestrator = _opened(plugins.ORCHESTRATORS, settings, name, ())
    return orchestrator


def is_orchestrated(settings: Settings, name: str) -> bool:
    """Whether that engine takes whole pipelines and executes them for Trainers. Empty: the one of the settings."""
    name = name or settings.pipeline.engine
    if name == LOCAL:
        return False  # nearly all do: what is installed need not be read for it
    return name not in plugins.names(plugins.ENGINES) and name in plugins.names(plugins.ORCHESTRATORS)


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
    known = _known(make)
    beside = _known_beside(group, name)
    options = {option: value for option, value in settings.engine.get(name, {}).items() if option not in beside}
    options |= dict(_option(text) for text in given)
    for option in options:
        if option not in known:
            near = difflib.get_close_matches(option, known, n=1) or known
            raise UsageError(
                f"{name} has no option {option!r}.",
                kind="engine-option",
                hint=f"It has: {', '.join(near)}." if near else "It has none.",
            )
    return make(**options)


def _known(make: Any) -> list[str]:
    return [each.name for each in inspect.signature(make).parameters.values() if each.annotation in (str, "str")]


def _known_beside(group: str, name: str) -> set[str]:
    """Options of the settings that are for the other half of an engine that takes whole pipelines."""
    halves = (plugins.COMPILERS, plugins.ORCHESTRATORS)
    if group not in halves or name not in plugins.names(plugins.ORCHESTRATORS):
        return set()
    others = [_known(plugins.load(each, name)) for each in halves if each != group and name in plugins.names(each)]
    return {*OF_TRAINERS, *(option for known in others for option in known)} - set(_known(plugins.load(group, name)))


def _or_a_trainer(name: str) -> str:
    return f", or a Trainer with engine: {name}" if name in plugins.names(plugins.ORCHESTRATORS) else ""


def _option(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"{text!r} does not say which option.", kind="engine-option", hint="Write it as NAME=VALUE.")
    return name.strip(), value
