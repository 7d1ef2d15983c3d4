"""How far scoring is, and how long it will take."""

from __future__ import annotations

import time
from collections.abc import Callable

from nbmlops.model.batch_scoring import ScoredPart, ScoringPlan
from nbmlops.ops.call import Progress

TASK = "batch"


class BatchProgress:
    """Parts count as much as they are long: in rows where these are known, else in bytes."""

    def __init__(self, tell: Callable[[Progress], None], plan: ScoringPlan, finished: dict[int, ScoredPart]) -> None:
        self._tell = tell
        self._lengths = [part.rows if part.rows is not None else part.end - part.start for part in plan.parts]
        rows = [part.rows for part in plan.parts]
        self._total = None if None in rows else sum(count or 0 for count in rows)
        self._finished = finished
        self._left = sum(self._lengths) - sum(self._lengths[number] for number in finished)
        self._all_left = self._left
        self._rows = self._own_rows = self.done = 0
        self._began = time.monotonic()
        tell(Progress(task=TASK, done=0, total=self._total, note=f"{len(plan.parts)} parts"))

    def scored(self, part: ScoredPart) -> None:
        self.done += 1
        self._rows += part.read
        if part.number not in self._finished:
            self._own_rows += part.read
            self._left -= self._lengths[part.number]
        passed = time.monotonic() - self._began
        note = ""
        if self._own_rows and self._all_left > self._left:
            left = passed * self._left / (self._all_left - self._left)
            note = f"{self._own_rows / max(passed, 1e-3):,.0f} rows/s, {left:,.0f} s left"
        self._tell(Progress(task=TASK, done=self._rows, total=self._total, note=note))

    def end(self, rows: int) -> None:
        self._tell(Progress(task=TASK, done=rows, total=rows, note=f"{rows:,} rows", state="done"))
