"""Seeing by name which files libraries read and write, and which table came from which file.

    readers = ReaderSensor(frames, shown=places.shown)
    readers.install()       # acts when the user's code imports pandas, polars, ..., or at once if it has
    readers.uninstall()

Only the outermost call counts: `pd.read_parquet` calls pyarrow. What the function returns or raises passes
unchanged, and it keeps its signature, its doc and the name by which it is pickled.
"""

from __future__ import annotations

import functools
import importlib
import logging
import sys
import threading
import types
from collections.abc import Callable
from typing import Any

from nbmlops.capture import audit
from nbmlops.capture.frames import Frames
from nbmlops.capture.patches import Patches
from nbmlops.capture.readers.entry import Entry, Source, absolute, files_of, is_remote
from nbmlops.capture.sightings import BY_SELF, READER, WRITTEN, RemoteUse, Sightings
from nbmlops.lib.redact import redact_address
from nbmlops.lib.words import words

KNOWN = {
    "tables": "pandas polars pyarrow pyarrow.parquet pyarrow.csv pyarrow.json pyarrow.feather pyarrow.orc "
    "pyarrow.dataset",
    "databases": "duckdb",
    "arrays": "numpy joblib torch h5py tables safetensors safetensors.numpy safetensors.torch",
}
"""Our module of entries, and the modules of others that it knows: read when the first of those is imported."""

_CALL = compile("__result__ = __original__(*__args__, **__options__)", "<query>", "exec")

_log = logging.getLogger("nbmlops")


def entries(place: str) -> tuple[Entry, ...]:
    """What we know of the libraries of one of `KNOWN`."""
    known: tuple[Entry, ...] = importlib.import_module(f"nbmlops.capture.readers.{place}").ENTRIES
    return known


class ReaderSensor:
    def __init__(self, frames: Frames, *, shown: Callable[[str], str]) -> None:
        """`shown` turns an absolute path into the form that records keep."""
        self._frames = frames
        self._shown = shown
        self._patches = Patches()
        self._depth = _Depth()
        self._complained = False

    def install(self) -> None:
        for place, modules in KNOWN.items():
            for module in words(modules):
                self._patches.after_import(module, functools.partial(self._is_here, place))

    def uninstall(self) -> None:
        self._patches.undo()

    def patched(self) -> tuple[str, ...]:
        return self._patches.names()

    def _is_here(self, place: str, module: types.ModuleType) -> None:
        for entry in entries(place):
            if entry.module == module.__name__:
                owner: Any = module
                *classes, name = entry.name.split(".")
                for each in classes:
                    owner = getattr(owner, each, None)
                self._patches.wrap(owner, name, functools.partial(self._watched, entry, owner, name))

    def _watched(self, entry: Entry, owner: Any, name: str, original: Any) -> Any:
        def call(*args: Any, **options: Any) -> Any:
            __tracebackhide__ = True
            run = original
            if entry.looks_up_names:
                run = functools.partial(self._as_caller, original, sys._getframe(1))
            sightings = audit.active()
            if sightings is None or self._depth.count:
                return run(*args, **options)
            sources = self._note(sightings, entry, args, options)
            self._depth.count += 1
            try:
                result = run(*args, **options)
            finally:
                self._depth.count -= 1
            if entry.gives_table or entry.inherits:
                self._remember(result, entry, args, sources)
            return result

        code = getattr(original, "__code__", None)
        if code is not None:
            # Libraries that warn look for the first frame that is not in a file of theirs: it must not be ours.
            call.__code__ = call.__code__.replace(co_filename=code.co_filename, co_firstlineno=code.co_firstlineno)
        wrapped = functools.wraps(original)(call)
        if isinstance(owner, types.ModuleType):  # pickled by the name under which it is found
            wrapped.__module__, wrapped.__qualname__ = owner.__name__, name
        return wrapped

    def _as_caller(self, original: Any, caller: types.FrameType, *args: Any, **options: Any) -> Any:
        """Call from a frame with the variables of the user's: `duckdb.sql("from df")` looks for `df` there."""
        __tracebackhide__ = True
        outermost = self._depth.caller
        self._depth.caller = caller = outermost or caller
        names = {**caller.f_locals, "__original__": original, "__args__": args, "__options__": options}
        try:
            exec(_CALL, caller.f_globals, names)
        finally:
            self._depth.caller = outermost
        return names["__result__"]

    def _note(self, sightings: Sightings, entry: Entry, args: Any, options: Any) -> list[Source]:
        try:
            sources = entry.sources(args, options)
            for source, use in sources:
                if is_remote(source):
                    sightings.remote.setdefault(source, RemoteUse()).use |= use | READER | BY_SELF
                elif use & WRITTEN:
                    sightings.add(next(files_of(source)), use | READER | BY_SELF)
                else:
                    for path in files_of(source):
                        sightings.add(path, use | READER | BY_SELF)
        except Exception as error:  # noqa: BLE001 - the user's own call comes next, and says what is wrong with it
            self._complain(error)
            return []
        return sources

    def _remember(self, result: Any, entry: Entry, args: Any, sources: list[Source]) -> None:
        try:
            source = self._frames.source_of(args[0]) if entry.inherits and args else ""
            if not source and len(sources) == 1:
                text = sources[0][0]
                source = redact_address(text) if is_remote(text) else self._shown(absolute(text))
            made = args[0] if entry.name.endswith("__init__") else result
            if source and made is not None:
                self._frames.remember(made, source)
        except Exception as error:  # noqa: BLE001 - the user has the table
            self._complain(error)

    def _complain(self, error: Exception) -> None:
        if not self._complained:
            self._complained = True
            _log.warning("a file could not be recorded: %s: %s", type(error).__name__, error)


class _Depth(threading.local):
    """How many watched calls this thread is in, and who made the outermost one that looks up names."""

    count = 0
    caller: types.FrameType | None = None
