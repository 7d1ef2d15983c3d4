"""Take away what nobody needs: packs with much of it are written anew, small ones are merged.

New packs are synced before the index is switched to them, and old ones removed after: a crash leaves both or the new.
The caller holds the store's lock alone.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from nbmlops.lib.failpoints import failpoint
from nbmlops.lib.files import ASIDE
from nbmlops.store.objects import Objects
from nbmlops.store.pack import Entry, Kind, PackWriter
from nbmlops.store.packs import PACK_BYTES

YOUNG_SECONDS = 3600
"""Packs and leftovers younger than this are left alone: somebody may be about to name what is in them."""
MOST_GARBAGE = 0.2
SMALL_BYTES = PACK_BYTES // 4
FEW_SMALL = 8
"""Fewer small packs than this are not worth merging."""
_MOST_WAITING = 8 << 20
_LEFTOVER = re.compile(re.escape(ASIDE) + "[0-9a-f]{16}")


class PackPlan(msgspec.Struct, frozen=True, kw_only=True):
    dropped: tuple[str, ...]
    """Packs that go."""
    kept: tuple[tuple[str, Entry], ...]
    """Entries of those that are copied to new packs first."""
    freed: int
    """Bytes."""


def plan(objects: Objects, is_live: Callable[[Entry], bool]) -> PackPlan:
    """Which packs to drop and what of them to copy. What lies in several packs is kept once.

    A pack with the record of a snapshot that goes is always dropped: the record would bring the snapshot back.
    """
    dropped, small, kept = [], [], []
    sizes = {}
    seen: set[tuple[bytes, int]] = set()
    copies: dict[str, list[Entry]] = {}
    oldest = time.time() - YOUNG_SECONDS
    young: list[str] = []
    old: list[str] = []
    for name in objects.packs.names():
        info = objects.packs.path(name).stat()
        sizes[name] = info.st_size
        (young if info.st_mtime > oldest else old).append(name)
    for name in young:
        seen |= {(entry.digest, entry.kind) for entry, is_damaged in objects.index.entries_of(name) if not is_damaged}
    # The largest first: what lies twice stays in the pack that is least likely to be written anew.
    for name in sorted(old, key=lambda name: (-sizes[name], name)):
        entries = objects.index.entries_of(name)
        if not entries:
            continue  # its trailer is damaged: `verify` names it, and it may be mended from elsewhere
        fresh = [
            (entry, is_damaged)
            for entry, is_damaged in entries
            if is_live(entry) and (entry.digest, entry.kind) not in seen
        ]
        if any(is_damaged for _, is_damaged in fresh):
            continue  # nothing of what is left of it is thrown away
        seen |= {(entry.digest, entry.kind) for entry, _ in fresh}
        live = sum(entry.stored for entry, _ in fresh)
        copies[name] = [entry for entry, _ in fresh]
        has_dead_record = any(entry.kind == Kind.RECORD and not is_live(entry) for entry, _ in entries)
        if not fresh or has_dead_record or live < (1 - MOST_GARBAGE) * sum(entry.stored for entry, _ in entries):
            dropped.append(name)
        elif sizes[name] < SMALL_BYTES:
            small.append(name)
    if len(small) >= FEW_SMALL:
        dropped += small
    kept = [(name, entry) for name in dropped for entry in copies[name]]
    gained = sum(entry.stored for _, entry in kept)
    freed = max(0, sum(sizes[name] for name in dropped) - gained)
    return PackPlan(dropped=tuple(dropped), kept=tuple(kept), freed=freed)


def carry_out(objects: Objects, todo: PackPlan) -> tuple[str, ...]:
    """Do what the plan says; returns the names of the new packs. Raises IntegrityError when an entry is damaged."""
    added: dict[str, list[Entry]] = {}
    writer: PackWriter | None = None
    try:
        for name, entry in todo.kept:
            if writer is None:
                writer = PackWriter(objects.packs.folder)
            writer.add(entry.digest, Kind(entry.kind), entry.codec, objects.packs.stored(name, entry), entry.raw)
            if writer.waiting_bytes >= _MOST_WAITING:
                writer.flush()
            if writer.size >= PACK_BYTES:
                added[writer.finish()] = writer.entries
                writer = None
        if writer is not None:
            added[writer.finish()] = writer.entries
            writer = None
    finally:
        if writer is not None:
            writer.abandon()
    dropped = [name for name in todo.dropped if name not in added]
    failpoint("gc-switch")
    objects.index.replace(added.items(), dropped)
    for name in dropped:
        failpoint("gc-remove")
        objects.packs.remove(name)
    return tuple(added)


def fold(objects: Objects, digests: Iterable[str]) -> int:
    """Put loose objects into packs; returns how many. A damaged one stays where it is, set aside."""
    count = 0
    done = []
    with objects.writing() as writer:
        for digest in digests:
            with contextlib.suppress(ValueError, OSError):
                if writer.put_pieces(objects.loose.pieces(digest), digest):
                    done.append(digest)
    for digest in done:
        failpoint("gc-fold")
        objects.loose.remove(digest)
        count += 1
    return count


def leftovers(folders: Iterable[Path]) -> tuple[Path, ...]:
    """Files that a writer was killed over, long enough ago."""
    oldest = time.time() - YOUNG_SECONDS
    found = []
    for folder in folders:
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                is_ours = _LEFTOVER.fullmatch(entry.name) and not entry.is_dir(follow_symlinks=False)
                if is_ours and entry.stat(follow_symlinks=False).st_mtime < oldest:
                    found.append(Path(entry.path))
    return tuple(found)
