"""`unpack`: the files of a package, into a folder."""

from __future__ import annotations

from typing import Annotated

import msgspec

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.fields import option, positional
from nbmlops.ops.package_store import PackageView, store, view
from nbmlops.ops.registries import CA, INSECURE, PLAIN_HTTP, Told, connect
from nbmlops.package.filters import TYPES, Filters, parse_filters
from nbmlops.package.layout import Layout
from nbmlops.package.opened import Opened, PackageLayer, open_package
from nbmlops.package.reference import Reference, parse
from nbmlops.package.registry.transfer import pull as fetch
from nbmlops.package.unpack import Existing
from nbmlops.package.unpack import unpack as take_apart

_TOLD_EVERY = 8 << 20


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    package: Annotated[str, positional("The package, from this machine or else from its registry.")]
    dir: Annotated[str, option("Where its files go. Default: here.", short="d", metavar="FOLDER")] = ""
    filter: Annotated[
        tuple[str, ...],
        option(f"Only these parts, of {', '.join(TYPES)}.", short="f", metavar="TYPE[:NAME]"),
    ] = ()
    plain_http: Annotated[bool, option(PLAIN_HTTP)] = False
    ca: Annotated[str, option(CA, metavar="FILE")] = ""
    insecure: Annotated[bool, option(INSECURE)] = False
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
    reference = parse(request.package)
    target = call.path(request.dir or ".")
    package, is_passing = _package(call, request, layout, reference, filters)
    told = _Told(call)
    try:
        done = take_apart(
            layout,
            package,
            target,
            layers=filters.chosen(package),
            has_kitfile=filters.has_kitfile,
            existing=existing,
            on_bytes=told,
        )
    finally:
        if is_passing:
            layout.forget(package.descriptor)
    told.end()
    return Result(
        package=view(package, reference),
        folder=str(target),
        files=done.files,
        kept=done.kept,
        bytes=done.bytes,
    )


def _package(
    call: Call, request: Request, layout: Layout, reference: Reference, filters: Filters
) -> tuple[Opened, bool]:
    """From this machine, else what is wanted of it from its registry; then it does not stay here."""
    try:
        return open_package(layout, layout.resolve(reference)), False
    except NotFoundError as error:
        if error.kind != "package-missing" or reference.is_local:
            raise
    fetched = Told(call)
    with connect(call, reference, request) as registry:
        package = open_package(layout, fetch(registry, reference, layout, wanted=lambda layer: False).descriptor)
        wanted = {layer.descriptor.digest for layer in filters.chosen(package)}
        fetch(registry, reference, layout, wanted=lambda layer: layer.digest in wanted, told=fetched)
    fetched.end()
    is_whole = len(wanted) == len({layer.descriptor.digest for layer in package.layers})
    return package, not is_whole


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
