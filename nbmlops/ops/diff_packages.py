"""Two packages side by side: layers, Kitfiles, and the files of the layers that differ.

Packages of this machine are read where they lie. Of one that is only on a registry, the layers that differ and that no
package here has come to a temporary folder.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

import msgspec

from nbmlops.errors import IntegrityError, NotFoundError, UsageError
from nbmlops.model.difference import FileDetail, PackageDiff
from nbmlops.model.snapshot import Change, Entry
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.package_store import store
from nbmlops.ops.registries import Connection, Told, connect
from nbmlops.package.compare import Pairing, compare
from nbmlops.package.layer_files import tree, write_out
from nbmlops.package.layout import Layout
from nbmlops.package.opened import Opened, PackageLayer, open_package
from nbmlops.package.reference import Reference, is_reference, parse
from nbmlops.package.registry.transfer import pull as fetch
from nbmlops.snapshot.details import Fetch, details, largest, looked_into
from nbmlops.snapshot.diff import diff as tree_diff
from nbmlops.snapshot.tables import MOST_CELLS

_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{8,64})")
LARGEST_TABLE = 256 << 20
"""Others have made these files: larger tables are compared by their digests only."""
_TOLD_FROM = 64 << 20
"""Bytes of a layer whose reading takes noticeable time."""
_COMPRESSED = (".arrow", ".feather")
"""What they take in memory is not known before it is too late: the same."""


class Wanted(Connection, Protocol):
    """What `diff` is asked."""

    @property
    def before(self) -> str: ...
    @property
    def after(self) -> str: ...
    @property
    def names(self) -> bool: ...


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    before: str
    """As people write it."""
    after: str
    packages: PackageDiff
    changes: tuple[Change, ...]
    """Of files in layers that differ."""
    same: int
    """Files in those layers that do not differ."""
    details: tuple[FileDetail, ...]


def package_meant(text: str) -> Reference | None:
    """The package that a text names: by a tag, a digest, or the digest (or its beginning) of one on this machine.

    None for what says nothing of the kind. Raises UsageError where several digests begin so.
    """
    if (match := _DIGEST.fullmatch(text)) is not None:
        layout = store()
        wanted = f"sha256:{match[1]}"
        found = {
            each.digest: parse(f"{repo}@{each.digest}")
            for repo in layout.repos()
            for each in layout.packages(repo)
            if each.digest.startswith(wanted)
        }
        if len(found) > 1:
            raise UsageError(
                f"{text} is the beginning of {len(found)} packages.",
                kind="package-ambiguous",
                hint=f"Type more of it: {', '.join(digest[:27] for digest in list(found)[:5])}.",
            )
        if found:
            return next(iter(found.values()))
        if ":" in text:
            raise NotFoundError(
                f"There is no package {text[:19]} on this machine.",
                kind="package-missing",
                hint="List them: nbmlops packages",
            )
        return None
    return parse(text) if is_reference(text) else None


def tagged_here(text: str) -> str:
    """How a package of this name would be written; empty where none has it."""
    try:
        reference = parse(text)
    except UsageError:
        return ""
    tag = next(iter(store().tags(reference.repo)), "")
    return str(reference.with_tag(tag)) if tag else ""


def diff_packages(call: Call, before: Reference, after: Reference, request: Wanted) -> Compared:
    """Raises NotFoundError and IntegrityError; DeniedError and UnavailableError of a registry."""
    with tempfile.TemporaryDirectory(prefix="nbmlops-diff-") as scratch:
        sides = tuple(
            _Side(call, reference, request, Layout(Path(scratch, name, "layout")))
            for reference, name in ((before, "before"), (after, "after"))
        )
        packages, pairing = compare(sides[0].package, sides[1].package)
        old, new = _trees(sides, pairing)
        changes = tree_diff(old, new)
        inside = () if request.names else _details(sides, pairing, changes, Path(scratch))
    return Compared(
        before=str(before),
        after=str(after),
        packages=packages,
        changes=changes,
        same=len({entry.path for entry in (*old, *new)}) - len(changes),
        details=inside,
    )


def _trees(sides: tuple[_Side, ...], pairing: Pairing) -> list[tuple[Entry, ...]]:
    return [side.tree(layers) for side, layers in zip(sides, (pairing.before, pairing.after), strict=True)]


def _details(
    sides: tuple[_Side, ...], pairing: Pairing, changes: tuple[Change, ...], scratch: Path
) -> tuple[FileDetail, ...]:
    wanted = [each for each in looked_into(changes) if _is_small(each)]
    fetches: list[Fetch] = []
    for number, (side, layers) in enumerate(zip(sides, (pairing.before, pairing.after), strict=True)):
        # Names of our own: what the archive calls its files is no path here.
        places = {each.path: scratch / f"files-{number}" / str(at) for at, each in enumerate(wanted)}
        if places:
            side.write_out(layers, places)
        fetches.append(places.__getitem__)
    readable = [each for each in wanted if all(_is_bounded(each.path, fetch(each.path)) for fetch in fetches)]
    return details(readable, *fetches)


def _is_small(change: Change) -> bool:
    return largest(change) <= LARGEST_TABLE and not change.path.lower().endswith(_COMPRESSED)


def _is_bounded(path: str, place: Path) -> bool:
    """Whether a table is about as large in memory as its file: equal values take no room in Parquet."""
    if not path.lower().endswith(".parquet"):
        return True
    import pyarrow as pa
    from pyarrow import parquet

    try:
        about = parquet.read_metadata(place)
    except (pa.ArrowException, OSError, ValueError):
        return False
    size = sum(about.row_group(number).total_byte_size for number in range(about.num_row_groups))
    return bool(about.num_rows * max(1, about.num_columns) <= MOST_CELLS and size <= LARGEST_TABLE)


class _Side:
    """One of the packages, and where its blobs are."""

    def __init__(self, call: Call, reference: Reference, request: Connection, passing: Layout) -> None:
        self._call = call
        self._reference = reference
        self._request = request
        self._here = store()
        self._passing = passing
        self._is_here = True
        self.package = self._open()

    def tree(self, layers: Iterable[PackageLayer]) -> tuple[Entry, ...]:
        layers = tuple(layers)
        self._bring(layers)
        with self._named():
            return tuple(entry for layer in layers for entry in self._files(layer))

    def _files(self, layer: PackageLayer) -> tuple[Entry, ...]:
        is_told = layer.descriptor.size >= _TOLD_FROM
        task = f"{self._reference}: {layer.entry.path}"
        if is_told:
            self._call.progress(Progress(task=task, total=layer.descriptor.size))
        found = tree(self._layout(layer), layer)
        if is_told:
            self._call.progress(Progress(task=task, done=layer.descriptor.size, state="done"))
        return found

    def write_out(self, layers: Iterable[PackageLayer], places: dict[str, Path]) -> None:
        with self._named():
            for layer in layers:
                write_out(self._layout(layer), layer, places)

    def _open(self) -> Opened:
        try:
            return open_package(self._here, self._here.resolve(self._reference))
        except NotFoundError as error:
            if error.kind != "package-missing" or self._reference.is_local:
                raise
        self._is_here = False
        with connect(self._call, self._reference, self._request) as registry:
            head = fetch(registry, self._reference, self._passing, wanted=lambda layer: False)
        return open_package(self._passing, head.descriptor)

    def _bring(self, layers: Iterable[PackageLayer]) -> None:
        """Layers that are nowhere on this machine, from the package that was looked at: its tag may lead on by now."""
        if self._is_here:
            return
        missing = {each.descriptor.digest for each in layers if not self._here.has(each.descriptor)}
        fixed = msgspec.structs.replace(self._reference, tags=(), digest=self.package.descriptor.digest)
        told = Told(self._call, {each.descriptor.digest: each.entry.path for each in self.package.layers})
        with connect(self._call, self._reference, self._request) as registry:
            fetch(registry, fixed, self._passing, wanted=lambda layer: layer.digest in missing, told=told)
        told.end()

    def _layout(self, layer: PackageLayer) -> Layout:
        return self._here if self._is_here or self._here.has(layer.descriptor) else self._passing

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        """Around the reading of layers: of two packages, it is this one that is damaged or hostile."""
        try:
            yield
        except IntegrityError as error:
            raise IntegrityError(
                f"{self._reference}: {error.message}", kind=error.kind, hint=error.hint, **error.facts
            ) from error
