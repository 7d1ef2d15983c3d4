from nbmlops.doors.render.blocks import Cell, Line, Page, Source, Table, Tone, cell, many, place
from nbmlops.model.contract import Level, Offender, Outcome
from nbmlops.ops.validate import Result

MOST_RULES = 20
MOST_UNTRANSLATED = 20


def page(result: Result) -> Page:
    return (
        *(_verdict(result) if result.checked else ()),
        *((Line(f"Written to {place(result.written)}.", Tone.GOOD),) if result.written else ()),
        *((Source(result.text),) if result.text else ()),
        *(Line(f"Not translated: {each}", Tone.WARN) for each in result.untranslated[:MOST_UNTRANSLATED]),
        *_more(len(result.untranslated) - MOST_UNTRANSLATED),
    )


def _verdict(result: Result) -> Page:
    broken, errors = result.broken, result.errors
    head = f"{place(result.place)} against {result.contract}: {many(result.rows, 'row')}, "
    lines = [Line(f"{head}{many(result.columns, 'column')}, {many(len(result.outcomes), 'rule')}", Tone.STRONG)]
    for each in broken[:MOST_RULES]:
        is_error = each.severity is Level.ERROR
        told = "broken" if is_error else "warning"
        lines.append(Line(f"{told}: {each.why}", Tone.BAD if is_error else Tone.WARN))
    lines += _more(len(broken) - MOST_RULES)
    rows = tuple(_row(each, one) for each in broken[:MOST_RULES] for one in each.offenders)
    table = (Table(columns=("row", "column", "value", "rule"), rows=rows, title="Rows", numeric=frozenset({0})),)
    notes = tuple(Line(note, Tone.DIM) for note in result.notes)
    if errors:
        end = Line(f"The contract is broken: {many(len(errors), 'rule')}.", Tone.BAD)
    else:
        warnings = f", with {many(len(broken), 'warning')}" if broken else ""
        end = Line(f"The contract is kept{warnings}.", Tone.GOOD)
    return (*lines, *(table if rows else ()), *notes, end)


def _row(outcome: Outcome, one: Offender) -> tuple[Cell, ...]:
    return (cell(one.row), cell(one.column), cell(one.value), cell(str(outcome.kind)))


def _more(count: int) -> tuple[Line, ...]:
    return (Line(f"and {count} more", Tone.DIM),) if count > 0 else ()
