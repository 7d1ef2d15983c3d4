from nbmlops.doors.render.blocks import Block, Line, Page, Tone
from nbmlops.doors.render.reconcilers import reason_lines, until
from nbmlops.lib.clock import utc_now
from nbmlops.model.reconciler import Action, Outcome
from nbmlops.ops.reconcile import Ran, Result

_TONES = {Outcome.IN_SYNC: Tone.GOOD, Outcome.ACTED: Tone.STRONG, Outcome.STALLED: Tone.BAD}


def page(result: Result) -> Page:
    blocks: list[Block] = [Line(each, Tone.BAD) for each in result.refused]
    if not result.ran and not result.refused:
        return (Line("There is no reconciler. Write one into reconcilers/; docs/reconcile.md shows how.", Tone.DIM),)
    for ran in result.ran:
        blocks.append(Line(f"{ran.name}: {_said(ran, is_dry=result.is_dry)}", _tone(ran, is_dry=result.is_dry)))
        blocks += reason_lines(ran.reason if ran.reason is not None and ran.reason.parts else None)
        blocks += [Line(f"  held back: {each}", Tone.WARN) for each in ran.held]
        if ran.next_attempt is not None and not result.is_dry:
            blocks.append(Line(f"  looked at again {until(ran.next_attempt, utc_now())}", Tone.DIM))
    return tuple(blocks)


def _said(ran: Ran, *, is_dry: bool) -> str:
    if ran.problem:
        return ran.problem
    if ran.action is Action.NONE:
        return ran.why
    return f"would {_DEEDS[ran.action]}: {ran.why}" if is_dry else f"{_DONE[ran.action]}: {ran.why}"


def _tone(ran: Ran, *, is_dry: bool) -> Tone:
    if is_dry and ran.action is not Action.NONE:
        return Tone.STRONG
    return _TONES[ran.outcome]


_DEEDS = {
    Action.TRAIN: "train",
    Action.DEPLOY: "deploy",
    Action.RESUME: "go on",
    Action.ADOPT: "make the champion",
    Action.ROLL_BACK: "go back",
    Action.REJECT: "close",
}
_DONE = {
    Action.TRAIN: "trained",
    Action.DEPLOY: "deployed",
    Action.RESUME: "went on",
    Action.ADOPT: "made the champion",
    Action.ROLL_BACK: "went back",
    Action.REJECT: "closed",
}
