from nbmlops.doors.render.blocks import Line, Page, Table, Tone, cell, shown, size
from nbmlops.lib.digest import short
from nbmlops.model.snapshot import Change
from nbmlops.ops.compare import Result, Row

LONGEST = 40
"""Characters of a value; `show` has the whole."""


def page(result: Result) -> Page:
    heads = tuple(f"{run.name} {short(run.id)[:8]}" for run in result.runs)
    return (
        *_rows("Metrics", heads, result.metrics),
        *_rows("Parameters that differ", heads, result.params),
        _same("\nCode", result.same_code),
        *_changes(result.code),
        _same("\nData" if result.code else "Data", result.same_data),
        *_changes(result.data),
    )


def _rows(title: str, heads: tuple[str, ...], rows: tuple[Row, ...]) -> tuple[Table, ...]:
    if not rows:
        return ()
    body = tuple(
        (
            cell("≠" if row.differs else "", Tone.WARN),
            cell(row.name),
            *(cell(_cut(shown(value)), Tone.STRONG if row.differs else Tone.DIM) for value in row.values),
        )
        for row in rows
    )
    are_numbers = all(isinstance(value, int | float | None) for row in rows for value in row.values)
    numeric = frozenset(range(2, 2 + len(heads))) if are_numbers else frozenset()
    return (Table(columns=("", "", *heads), rows=body, title=title, numeric=numeric),)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _same(what: str, is_same: bool) -> Line:
    return Line(f"{what}: the same", Tone.DIM) if is_same else Line(f"{what}: different", Tone.WARN)


def _changes(changes: tuple[Change, ...]) -> tuple[Table, ...]:
    if not changes:
        return ()
    rows = tuple((cell(c.change), cell(c.path), cell(size(c.before)), cell(size(c.after))) for c in changes)
    return (Table(columns=("", "file", "before", "after"), rows=rows, numeric=frozenset({2, 3})),)
