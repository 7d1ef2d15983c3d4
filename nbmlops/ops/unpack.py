"""`unpack`: the files of a package, into a folder."""

from __future__ import annotations

from typing import Annotated

import msgspec

from nbmlops.errors import UsageError
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.fields import option, positional
from nbmlops.ops.package_store import PackageView, opened, store, view
from nbmlops.package.filters import TYPES, parse_filters
from nbmlops.package.opened import PackageLayer
from nbmlops.package.unpack import Existing
from nbmlops.package.unpack import unpack as take_apart

_TOLD_EVERY = 8 << 20


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    package: Annotated[str, positional("The package: NAME[:TAG] or NAME@DIGEST.")]
    dir: Annotated[str, option("Where its files go. Default: here.", short="d", metavar="FOLDER")] = ""
    filter: Annotated[
        tuple[str, ...],
        option(f"Only these parts, of {', '.join(TYPES)}.", short="f", metavar="TYPE[:NAME]"),
    ] = ()
    overwrite: Annotated[bool, option("Replace files that are there.", short="o")] = False
    ignore_existing: Annotated[bool, option("Leave files that are there as they are.", short="i")] = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    package: PackageView
    folder: str
    files: tuple[str, ...]
    """Written, relative to the folder."""
    kept: tuple[str, ...]
    """Left as they were."""
    bytes: int


def unpack(call: Call, request: Request) -> Result:
    """Raises NotFoundError for a package or a part that is not there, ConflictError for files in the way, and
    IntegrityError for a package that is damaged or hostile. In each case nothing was written.
    """
    if request.overwrite and request.ignore_existing:
        raise UsageError(
            "--overwrite and --ignore-existing contradict each other.", kind="options-contradict", hint="Choose one."
        )
    existing: Existing = "overwrite" if request.overwrite else "keep" if request.ignore_existing else "refuse"
    filters = parse_filters(request.filter)
    layout = store()
    reference, package = opened(layout, request.package)
    target = call.path(request.dir or ".")
    chosen = filters.chosen(package)
    told = _Told(call)
    done = take_apart(
        layout,
        package,
        target,
        layers=chosen,
        has_kitfile=filters.has_kitfile,
        existing=existing,
        on_bytes=told,
    )
    told.end()
    return Result(
        package=view(package, reference),
        folder=str(target),
        files=done.files,
        kept=done.kept,
        bytes=done.bytes,
    )


class _Told:
    """Progress of each layer, not of each piece."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._done: dict[str, int] = {}
        self._said: dict[str, int] = {}

    def __call__(self, layer: PackageLayer, count: int) -> None:
        path = layer.entry.path
        self._done[path] = self._done.get(path, 0) + count
        if self._done[path] - self._said.get(path, 0) >= _TOLD_EVERY:
            self._said[path] = self._done[path]
            self._call.progress(Progress(task=path, done=self._done[path], total=layer.descriptor.size))

    def end(self) -> None:
        for path in self._said:
            self._call.progress(Progress(task=path, state="done"))
