"""Which packs a snapshot needs: of a remote with everything, only these are pulled for one run."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from nbmlops.model.snapshot import Snapshot
from nbmlops.snapshot.find import load
from nbmlops.snapshot.mark import digests_in
from nbmlops.store.objects import Objects
from nbmlops.store.pack import Entry, Kind
from nbmlops.store.recipe import parts
from nbmlops.store.writing import OBJECT

Pull = Callable[[set[str]], None]
"""Fetches packs by name."""


def fetch_snapshot(digest: str, objects: Objects, held: dict[str, tuple[Entry, ...]], pull: Pull) -> Snapshot:
    """Pull what this snapshot needs and the store lacks. `held` says what each pack of the remote holds.

    Raises NotFoundError when neither has the snapshot. A file that neither has is named by `restore`.
    """
    where = _where(held)
    _fetch([digest], objects, where, pull)
    snapshot = load(digest, objects)
    wanted = [entry.digest for entry in snapshot.entries]
    wanted += [snapshot.environment] if snapshot.environment else []
    wanted += [snapshot.git.diff] if snapshot.git is not None and snapshot.git.diff else []
    _fetch(wanted, objects, where, pull)
    return snapshot


def fetch_document(digest: str, objects: Objects, held: dict[str, tuple[Entry, ...]], pull: Pull) -> None:
    """The same for another document (a trace) and the objects that it names. What neither has is left out."""
    where = _where(held)
    _fetch([digest], objects, where, pull)
    if objects.has(digest):
        _fetch(digests_in(objects.read(digest)), objects, where, pull)


def fetch_objects(digests: Iterable[str], objects: Objects, held: dict[str, tuple[Entry, ...]], pull: Pull) -> None:
    """The same for single objects. What neither has is left out."""
    _fetch(digests, objects, _where(held), pull)


def _where(held: dict[str, tuple[Entry, ...]]) -> dict[bytes, list[str]]:
    where: dict[bytes, list[str]] = {}
    for name, entries in held.items():
        for entry in entries:
            where.setdefault(entry.digest, []).append(name)
    return where


def _fetch(digests: Iterable[str], objects: Objects, where: dict[bytes, list[str]], pull: Pull) -> None:
    """Objects, and the chunks that their recipes name."""
    wanted = {bytes.fromhex(digest) for digest in digests}
    _pull(wanted - objects.index.known(wanted, OBJECT), where, pull)
    chunks: set[bytes] = set()
    for places in objects.index.locate_many(wanted, [Kind.RECIPE]).values():
        chunks.update(chunk for chunk, _ in parts(objects.packs.read(places[0].pack, places[0].entry)))
    _pull(chunks - objects.index.known(chunks, [Kind.CHUNK]), where, pull)


def _pull(missing: set[bytes], where: dict[bytes, list[str]], pull: Pull) -> None:
    names = {where[digest][0] for digest in missing if digest in where}
    if names:
        pull(names)
