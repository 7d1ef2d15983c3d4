"""Small drawings of an explanation, as SVG that takes its colours from the page around it."""

from __future__ import annotations

from html import escape

from nbmlops.lib.drawing import onto, svg
from nbmlops.model.attribution import Dependence

STYLE = """
.R rect.more{fill:var(--blue);opacity:.8}.R rect.less{fill:var(--warn);opacity:.8}
.R .whisker{stroke:var(--ink);stroke-width:1.2}.R .zero{stroke:var(--dim);stroke-width:1}
.R .now{fill:var(--blue)}
"""
_WIDTH, _HEIGHT = 220, 16
_CURVE_WIDTH, _CURVE_HEIGHT = 200, 72
_ROOM = 6.0


def importance_bar(
    value: float | None, low: float | None, high: float | None, scale: tuple[float, float], label: str
) -> str:
    """A bar from zero, with its interval as a thin line."""
    if value is None:
        return ""
    at = onto(scale, _ROOM, _WIDTH - _ROOM)
    middle, zero = _HEIGHT / 2, at(0.0)
    start, end = sorted((zero, at(value)))
    kind = "more" if value >= 0 else "less"
    parts = [f'<rect class="{kind}" x="{start:.1f}" y="{middle - 5}" width="{max(0.5, end - start):.1f}" height="10"/>']
    if low is not None and high is not None:
        parts += [
            f'<line class="whisker" x1="{at(low):.1f}" x2="{at(high):.1f}" y1="{middle}" y2="{middle}"/>',
            *(
                f'<line class="whisker" x1="{at(end):.1f}" x2="{at(end):.1f}" y1="{middle - 3}" y2="{middle + 3}"/>'
                for end in (low, high)
            ),
        ]
    parts.append(f'<line class="zero" x1="{zero:.1f}" x2="{zero:.1f}" y1="0" y2="{_HEIGHT}"/>')
    return svg(_WIDTH, _HEIGHT, parts, label)


def step_bar(start: float, end: float, scale: tuple[float, float], label: str) -> str:
    """From where an answer stood to where a column takes it."""
    at = onto(scale, _ROOM, _WIDTH - _ROOM)
    left, right = sorted((at(start), at(end)))
    kind = "more" if end >= start else "less"
    parts = [
        f'<line class="mark" x1="{at(start):.1f}" x2="{at(start):.1f}" y1="0" y2="{_HEIGHT}"/>',
        f'<rect class="{kind}" x="{left:.1f}" y="2" width="{max(1.0, right - left):.1f}" height="{_HEIGHT - 4}"/>',
    ]
    return svg(_WIDTH, _HEIGHT, parts, label)


def place_mark(value: float, scale: tuple[float, float], label: str) -> str:
    """Where an answer stands."""
    at = onto(scale, _ROOM, _WIDTH - _ROOM)(value)
    return svg(_WIDTH, _HEIGHT, [f'<circle class="dot" cx="{at:.1f}" cy="{_HEIGHT / 2}" r="4"/>'], label)


def sparkline(curve: Dependence, scale: tuple[float, float]) -> str:
    """The mean answer over a column's values: a line for numbers, bars for others. `scale`: of all curves."""
    up = onto(scale, _CURVE_HEIGHT - 8.0, 8.0)
    label = f"Mean answer over {curve.column}"
    if curve.places:
        at = onto((min(curve.places), max(curve.places)), _ROOM, _CURVE_WIDTH - _ROOM)
        spots = [(at(place), up(answer)) for place, answer in zip(curve.places, curve.answers, strict=True)]
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
        parts = [_floor(), f'<polyline class="curve" points="{points}"/>']
    else:
        wide = (_CURVE_WIDTH - 2 * _ROOM) / len(curve.answers)
        spots = [(_ROOM + (place + 0.5) * wide, up(answer)) for place, answer in enumerate(curve.answers)]
        bar = min(18.0, wide * 0.6)
        parts = [_floor()] + [
            f'<rect class="span" x="{x - bar / 2:.1f}" y="{y:.1f}" width="{bar:.1f}"'
            f' height="{max(0.5, _CURVE_HEIGHT - 4 - y):.1f}"/>'
            for x, y in spots
        ]
    for (x, y), value, answer in zip(spots, curve.values, curve.answers, strict=True):
        parts.append(f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="2.5">{_title(value, answer)}</circle>')
    return svg(_CURVE_WIDTH, _CURVE_HEIGHT, parts, label)


def _floor() -> str:
    y = _CURVE_HEIGHT - 4
    return f'<line class="axis" x1="0" x2="{_CURVE_WIDTH}" y1="{y}" y2="{y}"/>'


def _title(value: str, answer: float) -> str:
    return f"<title>{escape(value)}: {answer:.4g}</title>"
