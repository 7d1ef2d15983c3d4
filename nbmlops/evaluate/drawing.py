"""Small drawings of an evaluation, as SVG that takes its colours from the page around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nbmlops.lib.drawing import onto, svg
from nbmlops.model.evaluation import Calibration, Residuals

_PLOT, _MARGIN = 240, 38
_DOTS = 6.0


def reliability(found: Calibration) -> str:
    """What was predicted against what came true; dots are larger where there are more rows."""
    at, up = onto((0, 1), _MARGIN, _MARGIN + _PLOT), onto((0, 1), _PLOT + 10.0, 10.0)
    most = max(each.rows for each in found.bins)
    parts = _frame((0.0, 0.5, 1.0), at, up, "predicted probability", "share that came true")
    points = " ".join(f"{at(each.predicted):.1f},{up(each.observed):.1f}" for each in found.bins)
    parts.append(f'<polyline class="curve" points="{points}"/>')
    for each in found.bins:
        size = 2 + _DOTS * (each.rows / most) ** 0.5
        told = f"{each.rows} rows: predicted {each.predicted:.3f}, came true {each.observed:.3f}"
        parts.append(
            f'<circle class="dot" cx="{at(each.predicted):.1f}" cy="{up(each.observed):.1f}" r="{size:.1f}">'
            f"<title>{told}</title></circle>"
        )
    return svg(_PLOT + _MARGIN + 12, _PLOT + _MARGIN + 14, parts, "Reliability diagram")


def scatter(found: Residuals) -> str:
    """Predicted against true values."""
    every = [value for point in found.points for value in point]
    low, high = min(every), max(every)
    room = (high - low or abs(high) or 1.0) * 0.04
    scale = (low - room, high + room)
    at, up = onto(scale, _MARGIN, _MARGIN + _PLOT), onto(scale, _PLOT + 10.0, 10.0)
    parts = _frame((low, (low + high) / 2, high), at, up, "true value", "predicted value")
    parts += [f'<circle class="point" cx="{at(x):.1f}" cy="{up(y):.1f}" r="2.4"/>' for x, y in found.points]
    return svg(_PLOT + _MARGIN + 12, _PLOT + _MARGIN + 14, parts, "Predicted and true values")


def _frame(
    ticks: Sequence[float], at: Callable[[float], float], up: Callable[[float], float], below: str, beside: str
) -> list[str]:
    """A square with a diagonal, on which all would lie."""
    left, right, top, bottom = _MARGIN, _MARGIN + _PLOT, 10, _PLOT + 10
    middle = top + _PLOT / 2
    parts = [
        f'<rect class="frame" x="{left}" y="{top}" width="{_PLOT}" height="{_PLOT}"/>',
        f'<line class="mark" x1="{at(ticks[0]):.1f}" y1="{up(ticks[0]):.1f}" x2="{at(ticks[-1]):.1f}" '
        f'y2="{up(ticks[-1]):.1f}"/>',
        f'<text x="{(left + right) / 2}" y="{bottom + 34}" text-anchor="middle">{below}</text>',
        f'<text x="11" y="{middle}" text-anchor="middle" transform="rotate(-90 11 {middle})">{beside}</text>',
    ]
    for each in ticks:
        parts.append(f'<text x="{at(each):.1f}" y="{bottom + 16}" text-anchor="middle">{each:.3g}</text>')
        parts.append(
            f'<text x="{left - 5}" y="{up(each):.1f}" text-anchor="end" dominant-baseline="middle">{each:.3g}</text>'
        )
    return parts
