from nbmlops.doors.render.blocks import Block, Line, Page, Table, Tone, cell, many, place, shown
from nbmlops.doors.render.deployments import revisions_table, state_line
from nbmlops.lib.clock import utc_now
from nbmlops.ops.compare_answers import Replay
from nbmlops.ops.deploy import Result
from nbmlops.ops.deploy_manifests import Manifests
from nbmlops.ops.replay_requests import Replayed


def page(result: Result) -> Page:
    if result.manifests is not None:
        return _manifests(result.manifests)
    if not result.deployments:
        return (Line("Nothing should run here that does not.", Tone.DIM),)
    now = utc_now()
    blocks: list[Block] = []
    for each in result.deployments:
        blocks += [state_line(each), revisions_table(each, now)]
        if each.problem:
            blocks.append(Line(each.problem, Tone.BAD))
    if result.replay is not None:
        blocks.append(_replay(result.replay))
    if result.requests is not None:
        blocks += _requests(result.requests)
    if result.is_first:
        name = result.deployments[0].name
        blocks.append(
            Line(f"Ask it: nbmlops predict {name}. Others send the token in {place(result.token_file)}", Tone.DIM)
        )
    return tuple(blocks)


def _manifests(found: Manifests) -> Page:
    folder = place(found.folder)
    lines = [Line(f"Wrote {', '.join(found.files)} in {folder}", Tone.GOOD)]
    if found.kept:
        lines.append(Line(f"Left as you have it: {', '.join(found.kept)}", Tone.DIM))
    if found.is_unpinned:
        lines.append(
            Line("It is named by a tag: name it by its digest, or what runs changes when the tag moves.", Tone.WARN)
        )
    lines += [Line(each) for each in found.applied]
    if not found.applied:
        lines.append(Line(f"Commit it, or apply it: kubectl apply -k {folder}/base", Tone.DIM))
    return tuple(lines)


def _replay(replay: Replay) -> Line:
    if not replay.asked:
        return Line("The model has no input example: nothing was asked before it answers.", Tone.DIM)
    if replay.old_problem:
        return Line(f"Its input example is answered; the revision before could not: {replay.old_problem}", Tone.WARN)
    if not replay.answers:
        return Line(f"Its input example is answered, in {replay.seconds * 1000:.0f} ms.", Tone.GOOD)
    if not replay.differing:
        return Line(f"Old and new give the same {many(replay.answers, 'answer')} to the input example.", Tone.GOOD)
    return Line(
        f"Of {many(replay.answers, 'answer')} to the input example {replay.differing} differ between old and new, "
        f"by at most {replay.largest:.6g}.",
        Tone.WARN,
    )


def _requests(found: Replayed) -> list[Block]:
    blocks: list[Block] = []
    asked = many(found.requests, "logged request")
    if found.refused:
        blocks.append(Line(f"Of {asked} the new one does not answer {found.refused}: {found.why}", Tone.BAD))
    if found.differing:
        by = f", by at most {found.largest:.6g}" if found.largest else ""
        blocks.append(
            Line(f"In {many(found.rows, 'row')} of {asked} {found.differing} answers differ between old and new{by}.",
                 Tone.WARN)
        )  # fmt: skip
        rows = tuple(
            (cell(_told(each.inputs)), cell(_told(each.old)), cell(_told(each.new))) for each in found.examples
        )
        blocks.append(Table(("asked", "old", "new"), rows, title="Those that differ most"))
    elif found.rows:
        blocks.append(Line(f"Old and new give the same answers to {asked}, {many(found.rows, 'row')}.", Tone.GOOD))
    if found.left_out:
        blocks.append(
            Line(
                f"{many(found.left_out, 'logged row')} cannot be asked again: not all their values are kept.", Tone.DIM
            )
        )
    return blocks


def _told(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}={shown(inner)}" for name, inner in value.items())
    return shown(value)
