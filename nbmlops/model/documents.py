"""Stored documents: msgspec structs with a kind and a version, read back with care.

Every stored document carries both. A newer version than we know is refused by name; an older one is
raised step by step by the `upgrades` of its class.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

import msgspec

from nbmlops.errors import IntegrityError
from nbmlops.lib.canonical import canonical_json
from nbmlops.lib.digest import digest_bytes


class Document(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """Base of everything we store. Subclasses give `tag` and raise `VERSION` when their form changes."""

    VERSION: ClassVar[int] = 1
    upgrades: ClassVar[dict[int, Callable[[dict[str, Any]], dict[str, Any]]]] = {}

    version: int = 1


D = TypeVar("D", bound=Document)


def encode(document: Document) -> bytes:
    return canonical_json(document)


def identity(document: Document) -> str:
    """The digest of a document's canonical form: its name, where the document is a thing that *is*."""
    return digest_bytes(encode(document))


def decode(data: bytes | str, cls: type[D], *, place: str) -> D:
    """Read a stored document. `place` names it in the error.

    Raises IntegrityError when the bytes are not that document, or are newer than this nbmlops.
    """
    try:
        raw = msgspec.json.decode(data)
        found = raw.get("version", 1)
        if found > cls.VERSION:
            raise IntegrityError(
                f"{place} was written in version {found}; this nbmlops reads up to {cls.VERSION}.",
                kind="document-too-new",
                hint="Upgrade nbmlops.",
            )
        while found < cls.VERSION:
            raw = cls.upgrades[found](raw)
            found += 1
            raw["version"] = found
        return msgspec.convert(raw, cls)
    except (msgspec.MsgspecError, AttributeError, TypeError, KeyError, RecursionError, UnicodeError) as error:
        raise IntegrityError(
            f"{place} is not a readable {cls.__name__.lower()}: {error}.", kind="document-unreadable"
        ) from error
