from nbmlops.doors.render.blocks import (
    Cell,
    Fields,
    Line,
    Page,
    Source,
    Table,
    Tone,
    cell,
    fields,
    place,
    seconds,
    shown,
    size,
)
from nbmlops.doors.render.pages.runs import STATES
from nbmlops.lib.digest import short
from nbmlops.model.cell import Completeness
from nbmlops.model.replay import ReplayVerdict
from nbmlops.model.run import Tags
from nbmlops.ops.show import Result

LONGEST_SOURCE = 40


def page(result: Result) -> Page:
    run = result.run
    git = result.git
    where = f"{short(git.commit)} on {git.branch}{' + uncommitted changes' if git.dirty else ''}" if git else ""
    failure = run.tags.get(Tags.FAILURE, "")
    children = sorted(result.children, key=lambda child: (str(child.started), child.name))
    return (
        Line(f"{run.name}  {short(run.id)}", Tone.STRONG),
        fields(
            [
                ("status", cell(run.status, STATES.get(run.status, Tone.PLAIN))),
                ("failed with", cell(failure, Tone.BAD) if failure else None),
                ("experiment", run.experiment),
                ("started", run.started.astimezone().strftime("%Y-%m-%d %H:%M:%S") if run.started else ""),
                ("took", seconds(run.seconds)),
                ("notebook", run.tags.get(Tags.NOTEBOOK)),
                ("git", where),
                ("code", ", ".join(result.code)),
                ("code snapshot", short(run.tags.get(Tags.CODE_SNAPSHOT, ""))),
                ("data snapshot", short(run.tags.get(Tags.DATA_SNAPSHOT, ""))),
                ("data problem", cell(run.tags[Tags.PROBLEM], Tone.WARN) if Tags.PROBLEM in run.tags else None),
                ("models taken", ", ".join(run.tags.get(Tags.MODELS_TAKEN, "").splitlines())),
                ("inputs seen", _seen(run.tags.get(Tags.COMPLETENESS, ""))),
                ("reproduced", _verdict(run.tags.get(Tags.REPRODUCED, ""))),
                ("environment", f"Python {result.python}, {result.packages} packages" if result.python else ""),
            ]
        ),
        *_some(fields(sorted(run.metrics.items()), title="Metrics")),
        *_some(fields(sorted(run.params.items()), title="Parameters")),
        *_table(
            "Data",
            ("file", "size", "digest"),
            [(place(use.path), size(use.size), short(use.digest)) for use in result.datasets],
        ),
        *_table("Models", ("name", "id", "files"), [(m.name, m.id, place(m.location)) for m in result.models]),
        *_table(
            "Runs inside",
            ("run", "name", "status", "took"),
            [(short(child.id), child.name, child.status, seconds(child.seconds)) for child in children],
        ),
        *((Source(_head(result.source), title="Cell"),) if result.source else ()),
    )


def _seen(level: str) -> Cell | None:
    """Only what may be missing is worth a line."""
    return cell(f"{level}: `nbmlops doctor` says why", Tone.WARN) if level == Completeness.PARTIAL else None


def _verdict(text: str) -> Cell | None:
    if not text:
        return None
    return cell(text, Tone.GOOD if text.startswith(ReplayVerdict.REPRODUCED) else Tone.BAD)


def _some(block: Fields) -> tuple[Fields, ...]:
    return (block,) if block.rows else ()


def _table(title: str, columns: tuple[str, ...], rows: list[tuple[object, ...]]) -> tuple[Table, ...]:
    if not rows:
        return ()
    return (Table(columns=columns, rows=tuple(tuple(cell(shown(v)) for v in row) for row in rows), title=title),)


def _head(source: str) -> str:
    lines = source.splitlines()
    more = len(lines) - LONGEST_SOURCE
    return "\n".join(lines[:LONGEST_SOURCE] + ([f"… {more} more lines"] if more > 0 else []))
