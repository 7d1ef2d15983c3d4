"""in-toto statements: something said about a package, which is named by its digest."""

from __future__ import annotations

from typing import Any

import msgspec

from nbmlops.errors import IntegrityError
from nbmlops.package.gojson import encode

PAYLOAD = "application/vnd.in-toto+json"
SIGNED = "https://sigstore.dev/cosign/sign/v1"
"""The predicate with which `cosign` signs: it says no more than that."""
PROVENANCE = "https://slsa.dev/provenance/v1"
BOM = "https://cyclonedx.org/bom"
_TYPES = ("https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1")


class Subject(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    name: str = ""
    digest: dict[str, str]


class Statement(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    type: str = msgspec.field(name="_type", default=_TYPES[0])
    subject: tuple[Subject, ...]
    predicate_type: str
    predicate: dict[str, Any] = {}

    def is_about(self, digest: str) -> bool:
        """Whether a package with this digest (`sha256:...`) is among its subjects."""
        return any(each.digest.get("sha256") == digest.removeprefix("sha256:") for each in self.subject)


def about(digest: str, predicate_type: str, predicate: dict[str, Any] | None = None, *, name: str = "") -> Statement:
    subject = Subject(name=name, digest={"sha256": digest.removeprefix("sha256:")})
    return Statement(subject=(subject,), predicate_type=predicate_type, predicate=predicate or {})


def write(statement: Statement) -> bytes:
    return encode(msgspec.to_builtins(statement))


def read(data: bytes) -> Statement:
    """Raises IntegrityError for what is no statement."""
    try:
        found = msgspec.json.decode(data, type=Statement)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise IntegrityError(
            f"This is no in-toto statement: {' '.join(str(error).split())}.", kind="statement-malformed"
        ) from error
    if found.type not in _TYPES:
        raise IntegrityError(f"This is no in-toto statement: its type is {found.type!r}.", kind="statement-malformed")
    return found
