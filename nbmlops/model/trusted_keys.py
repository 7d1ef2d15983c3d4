"""The keys that a user trusts: what they sign may run here."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import msgspec

from nbmlops.model.documents import Document


class TrustedKey(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    """What the user calls whoever has it; each is there once."""
    fingerprint: str
    """SHA-256 of the key, 64 hexadecimal characters."""
    pem: str
    added: datetime


class TrustedKeys(Document, frozen=True, kw_only=True, tag="trusted-keys"):
    VERSION: ClassVar[int] = 1

    keys: tuple[TrustedKey, ...] = ()
