"""A reconciler as pages show it."""

from __future__ import annotations

from datetime import datetime

from nbmlops.doors.render.blocks import Line, Tone
from nbmlops.lib.durations import lasting
from nbmlops.model.reconciler import Proposal, Reason
from nbmlops.reconcile.reasons import lines

_TONES = {True: Tone.WARN, False: Tone.GOOD, None: Tone.BAD}


def reason_lines(reason: Reason | None) -> list[Line]:
    """The tree; what holds stands out, since something is to be done for it."""
    if reason is None:
        return []
    tones = [_TONES[each.holds] for each in _flat(reason)]
    return [Line(f"  {text}", tone) for text, tone in zip(lines(reason), tones, strict=True)]


def proposal_line(name: str, proposal: Proposal) -> Line:
    where = proposal.url or f"branch {proposal.branch}"
    said = f"{proposal.value} is proposed on {where}, in place of {proposal.before or 'nothing'}."
    return Line(f"{said} Agree: nbmlops approve {name}; or not: nbmlops reject {name}", Tone.WARN)


def until(time: datetime | None, now: datetime) -> str:
    if time is None:
        return ""
    seconds = (time - now).total_seconds()
    return "now" if seconds <= 0 else f"in {lasting(seconds)}"


def _flat(reason: Reason) -> list[Reason]:
    return [reason, *(each for part in reason.parts for each in _flat(part))]
