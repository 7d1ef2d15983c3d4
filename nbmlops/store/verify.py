"""Read everything that is kept and say what is damaged. It is remembered, so that keeping it again heals it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec
from blake3 import blake3

from nbmlops.errors import IntegrityError
from nbmlops.lib.digest import short
from nbmlops.store.index import Location
from nbmlops.store.objects import Objects
from nbmlops.store.pack import Entry, Kind
from nbmlops.store.recipe import parts


class Damage(msgspec.Struct, frozen=True, kw_only=True):
    what: str
    """`pack`, `chunk`, `recipe`, `record` or `object`."""
    name: str
    """Digest."""
    pack: str = ""
    """The pack it lies in."""
    why: str


def check_packs(objects: Objects, told: Callable[[int], None]) -> tuple[int, list[Damage]]:
    """Check each entry of each pack; how many there are, and what is damaged. `told` hears the bytes of each pack."""
    count, found = 0, []
    objects.index.sync()
    for name in objects.packs.names():
        bad: list[Entry] = []
        try:
            size = objects.packs.path(name).stat().st_size
            for entry, is_good in objects.packs.check(name):
                count += 1
                if not is_good:
                    bad.append(entry)
        except FileNotFoundError:
            continue  # gc has taken it meanwhile
        except IntegrityError as error:
            found.append(Damage(what="pack", name=name, pack=name, why=error.message))
            objects.packs.set_aside(name)
            objects.index.replace([], [name])
            continue
        objects.index.clear(name)
        if bad:
            objects.index.flag((name, entry.digest, entry.kind) for entry in bad)
        for entry in bad:
            what = Kind(entry.kind).name.lower() if entry.kind in tuple(Kind) else f"kind {entry.kind}"
            digest = entry.digest.hex()
            found.append(Damage(what=what, name=digest, pack=name, why="its bytes do not have their digest"))
        told(size)
    return count, found


def check_recipes(objects: Objects) -> list[Damage]:
    """Objects of several chunks of which one is damaged or gone."""
    found = []
    for pack, entry in objects.index.of_kind(Kind.RECIPE):
        try:
            wanted = [chunk for chunk, _ in parts(objects.packs.read(pack, entry))]
        except (ValueError, OSError):
            continue  # named by check_packs
        if set(wanted) - objects.index.known(wanted, [Kind.CHUNK]):
            objects.index.flag([(pack, entry.digest, entry.kind)])
            found.append(Damage(what="object", name=entry.digest.hex(), pack=pack, why="a chunk of it is damaged"))
    return found


def check_loose(objects: Objects) -> tuple[int, list[Damage]]:
    """Check each object of the first layout; how many there are, and what is damaged."""
    count, found = 0, []
    for digest in objects.loose.digests():
        count += 1
        hasher = blake3()
        try:
            for piece in objects.loose.pieces(digest):
                hasher.update(piece)
            is_good = hasher.hexdigest() == digest
        except ValueError:
            is_good = False
        if not is_good:
            objects.loose.set_aside(digest)
            found.append(Damage(what="object", name=digest, why="its bytes do not have their digest"))
    return count, found


def unhealed(objects: Objects, damages: Iterable[Damage]) -> tuple[Damage, ...]:
    """Without what lies undamaged in another place as well."""
    return tuple(each for each in damages if each.what == "pack" or not _lies_elsewhere(objects, each))


def _lies_elsewhere(objects: Objects, damage: Damage) -> bool:
    places: list[Location] = objects.index.locate(bytes.fromhex(damage.name), tuple(Kind))
    return bool(places)


def named(damage: Damage) -> str:
    """For a person."""
    return f"{damage.what} {short(damage.name)}" + (f" in pack {short(damage.pack)}" if damage.pack else "")
