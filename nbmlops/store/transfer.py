"""Packs from the store to a remote and back: only what the other side lacks, and nothing unchecked.

Packs with records of snapshots go last, so that a transfer which is cut off names nothing that has not arrived.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from nbmlops.errors import IntegrityError
from nbmlops.model.remote import Moved
from nbmlops.store.objects import Objects
from nbmlops.store.pack import Entry, Kind, PackWriter
from nbmlops.store.packs import PACK_BYTES
from nbmlops.store.remote import Remote, Told

Key = tuple[bytes, int]
"""Digest and kind of an entry."""
WORTH_WHOLE = 0.5
"""Of a pack of which the other side has more than this share already, only the rest is sent, in a pack of its own."""


def catalog(objects: Objects, remote: Remote) -> tuple[dict[str, tuple[Entry, ...]], dict[str, int], tuple[str, ...]]:
    """What each pack of a remote holds, their sizes, and those whose trailers are damaged."""
    sizes = remote.packs()
    own = set(objects.packs.names())
    held: dict[str, tuple[Entry, ...]] = {}
    damaged = []
    for name, size in sizes.items():
        try:
            held[name] = objects.packs.trailer(name) if name in own else remote.trailer(name, size)
        except (IntegrityError, FileNotFoundError):
            damaged.append(name)
    return held, sizes, tuple(damaged)


def push(objects: Objects, remote: Remote, told: Told = lambda size: None) -> Moved:
    """Send what the remote lacks. Damaged entries of ours stay behind; a pack that arrived cut short is sent anew."""
    held, sizes, _ = catalog(objects, remote)
    for name in list(held):
        path = objects.packs.path(name)
        if path.exists() and path.stat().st_size != sizes[name]:
            del held[name]
    there: set[Key] = {_key(entry) for entries in held.values() for entry in entries}
    moved = known = size = 0
    damaged: list[str] = []
    rest: list[tuple[str, Entry]] = []
    for name in _in_order(objects):
        if name in held:
            known += 1
            continue
        entries, is_whole = _good(objects, name)
        if not is_whole:
            damaged.append(name)
        fresh = [entry for entry in entries if _key(entry) not in there]
        if not fresh:
            known += 1
        elif is_whole and sum(e.stored for e in fresh) >= WORTH_WHOLE * sum(e.stored for e in entries):
            path = objects.packs.path(name)
            remote.send_pack(path, name)
            moved, size = moved + 1, size + path.stat().st_size
            told(path.stat().st_size)
        else:
            rest += [(name, entry) for entry in fresh]
        there |= {_key(entry) for entry in fresh}
    for sent in _send_rest(objects, remote, rest):
        moved, size = moved + 1, size + sent
        told(sent)
    return Moved(packs=moved, size=size, known=known, damaged=tuple(damaged))


def pull(
    objects: Objects,
    remote: Remote,
    held: dict[str, tuple[Entry, ...]],
    names: Iterable[str],
    told: Told = lambda size: None,
) -> Moved:
    """Fetch these packs of a remote, except those of which everything is here. Each is checked entry by entry."""
    moved = known = size = 0
    damaged = []
    own = set(objects.packs.names())
    for name in sorted(names, key=lambda name: (_has_record(held[name]), name)):
        if name in own or _is_known(objects, held[name]):
            known += 1
            continue
        with objects.writing(), tempfile.TemporaryDirectory(dir=objects.folder) as folder:
            target = Path(folder) / name
            remote.fetch_pack(name, target)
            try:
                objects.index.add(name, objects.packs.adopt(target, name))
            except IntegrityError:
                damaged.append(name)
                continue
            moved, size = moved + 1, size + target.stat().st_size
            told(target.stat().st_size)
    return Moved(packs=moved, size=size, known=known, damaged=tuple(damaged))


def compare(objects: Objects, held: dict[str, tuple[Entry, ...]]) -> tuple[int, int]:
    """How many packs here have something that the remote lacks, and the other way round."""
    there = {_key(entry) for entries in held.values() for entry in entries}
    own = set(objects.packs.names())
    to_push = 0
    for name in own - held.keys():
        try:
            to_push += any(_key(entry) not in there for entry in objects.packs.trailer(name))
        except IntegrityError:
            continue  # `nbmlops verify` names it
    return to_push, sum(not _is_known(objects, held[name]) for name in held.keys() - own)


def _send_rest(objects: Objects, remote: Remote, rest: list[tuple[str, Entry]]) -> Iterable[int]:
    """Entries out of several packs, in new ones; records come last here too."""
    rest = sorted(rest, key=lambda each: each[1].kind == Kind.RECORD)
    while rest:
        with tempfile.TemporaryDirectory(dir=objects.folder) as folder:
            writer = PackWriter(Path(folder))
            try:
                while rest and writer.size < PACK_BYTES:
                    name, entry = rest.pop(0)
                    writer.add(
                        entry.digest, Kind(entry.kind), entry.codec, objects.packs.stored(name, entry), entry.raw
                    )
                made = writer.finish()
            except BaseException:
                writer.abandon()
                raise
            path = next(Path(folder).glob(f"{made}*"))
            remote.send_pack(path, made)
            yield path.stat().st_size


def _in_order(objects: Objects) -> list[str]:
    """Packs without records first, each group in the order of making: later ones build upon earlier ones."""
    ages = {}
    for name in objects.packs.names():
        try:
            has_record = _has_record(objects.packs.trailer(name))
        except IntegrityError:
            has_record = True
        ages[name] = (has_record, objects.packs.path(name).stat().st_mtime_ns, name)
    return sorted(ages, key=ages.__getitem__)


def _good(objects: Objects, name: str) -> tuple[list[Entry], bool]:
    """The undamaged entries of a pack of ours, and whether these are all."""
    try:
        checked = list(objects.packs.check(name))
    except IntegrityError:
        return [], False
    return [entry for entry, is_good in checked if is_good], all(is_good for _, is_good in checked)


def _is_known(objects: Objects, entries: tuple[Entry, ...]) -> bool:
    for kind in {entry.kind for entry in entries}:
        wanted = {entry.digest for entry in entries if entry.kind == kind}
        if wanted - objects.index.known(wanted, [Kind(kind)]):
            return False
    return True


def _has_record(entries: Iterable[Entry]) -> bool:
    return any(entry.kind == Kind.RECORD for entry in entries)


def _key(entry: Entry) -> Key:
    return entry.digest, entry.kind
