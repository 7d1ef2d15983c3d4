"""Two tables, or what is kept of them, column by column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from nbmlops.drift.column import Said, said_of
from nbmlops.drift.judge import judge
from nbmlops.drift.limits import USUAL, Limits
from nbmlops.drift.side import Side, side_of_profile, side_of_values
from nbmlops.model.drift import Drift, Verdict
from nbmlops.model.profile import Profile
from nbmlops.ports import DriftCheck

_MANY = 20_000
_Kind = TypeVar("_Kind")


def compare_profiles(reference: Profile, current: Profile, limits: Limits = USUAL) -> Drift:
    """Within 2 % of what `compare_tables` gives for the tables that they were made of."""
    said = _compared(
        {each.name: each for each in reference.columns},
        {each.name: each for each in current.columns},
        limits,
        side_of_profile,
        one_at_a_time,
    )
    return _drift(said, limits, (reference.source, current.source), (reference.rows, current.rows), is_exact=False)


def compare_tables(
    reference: Any,
    current: Any,
    limits: Limits = USUAL,
    *,
    names: tuple[str, str] = ("reference", "current"),
    checks: Sequence[DriftCheck] = (),
    told: Callable[[int], None] = lambda done: None,
) -> Drift:
    """Of two DataFrames. `checks`: further measures; `told` is called with the number of columns that are done.

    Raises ExternalError for a check that fails.
    """
    before, now = _columns(reference), _columns(current)
    # Small columns are mostly Python's own work, which threads only disturb.
    each_of = in_threads if max(len(reference), len(current)) > _MANY else one_at_a_time
    said = _compared(before, now, limits, side_of_values, lambda each, work: each_of(each, work, told), checks)
    return _drift(said, limits, names, (len(reference), len(current)), is_exact=True)


def _columns(table: Any) -> dict[str, Any]:
    """The first of columns of one name."""
    found: dict[str, Any] = {}
    for place, name in enumerate(table.columns):
        found.setdefault(str(name), table.iloc[:, place])
    return found


def _compared(
    before: Mapping[str, _Kind],
    now: Mapping[str, _Kind],
    limits: Limits,
    side: Callable[[_Kind], Side],
    each_of: Callable[[list[str], Callable[[str], Said]], list[Said]],
    checks: Sequence[DriftCheck] = (),
) -> list[Said]:
    shared = [name for name in before if name in now]
    said = each_of(shared, lambda name: said_of(name, side(before[name]), side(now[name]), limits, checks))
    for name, values in before.items():
        if name not in now:
            said.append(Said(name=name, kind=side(values).kind, verdict=Verdict.GONE, why="it is not there any more"))
    for name, values in now.items():
        if name not in before:
            said.append(Said(name=name, kind=side(values).kind, verdict=Verdict.NEW, why="the reference has it not"))
    return said


def one_at_a_time(
    names: list[str], work: Callable[[str], Said], told: Callable[[int], None] = lambda done: None
) -> list[Said]:
    found = []
    for done, name in enumerate(names, 1):
        found.append(work(name))
        if not done % 100:
            told(done)
    return found


def in_threads(names: list[str], work: Callable[[str], Said], told: Callable[[int], None]) -> list[Said]:
    """NumPy sorts without the interpreter's lock."""
    import os
    from concurrent.futures import ThreadPoolExecutor

    found = []
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        for done, each in enumerate(pool.map(work, names), 1):
            found.append(each)
            told(done)
    return found


def _drift(said: list[Said], limits: Limits, names: tuple[str, str], rows: tuple[int, int], *, is_exact: bool) -> Drift:
    notes = []
    if not rows[1]:
        notes.append("There are no rows.")
    elif min(rows) < limits.min_rows:
        notes.append(f"From {limits.min_rows} rows on something can be said; there are {min(rows)}.")
    lost = [each.name for each in said if each.verdict is Verdict.GONE]
    new = [each.name for each in said if each.verdict is Verdict.NEW]
    if lost and new:
        notes.append(f"Renamed? Gone: {', '.join(lost[:3])}; new: {', '.join(new[:3])}.")
    return Drift(
        reference=names[0],
        current=names[1],
        reference_rows=rows[0],
        current_rows=rows[1],
        columns=judge(said, limits),
        is_exact=is_exact,
        notes=tuple(notes),
    )
