from nbmlops.doors.render.blocks import Line, Page, Table, Tone, cell, fields, place, seconds, shown
from nbmlops.doors.render.pages.status import STATES
from nbmlops.lib.digest import short
from nbmlops.model.pipeline import StepState
from nbmlops.ops.run import Result


def page(result: Result) -> Page:
    run = result.result
    verdict = f", certificate {result.certificate.verdict}" if result.certificate else ""
    if run.state is StepState.WAITING:
        head = Line(f"{run.name}: nothing is executed yet{verdict}", Tone.STRONG)
    elif not result.is_new:
        since = f"nothing has changed since run {short(run.run)}" if run.run else "no step has to run"
        head = Line(f"{run.name}: {since}{verdict}", STATES[run.state])
    else:
        head = Line(f"{run.name}: {run.state} in {seconds(run.seconds)}{verdict}", STATES.get(run.state, Tone.PLAIN))
    steps = tuple(
        (
            cell(step.step, Tone.STRONG),
            cell("kept" if step.is_kept else step.state, STATES.get(step.state, Tone.DIM)),
            cell(seconds(step.seconds) if step.seconds else ""),
            cell(step.why, Tone.DIM),
            cell(place(step.page or step.notebook), Tone.DIM),
        )
        for step in run.steps
    )
    metrics = [(name, shown(value)) for name, value in sorted(run.metrics.items()) if not name.startswith("training_")]
    return (
        head,
        Table(columns=("step", "state", "took", "why", "as executed"), rows=steps, numeric=frozenset({2})),
        *((fields([(n, str(v)) for n, v in run.parameters.items()], title="Parameters"),) if run.parameters else ()),
        *((fields(metrics, title="Metrics"),) if metrics else ()),
        *((Line(f"\nWhat the steps wrote: {place(run.workspace)}", Tone.DIM),) if run.workspace else ()),
        *((Line(f"\nAll in one notebook: {place(run.notebook)}", Tone.DIM),) if run.notebook else ()),
        *(
            (Line(f"MLflow run {short(run.run)}. Look at it: nbmlops show {short(run.run)}", Tone.DIM),)
            if run.run
            else ()
        ),
    )
