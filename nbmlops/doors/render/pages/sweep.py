from nbmlops.doors.render.blocks import Line, Page, Table, Tone, cell, many, place, seconds, shown
from nbmlops.lib.digest import short
from nbmlops.ops.sweep import Result

MOST = 20
NOT_DONE = {"fail": "failed"}


def page(result: Result) -> Page:
    if result.katib:
        return (
            Line(f"{result.name}: written to {place(result.katib)}", Tone.GOOD),
            Line(f"\nStart it: kubectl apply -f {place(result.katib)}", Tone.DIM),
        )
    names = sorted({name for trial in result.trials for name in trial.values})
    rows = tuple(
        (
            cell(trial.number, Tone.STRONG),
            cell(shown(trial.value) if trial.state == "complete" else NOT_DONE.get(trial.state, trial.state)),
            *(cell(trial.values.get(name, "")) for name in names),
            cell(seconds(trial.seconds) if trial.seconds else ""),
            cell(short(trial.run) or trial.error, Tone.DIM),
        )
        for trial in result.trials[:MOST]
    )
    more = len(result.trials) - MOST
    count = many(len(result.trials), "trial")
    where, file = place(result.pipeline), place(result.params_file)
    return (
        Line(f"{result.name}: {count} in {seconds(result.seconds)}, the best first", Tone.GOOD),
        Table(
            columns=("trial", result.metric or "metric", *names, "took", "run"), rows=rows, numeric=frozenset({0, 1})
        ),
        *((Line(f"and {more} more", Tone.DIM),) if more > 0 else ()),
        Line(f"\nRun it with the best values: nbmlops run {where} -f {file}", Tone.DIM),
    )
