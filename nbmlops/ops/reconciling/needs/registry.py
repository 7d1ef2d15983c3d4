"""registry: a package's tag means something else than when the newest attempt was made."""

from __future__ import annotations

import msgspec

from nbmlops.model.reconciler import NeedSpec, Reason
from nbmlops.ops.call import Call
from nbmlops.ops.reconciling.observing import Observing
from nbmlops.ops.registries import connect
from nbmlops.package.reference import parse


class _Plain(msgspec.Struct, frozen=True):
    plain_http: bool = False
    ca: str = ""
    insecure: bool = False


def observe(look: Observing, need: NeedSpec) -> Reason:
    tag = str(need.options["tag"])
    digest = digest_behind(look.call, tag)
    look.facts[tag] = digest
    before = look.before(tag)
    if before == digest:
        return Reason(need=need.need, holds=False, why=f"{tag} is {digest[:19]} as before")
    was = f", it was {before[:19]}" if before is not None else ""
    return Reason(need=need.need, holds=True, why=f"{tag} is {digest[:19]}{was}", key=f"{tag}:{digest[7:19]}")


def digest_behind(call: Call, tag: str) -> str:
    """Asks the registry. Raises NotFoundError, UnavailableError, DeniedError."""
    reference = parse(tag)
    with connect(call, reference, _Plain()) as registry:
        return registry.head_manifest(reference.repository, reference.digest or reference.tag).digest
