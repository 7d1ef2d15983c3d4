from nbmlops.doors.render.blocks import Line, Page, Table, Tone, ago, cell, fields, many, seconds, size
from nbmlops.doors.render.pages.runs import runs_table
from nbmlops.lib.digest import short
from nbmlops.model.pipeline import StepState
from nbmlops.model.snapshot import SnapshotRecord
from nbmlops.ops.status import Result

STATES = {StepState.DONE: Tone.GOOD, StepState.FAILED: Tone.BAD, StepState.KILLED: Tone.WARN}


def page(result: Result) -> Page:
    kernels = ", ".join(session.notebook or f"process {session.pid}" for session in result.kernels)
    return (
        Line(result.root, Tone.STRONG),
        fields(
            [
                ("MLflow", result.tracking),
                ("problem", cell(result.problem, Tone.BAD) if result.problem else None),
                ("kernels", kernels or "none"),
                ("data", _snapshot(result.data, result)),
                ("code", _snapshot(result.code, result)),
                ("not yet sent", many(result.waiting, "session") if result.waiting else ""),
                ("cleaned up", f"{many(result.ended, 'run')} of dead kernels marked KILLED" if result.ended else ""),
            ]
        ),
        Line("\nRuns", Tone.STRONG),
        *runs_table(result.runs, result.now),
        *_pipelines(result),
    )


def _snapshot(record: SnapshotRecord | None, result: Result) -> str:
    if record is None:
        return ""
    return (
        f"{short(record.snapshot)}, {many(record.files, 'file')}, {size(record.size)}, {ago(record.taken, result.now)}"
    )


def _pipelines(result: Result) -> tuple[Table, ...]:
    if not result.pipelines:
        return ()
    rows = tuple(
        (
            cell(run.name, Tone.STRONG),
            cell(run.state, STATES.get(run.state, Tone.PLAIN)),
            cell(ago(run.started, result.now)),
            cell(seconds(run.seconds)),
            cell(", ".join(f"{name}={value}" for name, value in run.parameters.items())),
        )
        for run in result.pipelines
    )
    columns = ("pipeline", "state", "started", "took", "parameters")
    return (Table(columns=columns, rows=rows, title="Pipeline runs", numeric=frozenset({3})),)
