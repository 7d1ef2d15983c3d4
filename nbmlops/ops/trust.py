"""`trust`: whose packages may run code here."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from nbmlops.errors import UsageError
from nbmlops.ops import trusted_keys
from nbmlops.ops.call import Call
from nbmlops.ops.fields import option, positional
from nbmlops.package.trust.keys import load_public


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    key: Annotated[str, positional("The public key of somebody you know. Default: list those that you trust.")] = ""
    name: Annotated[str, option("What you call them. Default: the name of the file.", metavar="WHO")] = ""
    remove: Annotated[
        str, option("Trust this one no longer: its name, or how its fingerprint begins.", metavar="NAME|FINGERPRINT")
    ] = ""


class Trusted(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    fingerprint: str
    """SHA-256 of the key."""
    added: datetime


class Result(msgspec.Struct, frozen=True, kw_only=True):
    keys: tuple[Trusted, ...]
    """All that are trusted now, oldest first."""
    place: str
    """File that holds them."""
    added: str = ""
    """Fingerprint of the key that was named; empty where none was."""
    is_new: bool = False
    """False where it was there under that name already."""
    removed: str = ""
    """Name of the key that was taken out."""


def trust(call: Call, request: Request) -> Result:
    """Raises NotFoundError and IntegrityError for a key that is not there or is none, ConflictError for a name that
    another key has.
    """
    if request.remove and (request.key or request.name):
        raise UsageError(
            "A key is added or removed, not both.", kind="options-contradict", hint="Leave out one of them."
        )
    if request.name and not request.key:
        raise UsageError("A name needs a key.", kind="key-unnamed", hint="As in: nbmlops trust team.pub --name team")
    added, removed, is_new = "", "", False
    if request.remove:
        removed = trusted_keys.remove_key(request.remove).name
    elif request.key:
        key = load_public(call.path(request.key))
        added, is_new = key.fingerprint, trusted_keys.add_key(key, request.name)
    return Result(
        keys=tuple(
            Trusted(name=each.name, fingerprint=each.fingerprint, added=each.added)
            for each in trusted_keys.trusted_keys()
        ),
        place=str(trusted_keys.place()),
        added=added,
        is_new=is_new,
        removed=removed,
    )
