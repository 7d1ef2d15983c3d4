from nbmlops.doors.render.blocks import Block, Line, Page, Table, Tone, cell, place
from nbmlops.doors.render.deployments import revisions_table, state_cell, state_line
from nbmlops.lib.clock import utc_now
from nbmlops.ops.deployment_view import DeploymentView
from nbmlops.ops.deployments import Result


def page(result: Result) -> Page:
    if not result.deployments:
        return (Line("Nothing is deployed. Deploy a package: nbmlops deploy PACKAGE", Tone.DIM),)
    if result.name:
        (found,) = result.deployments
        blocks: list[Block] = [state_line(found), revisions_table(found, utc_now())]
        if found.problem:
            blocks.append(Line(found.problem, Tone.BAD))
        kept = " What is asked and answered is kept." if found.monitored else ""
        asked = f" Rows are held against {found.contract}." if found.contract else ""
        blocks.append(Line(f"Callers send the token in {place(found.token_file)}.{kept}{asked}", Tone.DIM))
        return tuple(blocks)
    rows = tuple(
        (
            cell(each.name, Tone.STRONG),
            state_cell(each),
            cell(each.address),
            cell(_answering(each)),
            cell(f"{sum(found.traffic.requests for found in each.revisions):,}"),
            cell(sum(found.traffic.failed for found in each.revisions) or "", Tone.BAD),
            cell(each.problem, Tone.BAD),
        )
        for each in result.deployments
    )
    columns = ("deployment", "", "address", "answers", "requests", "failed", "")
    return (Table(columns=columns, rows=rows, numeric=frozenset({4, 5}), optional=frozenset({6})),)


def _answering(view: DeploymentView) -> str:
    found = [each for each in view.revisions if each.percent]
    return ", ".join(f"{each.package}" + (f" {each.percent} %" if len(found) > 1 else "") for each in reversed(found))
