"""All parts of a plan, scored by workers and added to the output in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from nbmlops.batch_scoring.output import Output
from nbmlops.batch_scoring.work_folder import WorkFolder
from nbmlops.errors import UsageError
from nbmlops.model.batch_scoring import ScoredPart, ScoringPlan

_AHEAD = 8
"""Parts for each worker that may be scored before the next one in turn is."""


class Workers(Protocol):
    places: int
    """How many parts they score at once."""

    def submit(self, number: int) -> None: ...

    def next(self) -> ScoredPart:
        """Waits for one. Raises what scoring has raised."""

    def close(self) -> None: ...


def run_parts(
    plan: ScoringPlan,
    folder: WorkFolder,
    finished: dict[int, ScoredPart],
    workers: Callable[[], Workers],
    output: Output,
    told: Callable[[ScoredPart], None],
) -> list[ScoredPart]:
    """`workers` is asked where there is something to score. Raises UsageError for the first row that cannot be used."""
    done = dict(finished)
    waiting = deque(part.number for part in plan.parts if part.number not in done)
    crew = workers() if waiting else None
    under_way, added = 0, 0
    worst: ScoredPart | None = None
    try:
        while added < len(plan.parts):
            while added in done:
                if done[added].bad is not None:
                    raise _refused(plan, done, done[added])
                output.add(folder.rows_of(added))
                told(done[added])
                added += 1
            if added == len(plan.parts):
                break
            assert crew is not None
            # After a row that ends everything only what comes before it matters: it may hold an earlier one.
            while (
                waiting and worst is None and under_way < 2 * crew.places and waiting[0] < added + _AHEAD * crew.places
            ):
                crew.submit(waiting.popleft())
                under_way += 1
            found = crew.next()
            under_way -= 1
            done[found.number] = found
            if found.bad is not None and (worst is None or found.number < worst.number):
                worst = found
    finally:
        if crew is not None:
            crew.close()
    return [done[part.number] for part in plan.parts]


def _refused(plan: ScoringPlan, done: dict[int, ScoredPart], found: ScoredPart) -> UsageError:
    assert found.bad is not None
    part = plan.parts[found.number]
    before = sum(done[each.number].read for each in plan.parts[: found.number] if each.file == part.file)
    row, file = before + found.bad.row + 1, plan.inputs[part.file].name
    where = f", column {found.bad.column}" if found.bad.column else ""
    return UsageError(
        f"{file}, row {row}{where}: {found.bad.reason.rstrip('.')}.",
        kind="row-refused",
        hint="Repair it, or leave such rows out: --on-error skip. With --on-error null they have no prediction.",
        file=file,
        row=row,
        column=found.bad.column,
    )
