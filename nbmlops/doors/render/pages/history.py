from nbmlops.doors.render.blocks import Line, Page, Table, Tone, cell, shown
from nbmlops.lib.digest import short
from nbmlops.ops.history import Curve, Result

WIDTH = 40
BARS = "▁▂▃▄▅▆▇█"
MISSING = {"nan": "×", "inf": "↑", "-inf": "↓"}


def page(result: Result) -> Page:
    if not result.curves:
        return (Line("No metric was logged.", Tone.DIM),)
    rows = tuple(
        (
            cell(short(curve.run)[:8], Tone.DIM),
            cell(curve.run_name, Tone.STRONG),
            cell(curve.metric),
            cell(sparkline(curve.values)),
            cell(f"{curve.total:,}"),
            *(cell(shown(value)) for value in _told(curve)),
        )
        for curve in result.curves
    )
    columns = ("run", "name", "metric", "", "points", "first", "last", "least", "greatest")
    return (
        Table(columns=columns, rows=rows, numeric=frozenset(range(4, 9)), optional=frozenset({5, 7, 8})),
        *((Line(f"and {result.left_out:,} more: name some with --metric", Tone.DIM),) if result.left_out else ()),
    )


def sparkline(values: tuple[float | str, ...], width: int = WIDTH) -> str:
    """One letter a point, or for the point furthest from the middle of those that share one."""
    figures = [value for value in values if isinstance(value, float | int)]
    low, high = (min(figures), max(figures)) if figures else (0.0, 0.0)
    middle = low / 2 + high / 2
    count = min(width, len(values))
    letters = []
    for number in range(count):
        part = values[number * len(values) // count : (number + 1) * len(values) // count]
        odd = next((value for value in part if isinstance(value, str)), None)
        if odd is not None:
            letters.append(MISSING[odd])
            continue
        value = max((each for each in part if not isinstance(each, str)), key=lambda each: abs(each - middle))
        place = (value / 2 - low / 2) / (high / 2 - low / 2) if high > low else 0.5
        letters.append(BARS[min(len(BARS) - 1, int(place * len(BARS)))])
    return "".join(letters)


def _told(curve: Curve) -> tuple[float | str | None, ...]:
    figures = [value for value in curve.values if isinstance(value, float | int)]
    ends = (curve.values[0], curve.values[-1]) if curve.values else (None, None)
    return (*ends, min(figures, default=None), max(figures, default=None))
