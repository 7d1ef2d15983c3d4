"""One row per promise: what was measured, against whom, and how far it may be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Row:
    what: str
    ours: float
    peer: float | None = None
    """The peer's figure; None where the bar is absolute."""
    value: float
    """What is held against the bar: a ratio, or the figure itself."""
    bar: float | None
    """The largest value allowed; None for figures that are only told."""
    unit: str = "s"

    @property
    def is_met(self) -> bool:
        return self.bar is None or self.value <= self.bar


def table(rows: Iterable[Row]) -> str:
    lines = ["| what | ours | peer | ratio | bar | ok |", "| --- | --- | --- | --- | --- | --- |"]
    for row in rows:
        peer = "" if row.peer is None else f"{row.peer:.4g} {row.unit}"
        ratio = "" if row.peer is None else f"{row.value:.3f}"
        bar = "" if row.bar is None else f"{row.bar:g}" if row.peer is not None else f"{row.bar:g} {row.unit}"
        ok = "" if row.bar is None else "yes" if row.is_met else "NO"
        lines.append(f"| {row.what} | {row.ours:.4g} {row.unit} | {peer} | {ratio} | {bar} | {ok} |")
    return "\n".join(lines)
