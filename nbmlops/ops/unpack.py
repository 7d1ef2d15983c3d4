"""`unpack`: the files of a package, into a folder."""

from __future__ import annotations

from typing import Annotated

import msgspec

from nbmlops.errors import IntegrityError, NotFoundError, UsageError
from nbmlops.model.oci import Descriptor
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
MOST_BASES = 10
_MODEL = parse_filters(["model"])


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
    bases: tuple[str, ...]
    """Packages whose model this one uses."""
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
    found = _Found(call, request, layout)
    told = _Told(call)
    try:
        package = found.open(reference, filters)
        layers = [*filters.chosen(package), *(found.bases_of(package) if filters.has_model else ())]
        done = take_apart(
            layout,
            package,
            target,
            layers=layers,
            has_kitfile=filters.has_kitfile,
            existing=existing,
            on_bytes=told,
        )
    finally:
        found.forget()
    told.end()
    return Result(
        package=view(package, reference),
        bases=tuple(found.bases),
        folder=str(target),
        files=done.files,
        kept=done.kept,
        bytes=done.bytes,
    )


class _Found:
    """Packages of this machine, else what is wanted of them from their registries; that does not stay here."""

    def __init__(self, call: Call, request: Request, layout: Layout) -> None:
        self._call = call
        self._request = request
        self._layout = layout
        self._passing: list[Descriptor] = []
        self.bases: list[str] = []

    def open(self, reference: Reference, filters: Filters) -> Opened:
        try:
            return open_package(self._layout, self._layout.resolve(reference))
        except NotFoundError as error:
            if error.kind != "package-missing" or reference.is_local:
                raise
        told = Told(self._call)
        with connect(self._call, reference, self._request) as registry:
            head = fetch(registry, reference, self._layout, wanted=lambda layer: False)
            if head.left:
                self._passing.append(head.descriptor)
            package = open_package(self._layout, head.descriptor)
            wanted = {layer.descriptor.digest for layer in filters.chosen(package)}
            if head.left:
                fetch(registry, reference, self._layout, wanted=lambda layer: layer.digest in wanted, told=told)
        told.end()
        return package

    def bases_of(self, package: Opened) -> list[PackageLayer]:
        """Layers of the model that it takes from another package, which may take it from yet another."""
        layers: list[PackageLayer] = []
        seen = {package.descriptor.digest}
        while package.base:
            reference = parse(package.base)
            package = self.open(reference, _MODEL)
            if package.descriptor.digest in seen or len(seen) > MOST_BASES:
                raise IntegrityError(
                    f"{reference} takes its model from a package that takes its own from it, or over too many others.",
                    kind="package-circular",
                    hint="Ask its maker.",
                )
            seen.add(package.descriptor.digest)
            self.bases.append(str(reference))
            layers += _MODEL.chosen(package)
        return layers

    def forget(self) -> None:
        """Of what was only passing through, blobs that nothing here needs."""
        for descriptor in self._passing:
            named = {each.digest for repo in self._layout.repos() for each in self._layout.packages(repo)}
            if descriptor.digest not in named:
                self._layout.forget(descriptor)


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
