"""dataChanged: what is trained on is not what the newest version was trained on."""

from __future__ import annotations

from nbmlops.lib.digest import short
from nbmlops.model.reconciler import NeedSpec, Reason
from nbmlops.ops.reconciling.needs.files import digest_of
from nbmlops.ops.reconciling.observing import Observing


def observe(look: Observing, need: NeedSpec) -> Reason:
    names = tuple(need.options["data"])
    return changed(look, need, f"digest of {', '.join(names)}", digest_of(look, names), ", ".join(names))


def changed(look: Observing, need: NeedSpec, fact: str, digest: str, what: str) -> Reason:
    look.facts[fact] = digest
    before = look.before(fact)
    if before == digest:
        return Reason(need=need.need, holds=False, why=f"{what} is as it was when the newest version was made")
    why = f"{what} has changed since" if before is not None else f"no version was made of {what} yet"
    return Reason(need=need.need, holds=True, why=why, key=f"{need.need}:{short(digest)}")
