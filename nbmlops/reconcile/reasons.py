"""Reasons: put together of their parts, and told."""

from __future__ import annotations

from collections.abc import Sequence

from nbmlops.model.reconciler import Reason
from nbmlops.reconcile.needs_schema import ALL, ANY

_HOLDS = {True: "holds", False: "does not hold", None: "cannot be told"}


def combined(need: str, parts: Sequence[Reason]) -> Reason:
    """`any` or `all` of the parts. What cannot be told decides nothing that the others do not decide."""
    known = [part.holds for part in parts]
    decides = need == ANY
    holds = decides if decides in known else None if None in known else not decides
    count = sum(1 for each in known if each is True)
    why = f"{count} of {len(parts)} hold" if need == ALL or count else "none holds"
    recheck = min((part.recheck for part in parts if part.recheck > 0), default=0.0)
    return Reason(need=need, holds=holds, why=why, parts=tuple(parts), recheck=recheck)


def lines(reason: Reason | None, depth: int = 0) -> tuple[str, ...]:
    """The tree, two spaces deeper with each level."""
    if reason is None:
        return ()
    is_group = reason.need in (ANY, ALL)
    said = _HOLDS[reason.holds] if is_group else reason.why or _HOLDS[reason.holds]
    if not is_group and reason.holds is None:
        said = f"cannot be told: {reason.why}" if reason.why else _HOLDS[None]
    first = f"{'  ' * depth}{reason.need}: {said}"
    return (first, *(line for part in reason.parts for line in lines(part, depth + 1)))


def headline(reason: Reason | None, holds: bool | None = True) -> str:
    """In a line: the needs that hold; or those that do not, or cannot be told."""
    if reason is None:
        return ""
    if not reason.parts:
        return f"{reason.need} {reason.why}".strip() if reason.holds is holds else ""
    return "; ".join(filter(None, (headline(part, holds) for part in reason.parts)))
