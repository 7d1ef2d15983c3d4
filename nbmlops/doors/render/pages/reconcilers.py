from nbmlops.doors.render.blocks import Block, Cell, Line, Page, Table, Tone, ago, cell, fields
from nbmlops.doors.render.reconcilers import proposal_line, reason_lines, until
from nbmlops.lib.clock import utc_now
from nbmlops.ops.reconcilers import Result
from nbmlops.ops.reconciling.view import ReconcilerView

_MOST_TOLD = 30


def page(result: Result) -> Page:
    refused: list[Block] = [Line(each, Tone.BAD) for each in result.refused]
    if result.name:
        return (*refused, *_whole(result.reconcilers[0]))
    if not result.reconcilers:
        nothing = Line("There is no reconciler. Write one into reconcilers/; docs/reconcile.md shows how.", Tone.DIM)
        return tuple(refused) or (nothing,)
    now = utc_now()
    rows = tuple(
        (
            cell(each.name, Tone.STRONG),
            cell(each.kind.value),
            _state(each),
            cell(_why(each)),
            cell(ago(each.looked, now) if each.looked is not None else "", Tone.DIM),
            cell(until(each.next_attempt, now), Tone.DIM),
        )
        for each in result.reconcilers
    )
    columns = ("reconciler", "", "state", "", "looked at", "next")
    table = Table(columns=columns, rows=rows, optional=frozenset({4, 5}))
    proposed = [proposal_line(each.name, each.proposal) for each in result.reconcilers if each.proposal is not None]
    return (*refused, table, *proposed)


def _whole(found: ReconcilerView) -> tuple[Block, ...]:
    now = utc_now()
    last = found.last
    head = fields(
        (
            ("state", _state(found)),
            ("why", found.why),
            ("document", found.path),
            ("model", found.model),
            ("version", found.applied),
            ("pinned to", found.pinned),
            ("failures", found.failures or ""),
            ("last attempt", f"{last.state.value}, {ago(last.began, now)}: {last.why}" if last is not None else ""),
            ("gate", last.verdict if last is not None else ""),
            ("error", last.error if last is not None else ""),
            ("next look", until(found.next_attempt, now)),
        ),
        title=f"{found.kind.value} {found.name}",
    )
    blocks: list[Block] = [head, *reason_lines(found.reason)]
    if found.proposal is not None:
        blocks.append(proposal_line(found.name, found.proposal))
    if found.rejected:
        rows = tuple((cell(key[:20], Tone.DIM), cell(why)) for key, why in found.rejected.items())
        blocks.append(Table(columns=("never again", "why"), rows=rows))
    if found.timeline:
        told = tuple(
            (cell(f"{each.time:%Y-%m-%d %H:%M:%S}", Tone.DIM), cell(each.kind), cell(each.message))
            for each in reversed(found.timeline[-_MOST_TOLD:])
        )
        blocks.append(Table(columns=("when", "what", ""), rows=told))
    return tuple(blocks)


def _why(found: ReconcilerView) -> str:
    """Where it is proposed stands below the table."""
    if found.state == "ProposalOpen" and found.proposal is not None:
        return f"{found.proposal.value}, in place of {found.proposal.before or 'nothing'}"
    return found.why


def _state(found: ReconcilerView) -> Cell:
    if not found.state:
        return cell("not looked at", Tone.DIM)
    if found.is_suspended or found.pinned:
        return cell(found.state, Tone.DIM if found.is_suspended else Tone.WARN)
    tone = Tone.BAD if found.is_stalled or found.is_ready is None else Tone.GOOD if found.is_ready else Tone.WARN
    return cell(found.state, tone)
