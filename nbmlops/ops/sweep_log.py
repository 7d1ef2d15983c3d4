"""The record of a sweep, kept while its trials end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import msgspec

from nbmlops.lib.clock import utc_now
from nbmlops.model.live import BestTrial, SweepRecord
from nbmlops.ops.call import Progress
from nbmlops.project import Project


class SweepLog:
    def __init__(self, project: Project, record: SweepRecord, study: Any) -> None:
        self.project = project
        self.record = record
        self.study = study
        self._lock = threading.Lock()
        self._write()

    def telling(self, progress: Callable[[Progress], None]) -> Callable[[Progress], None]:
        """Passes events on, from any thread. Each about the sweep as a whole says that a trial has ended."""

        def tell(event: Progress) -> None:
            if event.task == self.record.name:
                self._write()
            progress(event)

        return tell

    def end(self, state: str, params_file: str = "") -> None:
        self._write(state=state, ended=utc_now(), params_file=params_file)

    def _write(self, **facts: Any) -> None:
        with self._lock:
            trials = self.study.get_trials(deepcopy=False)
            states = [trial.state.name for trial in trials]
            self.record = msgspec.structs.replace(
                self.record,
                done=states.count("COMPLETE"),
                failed=states.count("FAIL"),
                pruned=states.count("PRUNED"),
                best=_best(trials, self.record.direction),
                **facts,
            )
            self.project.records.put(self.record, id=self.record.id, subject=self.record.name)


def _best(trials: list[Any], direction: str) -> BestTrial | None:
    complete = [trial for trial in trials if trial.state.name == "COMPLETE" and trial.value is not None]
    if not complete:
        return None
    best = (max if direction == "maximize" else min)(complete, key=lambda trial: trial.value)
    return BestTrial(
        number=best.number,
        value=best.value,
        values=best.user_attrs.get("values", {}),
        run=best.user_attrs.get("run", ""),
    )
