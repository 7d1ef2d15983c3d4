"""newRows: so many rows have come since the newest version was made."""

from __future__ import annotations

from nbmlops.model.reconciler import NeedSpec, Reason
from nbmlops.ops.reconciling.needs.files import rows_of
from nbmlops.ops.reconciling.observing import Observing


def observe(look: Observing, need: NeedSpec) -> Reason:
    names, wanted = tuple(need.options["data"]), int(need.options["rows"])
    fact = f"rows of {', '.join(names)}"
    rows = rows_of(look, names)
    look.facts[fact] = str(rows)
    look.rows = max(rows, look.rows or 0)
    # Of a version that was refused, too: else each row that comes after it would be enough.
    before = look.last.seen.get(fact) if look.last is not None else None
    more = rows - int(before) if before is not None else rows
    since = "since the newest version" if before is not None else "and no version was made of them yet"
    why = f"{', '.join(names)} has {max(0, more):,} new rows {since}; {wanted:,} are wanted"
    return Reason(need=need.need, holds=more >= wanted, why=why, key=f"rows:{rows}" if more >= wanted else "")
