from nbmlops.doors.render.blocks import Cell, Line, Page, Table, Tone, ago, cell, many, seconds, shown
from nbmlops.doors.render.pages.status import STATES
from nbmlops.lib.digest import short
from nbmlops.model.certificate import Verdict
from nbmlops.model.pipeline import StepState
from nbmlops.ops.pipelines import ExecutedStep, Execution, PipelineView, Result, SweepView

VERDICTS = {Verdict.EQUIVALENT: Tone.GOOD, Verdict.DIVERGES: Tone.BAD, Verdict.NOT_COMPARABLE: Tone.WARN}


def page(result: Result) -> Page:
    return (
        *_pipelines(result.pipelines),
        *(() if result.is_whole else (Line("The project has more folders than were looked into.", Tone.WARN),)),
        *_executions(result),
        *_sweeps(result),
    )


def _pipelines(views: tuple[PipelineView, ...]) -> Page:
    if not views:
        return (Line("No pipelines yet. Make one: nbmlops export NOTEBOOK", Tone.DIM),)
    rows = tuple(
        (
            cell(view.name, Tone.STRONG),
            cell(view.folder),
            cell(view.problem, Tone.BAD) if view.problem else cell(", ".join(step.name for step in view.steps)),
            cell(", ".join(f"{each.name}={shown(each.default)}" for each in view.parameters)),
            _certificate(view),
        )
        for view in views
    )
    return (Table(columns=("pipeline", "folder", "steps", "parameters", "certificate"), rows=rows),)


def _certificate(view: PipelineView) -> Cell:
    if view.verdict is None:
        return cell("" if view.problem else "none", Tone.DIM)
    if not view.is_certified:
        return cell("of before it was changed", Tone.WARN)
    return cell(view.verdict, VERDICTS[view.verdict])


def _executions(result: Result) -> Page:
    if not result.executions:
        return ()
    rows = tuple(
        (
            cell(short(each.run) if each.run else "", Tone.DIM),
            cell(each.name, Tone.STRONG),
            cell(each.state, Tone.STRONG if each.is_live else STATES.get(each.state, Tone.PLAIN)),
            cell(ago(each.started, result.now)),
            cell(seconds(each.seconds) if each.seconds else ""),
            _told(each),
        )
        for each in result.executions
    )
    columns = ("run", "name", "state", "started", "took", "steps")
    return (Table(columns=columns, rows=rows, title="Runs", numeric=frozenset({4})),)


def _told(each: Execution) -> Cell:
    if each.error:
        more = f"; go on: nbmlops resume {short(each.run)}" if each.is_resumable and each.run else ""
        return cell(f"{each.error.partition(chr(10))[0][:100]}{more}", Tone.BAD)
    return cell(", ".join(f"{step.step} {_state(step)}" for step in each.steps))


def _state(step: ExecutedStep) -> str:
    if step.is_kept:
        return "kept"
    if step.state is StepState.RUNNING and step.total:
        return f"cell {step.done} of {step.total}"
    return str(step.state)


def _sweeps(result: Result) -> Page:
    if not result.sweeps:
        return ()
    rows = tuple(
        (
            cell(each.name, Tone.STRONG),
            cell(each.state, STATES.get(each.state, Tone.STRONG)),
            cell(ago(each.started, result.now)),
            cell(f"{each.done + each.pruned + each.failed} of {many(each.trials, 'trial')}"),
            cell(_best(each)),
        )
        for each in result.sweeps
    )
    return (Table(columns=("sweep", "state", "started", "done", "best"), rows=rows, title="Sweeps"),)


def _best(each: SweepView) -> str:
    if each.best is None:
        return ""
    values = ", ".join(f"{name}={value}" for name, value in each.best.values.items())
    return f"{each.metric or 'metric'} {shown(each.best.value)} with {values}"
