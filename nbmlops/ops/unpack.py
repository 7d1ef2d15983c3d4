"""`unpack`: the files of a package, into a folder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import msgspec

from nbmlops.errors import ExternalError, IntegrityError, NotFoundError, UsageError
from nbmlops.model.kitfile import Dataset
from nbmlops.model.oci import Descriptor
from nbmlops.ops.attachments import pull_attachments
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.fields import option, positional
from nbmlops.ops.package_store import PackageView, store, view
from nbmlops.ops.referenced import (
    INCLUDE_REMOTE,
    DataReference,
    beside,
    check_digest,
    in_layout,
    reference_of,
    unreachable,
)
from nbmlops.ops.registries import CA, INSECURE, PLAIN_HTTP, Told, connect
from nbmlops.ops.remote_data import fetch_object
from nbmlops.ops.trusted_model import untrusted_programs
from nbmlops.package.filters import TYPES, parse_filters
from nbmlops.package.layout import Layout
from nbmlops.package.opened import Opened, PackageLayer, open_package
from nbmlops.package.paths import clean
from nbmlops.package.reference import Reference, parse
from nbmlops.package.registry.transfer import pull as fetch
from nbmlops.package.trust.attachments import detach
from nbmlops.package.unpack import Existing, Fetched
from nbmlops.package.unpack import unpack as take_apart

_TOLD_EVERY = 8 << 20
MOST_BASES = 10
Choose = Callable[[Opened], tuple[PackageLayer, ...]]
_MODEL = parse_filters(["model"])


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    package: Annotated[str, positional("The package, from this machine or else from its registry.")]
    dir: Annotated[str, option("Where its files go. Default: here.", short="d", metavar="FOLDER")] = ""
    filter: Annotated[
        tuple[str, ...],
        option(f"Only these parts, of {', '.join(TYPES)}.", short="f", metavar="TYPE[:NAME]"),
    ] = ()
    include_remote: Annotated[bool, option(INCLUDE_REMOTE)] = False
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
    untrusted: tuple[str, ...] = ()
    """Files that run code when its model is loaded, where nobody whom the user trusts has signed it."""
    data: tuple[str, ...] = ()
    """Packages and addresses that its data came from."""
    left: tuple[str, ...] = ()
    """Those of data that stayed where they are."""


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
        package = found.open(reference, filters.chosen)
        layers = [*filters.chosen(package), *(found.bases_of(package) if filters.has_model else ())]
        remote = filters.remote(package)
        fetched: list[Fetched] = []
        if request.include_remote:
            for each in remote:
                found.add_data(each, reference, layers, fetched)
        done = take_apart(
            layout,
            package,
            target,
            layers=layers,
            fetched=fetched,
            has_kitfile=filters.has_kitfile,
            existing=existing,
            on_bytes=told,
        )
        # Before what was only passing through is forgotten.
        taken = tuple(each for each in package.layers if each in layers)
        untrusted = untrusted_programs(layout, reference, msgspec.structs.replace(package, layers=taken))
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
        untrusted=untrusted,
        data=tuple(dict.fromkeys(found.data)),
        left=() if request.include_remote else tuple(dict.fromkeys(each.remote_path for each in remote)),
    )


class _Found:
    """Packages of this machine, else what is wanted of them from their registries; that does not stay here."""

    def __init__(self, call: Call, request: Request, layout: Layout) -> None:
        self._call = call
        self._request = request
        self._layout = layout
        self._passing: list[tuple[str, Descriptor]] = []
        self.bases: list[str] = []
        self.data: list[str] = []

    def open(self, reference: Reference, choose: Choose) -> Opened:
        try:
            return open_package(self._layout, self._layout.resolve(reference))
        except NotFoundError as error:
            if error.kind != "package-missing" or reference.is_local:
                raise
        told = Told(self._call)
        with connect(self._call, reference, self._request) as registry:
            head = fetch(registry, reference, self._layout, wanted=lambda layer: False)
            if head.left:
                self._passing.append((reference.repo, head.descriptor))
            package = open_package(self._layout, head.descriptor)
            wanted = {layer.descriptor.digest for layer in choose(package)}
            if head.left:
                fetch(registry, reference, self._layout, wanted=lambda layer: layer.digest in wanted, told=told)
            pull_attachments(registry, reference, self._layout, head.descriptor.digest)
        told.end()
        return package

    def bases_of(self, package: Opened) -> list[PackageLayer]:
        """Layers of the model that it takes from another package, which may take it from yet another."""
        layers: list[PackageLayer] = []
        seen = {package.descriptor.digest}
        while package.base:
            reference = parse(package.base)
            package = self.open(reference, _MODEL.chosen)
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

    def add_data(
        self, dataset: Dataset, package: Reference, layers: list[PackageLayer], fetched: list[Fetched]
    ) -> None:
        """What a dataset refers to: an object in a bucket, or the same path of a package, which may refer further."""
        seen: list[str] = []
        while "://" not in dataset.remote_path:
            wanted = reference_of(dataset)
            opened, package = self._open_data(wanted, dataset.path, package)
            if opened.descriptor.digest in seen or len(seen) >= MOST_BASES:
                raise IntegrityError(
                    f"{package} takes its data from a package that takes its own from it, or over too many others.",
                    kind="package-circular",
                    hint="Ask its maker.",
                )
            seen.append(opened.descriptor.digest)
            self.data.append(str(package))
            layers += [each for each in _data_layers(opened, dataset.path) if each not in layers]
            further = [each for each in opened.remote if clean(each.path) == clean(dataset.path)]
            if not further:
                return
            dataset = further[0]
        uri, etag = dataset.remote_path, dataset.remote_hash
        self.data.append(uri)
        fetched.append(Fetched(path=dataset.path, write=lambda file: fetch_object(uri, etag, file)))

    def _open_data(self, wanted: DataReference, path: str, package: Reference) -> tuple[Opened, Reference]:
        try:
            reference, descriptor = in_layout(self._layout, wanted, package)
        except NotFoundError as missing:
            reference = beside(wanted.reference, package)
            if reference.is_local:
                raise unreachable(wanted, package, missing) from missing
            try:
                opened = self.open(reference, lambda opened: _data_layers(opened, path))
            except (NotFoundError, ExternalError) as error:
                raise unreachable(wanted, package, error) from error
            check_digest(wanted, opened.descriptor)
            return opened, reference
        return open_package(self._layout, descriptor), reference

    def forget(self) -> None:
        """Of what was only passing through, blobs that nothing here needs."""
        for repo, descriptor in self._passing:
            named = {each.digest for other in self._layout.repos() for each in self._layout.packages(other)}
            if descriptor.digest not in named:
                detach(self._layout, repo, descriptor.digest)
                self._layout.forget(descriptor)


def _data_layers(package: Opened, path: str) -> tuple[PackageLayer, ...]:
    """Data of that path; all of a package that has other paths."""
    data = tuple(each for each in package.layers if each.kind == "dataset")
    same = tuple(each for each in data if clean(each.entry.path) == clean(path))
    has_it = bool(same) or any(clean(each.path) == clean(path) for each in package.remote)
    return same if has_it else data


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
