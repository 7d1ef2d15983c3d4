"""Small drawings as SVG that takes its colours from the page around it (web_page.py)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

_BAR_WIDTH, _BAR_HEIGHT = 180, 16
_WIDTH, _HEIGHT = 180, 36


def interval_bar(
    value: float | None,
    low: float | None,
    high: float | None,
    scale: tuple[float, float],
    *,
    other: float | None = None,
    mark: float | None = None,
    label: str = "",
) -> str:
    """A dot with its interval on a line from one end of the scale to the other. `other`: a second, hollow dot;
    `mark`: a thin line across.
    """
    if value is None:
        return ""
    at = onto(scale, 5.0, _BAR_WIDTH - 5.0)
    middle = _BAR_HEIGHT / 2
    parts = [f'<line class="axis" x1="5" x2="{_BAR_WIDTH - 5}" y1="{middle}" y2="{middle}"/>']
    if mark is not None and scale[0] <= mark <= scale[1]:
        parts.append(f'<line class="mark" x1="{at(mark):.1f}" x2="{at(mark):.1f}" y1="1" y2="{_BAR_HEIGHT - 1}"/>')
    if low is not None and high is not None:
        width = max(1.0, at(high) - at(low))
        parts.append(f'<rect class="span" x="{at(low):.1f}" y="{middle - 3}" width="{width:.1f}" height="6" rx="3"/>')
    if other is not None:
        parts.append(f'<circle class="other" cx="{at(other):.1f}" cy="{middle}" r="3.5"/>')
    parts.append(f'<circle class="dot" cx="{at(value):.1f}" cy="{middle}" r="3.5"/>')
    return svg(_BAR_WIDTH, _BAR_HEIGHT, parts, label)


def share_bar(share: float, *, kind: str = "span", width: float = 120.0, label: str = "") -> str:
    """A bar that fills so much of its width."""
    filled = width * min(1.0, max(0.0, share))
    middle = _BAR_HEIGHT / 2
    parts = [
        f'<line class="axis" x1="0" x2="{width:g}" y1="{middle}" y2="{middle}"/>',
        f'<rect class="{kind}" x="0" y="{middle - 4}" width="{max(filled, 0.5):.1f}" height="8" rx="2"/>',
    ]
    return svg(width, _BAR_HEIGHT, parts, label)


def density_pair(before: Sequence[tuple[float, float]], now: Sequence[tuple[float, float]], label: str = "") -> str:
    """Two densities over one axis: points (value, density), in order; the reference is filled."""
    every = [*before, *now]
    if not every:
        return ""
    at = onto((min(x for x, _ in every), max(x for x, _ in every)), 2.0, _WIDTH - 2.0)
    up = onto((0.0, max((y for _, y in every), default=1.0) or 1.0), _HEIGHT - 1.0, 2.0)
    parts = []
    if before:
        points = " ".join(f"{at(x):.1f},{up(y):.1f}" for x, y in before)
        first, last = at(before[0][0]), at(before[-1][0])
        parts.append(f'<polygon class="before" points="{first:.1f},{_HEIGHT - 1} {points} {last:.1f},{_HEIGHT - 1}"/>')
    if now:
        points = " ".join(f"{at(x):.1f},{up(y):.1f}" for x, y in now)
        parts.append(f'<polyline class="curve" points="{points}"/>')
    return svg(_WIDTH, _HEIGHT, parts, label)


def bar_pairs(pairs: Sequence[tuple[str, float, float]], label: str = "") -> str:
    """For each name a bar of the reference and one of now, side by side."""
    if not pairs:
        return ""
    most = max(max(before, now) for _, before, now in pairs) or 1.0
    room = _WIDTH / len(pairs)
    wide = max(0.8, min(16.0, room * 0.42))
    parts = []
    for place, (name, before, now) in enumerate(pairs):
        left = place * room + (room - 2 * wide) / 2
        for number, (kind, value) in enumerate((("before", before), ("now", now))):
            height = (_HEIGHT - 3) * value / most
            parts.append(
                f'<rect class="{kind}" x="{left + number * wide:.1f}" y="{_HEIGHT - 1 - height:.1f}" '
                f'width="{wide:.1f}" height="{height:.1f}"><title>{escape(name)}: {before:.3g}, now {now:.3g}</title>'
                "</rect>"
            )
    return svg(_WIDTH, _HEIGHT, parts, label)


def timeline(
    values: Sequence[float | None], *, limit: float | None = None, width: float = 480.0, label: str = ""
) -> str:
    """A line over time, with gaps; `limit`: a dashed line."""
    height = 64.0
    known = [value for value in values if value is not None]
    if not known:
        return ""
    top = max([*known, *([limit] if limit is not None else [])]) or 1.0
    at, up = (
        onto((0.0, max(1.0, len(values) - 1.0)), 4.0, width - 4.0),
        onto((min(0.0, *known), top), height - 4.0, 6.0),
    )
    parts = []
    if limit is not None:
        parts.append(f'<line class="mark" x1="0" x2="{width:g}" y1="{up(limit):.1f}" y2="{up(limit):.1f}"/>')
    for run in _runs(values):
        points = " ".join(f"{at(place):.1f},{up(value):.1f}" for place, value in run)
        parts.append(f'<polyline class="curve" points="{points}"/>')
    if len(values) <= 200:
        parts += [
            f'<circle class="dot" cx="{at(place):.1f}" cy="{up(value):.1f}" r="2.5"><title>{value:.4g}</title></circle>'
            for run in _runs(values)
            for place, value in run
        ]
    return svg(width, height, parts, label)


def onto(scale: tuple[float, float], start: float, end: float) -> Callable[[float], float]:
    low, high = scale
    width = high - low or 1.0
    return lambda value: start + (end - start) * min(1.0, max(0.0, (value - low) / width))


def svg(width: float, height: float, parts: Sequence[str], label: str) -> str:
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" role="img" '
        f'aria-label="{escape(label)}">{"".join(parts)}</svg>'
    )


def _runs(values: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    """Neighbours that are known, with their places."""
    found: list[list[tuple[int, float]]] = [[]]
    for place, value in enumerate(values):
        if value is not None:
            found[-1].append((place, value))
        elif found[-1]:
            found.append([])
    return [each for each in found if each]
