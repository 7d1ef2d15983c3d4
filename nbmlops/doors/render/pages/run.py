from nbmlops.doors.render.blocks import Line, Page, Table, Tone, cell, fields, place, seconds, shown
from nbmlops.doors.render.pages.status import STATES
from nbmlops.lib.digest import short
from nbmlops.ops.run import Result


def page(result: Result) -> Page:
    run = result.result
    steps = tuple(
        (
            cell(step.step, Tone.STRONG),
            cell(step.state, STATES.get(step.state, Tone.DIM)),
            cell(seconds(step.seconds)),
            cell(place(step.page or step.notebook), Tone.DIM),
        )
        for step in run.steps
    )
    metrics = [(name, shown(value)) for name, value in sorted(run.metrics.items()) if not name.startswith("training_")]
    verdict = f", certificate {result.certificate.verdict}" if result.certificate else ""
    return (
        Line(f"{run.name}: {run.state} in {seconds(run.seconds)}{verdict}", STATES.get(run.state, Tone.PLAIN)),
        Table(columns=("step", "state", "took", "as executed"), rows=steps, numeric=frozenset({2})),
        *((fields([(n, str(v)) for n, v in run.parameters.items()], title="Parameters"),) if run.parameters else ()),
        *((fields(metrics, title="Metrics"),) if metrics else ()),
        Line(f"\nMLflow run {short(run.run)}. Look at it: nbmlops show {short(run.run)}", Tone.DIM),
    )
