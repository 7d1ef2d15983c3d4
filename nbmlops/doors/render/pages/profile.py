from nbmlops.doors.render.blocks import Line, Page, Table, Tone, cell, many, place
from nbmlops.model.profile import Column, Profile
from nbmlops.ops.profile import Result

MOST = 60
_BARS = " ▁▂▃▄▅▆▇█"
_BINS = 12


def page(result: Result) -> Page:
    found = result.profile
    left = len(found.columns) - MOST
    return (
        Line(f"{place(found.source) or 'profile'}: {many(found.rows, 'row')}, {many(len(found.columns), 'column')}",
             Tone.STRONG),
        *((_columns(found),) if found.columns else ()),
        *((Line(f"and {left} more", Tone.DIM),) if left > 0 else ()),
        *((Line("What the model answers to it:", Tone.DIM), _columns(result.outputs)) if result.outputs else ()),
        *((Line(f"Written to {place(result.written)}", Tone.DIM),) if result.written else ()),
    )  # fmt: skip


def _columns(found: Profile) -> Table:
    rows = tuple(
        (
            cell(each.name, Tone.STRONG),
            cell(each.kind),
            cell(f"{100 * each.missing / each.rows:.3g} %" if each.missing else ""),
            cell(f"{each.distinct:,}"),
            cell(spread(each), Tone.DIM),
            cell(_about(each)),
        )
        for each in found.columns[:MOST]
    )
    columns = ("column", "kind", "missing", "different", "spread", "values")
    return Table(columns=columns, rows=rows, numeric=frozenset({2, 3}), optional=frozenset({4}))


def spread(column: Column) -> str:
    """A histogram in a few signs: of numbers from the 1 % to the 99 % quantile."""
    if column.numbers is not None and column.numbers.count:
        points = column.numbers.quantiles
        low, high = points[2], points[-3]
        if not low < high:
            return _BARS[-1]
        counts = [0] * _BINS
        for point in points:
            counts[min(_BINS - 1, max(0, int(_BINS * ((point / 2 - low / 2) / (high / 2 - low / 2)))))] += 1
    elif column.categories is not None and column.texts is None:
        counts = list(column.categories.counts.values())[:_BINS]
    else:
        return ""
    most = max(counts, default=0) or 1
    return "".join(_BARS[-(-count * (len(_BARS) - 1) // most)] for count in counts)


def _about(column: Column) -> str:
    if column.kind == "datetime" and column.numbers is not None:
        return f"{_day(column.numbers.low)} to {_day(column.numbers.high)}"
    if column.numbers is not None and column.numbers.count:
        found = column.numbers
        extra = f", {found.infinite} not finite" if found.infinite else ""
        return f"{found.mean:.4g} ± {found.deviation:.4g}, from {found.low:.4g} to {found.high:.4g}{extra}"
    if column.texts is not None:
        words = ", ".join(list(column.texts.words.counts)[:4])
        return f"{column.texts.lengths.mean:.0f} characters; {words}"
    if column.categories is not None:
        most = list(column.categories.counts.items())[:3]
        known = max(1, column.rows - column.missing)
        return ", ".join(f"{name[:24]} {100 * count / known:.0f} %" for name, count in most)
    return ""


def _day(seconds: float) -> str:
    from datetime import UTC, datetime

    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"
    except (OverflowError, ValueError, OSError):
        return f"{seconds:.4g} s"
