"""One JSON form of a value, so that equal values have equal bytes and so equal digests."""

from __future__ import annotations

from typing import Any

import msgspec


def canonical_json(value: Any) -> bytes:
    """Encode with sorted keys and no spaces. Structs, tuples, enums and datetimes are understood."""
    return msgspec.json.encode(value, order="sorted")
