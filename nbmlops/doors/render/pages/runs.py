from datetime import datetime

from nbmlops.doors.render.blocks import Line, Page, Table, Tone, ago, cell, fields, seconds, shown
from nbmlops.lib.digest import short
from nbmlops.model.run import RunView
from nbmlops.ops.runs import Result
from nbmlops.track.query import Columns

STATES = {"FINISHED": Tone.GOOD, "FAILED": Tone.BAD, "KILLED": Tone.WARN, "RUNNING": Tone.STRONG}
MOST_METRICS = 4
LESS_TELLING = ("training_", "system/", "fit_seconds")


def page(result: Result) -> Page:
    return (*runs_table((*result.runs, *result.outer), result.now), *_more(result), *_columns(result.columns))


def runs_table(runs: tuple[RunView, ...], now: datetime) -> Page:
    if not runs:
        return (Line("No runs. In a notebook: %load_ext nbmlops, then fit a model.", Tone.DIM),)
    names = _telling_metrics(runs)
    ids = {run.id for run in runs}
    rows = tuple(
        (
            cell(short(run.id), Tone.DIM),
            cell(("  " if run.parent in ids else "") + run.name, Tone.STRONG),
            cell(run.status, STATES.get(run.status, Tone.PLAIN)),
            cell(run.experiment),
            cell(ago(run.started, now)),
            cell(seconds(run.seconds)),
            *(cell(shown(run.metrics.get(name))) for name in names),
        )
        for run in _families(runs)
    )
    columns = ("run", "name", "status", "experiment", "started", "took", *names)
    numeric = frozenset({5, *range(6, 6 + len(names))})
    optional = frozenset(range(6, len(columns)))
    return (Table(columns=columns, rows=rows, numeric=numeric, optional=optional),)


def _more(result: Result) -> Page:
    if len(result.runs) == result.total and result.is_total:
        return ()
    return (Line(f"{len(result.runs):,} of {result.total:,}{'' if result.is_total else ' or more'}", Tone.DIM),)


def _columns(columns: Columns | None) -> Page:
    if columns is None:
        return ()
    found = [("metrics", columns.metrics), ("parameters", columns.params), ("experiments", columns.experiments)]
    return (fields([(name, ", ".join(names)) for name, names in found], title="To sort and filter by"),)


def _families(runs: tuple[RunView, ...]) -> tuple[RunView, ...]:
    """Children under their parents, oldest first; otherwise in the order given."""
    ids = {run.id for run in runs}
    below: dict[str, list[RunView]] = {}
    for run in runs:
        if run.parent in ids:
            below.setdefault(run.parent or "", []).append(run)

    def family(run: RunView) -> list[RunView]:
        return [run, *(member for child in sorted(below.get(run.id, []), key=_age) for member in family(child))]

    return tuple(member for run in runs if run.parent not in ids for member in family(run))


def _age(run: RunView) -> tuple[str, str]:
    return (run.started.isoformat() if run.started else "", run.name)


def _telling_metrics(runs: tuple[RunView, ...]) -> tuple[str, ...]:
    """The metrics that most outer runs have; those on training data only where there are no others."""
    counts: dict[str, int] = {}
    ids = {run.id for run in runs}
    for run in [run for run in runs if run.parent not in ids]:
        for name in run.metrics:
            counts[name] = counts.get(name, 0) + 1
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    telling = [name for name in ranked if not name.startswith(LESS_TELLING)]
    return tuple((telling or ranked)[:MOST_METRICS])
