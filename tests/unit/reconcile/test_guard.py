"""What holds something back, and until when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nbmlops.model.reconciler import Attempt, GuardSpec, Memory, State, Window
from nbmlops.reconcile.guard import holding, stopped
from nbmlops.reconcile.world import Seen
from tests.unit.reconcile.simulated import trainer

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""A Monday."""


def attempt(hours: float, state: State = State.SUCCEEDED, *, key: str = "old", cpu_hours: float = 0.0) -> Attempt:
    """That began an hour before it ended, so many hours ago."""
    ended = NOW - timedelta(hours=hours)
    began = ended - timedelta(hours=1)
    return Attempt(key=key, number=1, began=began, ended=ended, state=state, cpu_seconds=cpu_hours * 3600)


def held(
    *attempts: Attempt, now: datetime = NOW, rows: int | None = 10, **guard: Any
) -> list[tuple[str, datetime | None]]:
    memory = Memory(name="a", attempts=attempts)
    return [
        (each.why, each.until)
        for each in holding(trainer(guard=GuardSpec(**guard)), memory, Seen(rows=rows), now, "key")
    ]


def test_without_guards_nothing_is_held_back() -> None:
    assert held(attempt(0.1), rows=None) == []


def test_a_cool_down_says_what_is_left() -> None:
    assert held(attempt(2), cooldown=6 * 3600) == [("cool-down, 4 h left", NOW + timedelta(hours=4))]
    assert held(attempt(6), cooldown=6 * 3600) == []
    assert held(cooldown=6 * 3600) == []


def test_what_failed_is_tried_again_without_a_cool_down_but_nothing_else_is() -> None:
    assert held(attempt(2, State.FAILED, key="key"), cooldown=6 * 3600) == []
    assert held(attempt(2, State.FAILED, key="other"), cooldown=6 * 3600) != []


def test_runs_of_a_day_are_counted() -> None:
    runs = [attempt(hours) for hours in (30, 20, 10, 5)]
    assert held(*runs, most_runs_a_day=3) == [("3 runs in 24 h, 3 may be", NOW + timedelta(hours=3))]
    assert held(*runs, most_runs_a_day=4) == []
    assert held(runs[-1], most_runs_a_day=1)[0][0] == "1 run in 24 h, 1 may be"


def test_cpu_hours_of_thirty_days_are_added() -> None:
    runs = [attempt(24 * 31, cpu_hours=50), attempt(24 * 10, cpu_hours=5.1), attempt(24, cpu_hours=3.1)]
    assert held(*runs, cpu_hours=8) == [
        ("8.2 of 8 CPU hours in 30 days", NOW - timedelta(hours=24 * 10 + 1) + timedelta(days=30))
    ]
    assert held(*runs, cpu_hours=8.3) == []


def test_too_few_rows_wait_for_more() -> None:
    assert held(least_rows=1000, rows=812) == [("812 rows, 1,000 are needed", None)]
    assert held(least_rows=1000, rows=None) == [("nobody can tell how many rows there are, 1,000 are needed", None)]
    assert held(least_rows=1000, rows=1000) == []


@pytest.mark.parametrize(
    ("time", "opens"),
    [
        ("2026-03-02 21:59", "2026-03-02 22:00"),  # Monday
        ("2026-03-02 05:59", "2026-03-02 22:00"),  # of Sunday's night
        ("2026-03-07 06:00", "2026-03-09 22:00"),  # Saturday morning
        ("2026-03-02 22:00", None),
        ("2026-03-07 05:59", None),  # of Friday's night
    ],
)
def test_a_window_over_midnight_belongs_to_the_day_on_which_it_begins(time: str, opens: str | None) -> None:
    window = Window(days=(0, 1, 2, 3, 4), start=22 * 60, end=6 * 60)
    now = datetime.fromisoformat(time).replace(tzinfo=UTC)
    until = datetime.fromisoformat(opens).replace(tzinfo=UTC) if opens else None
    assert held(now=now, windows=(window,)) == ([("outside of mon-fri 22:00-06:00", until)] if opens else [])


def test_a_window_has_a_zone_and_one_of_several_is_enough() -> None:
    berlin = Window(start=13 * 60, end=14 * 60, zone="Europe/Berlin")
    assert held(windows=(berlin,)) == []
    morning = Window(days=(0, 2), start=6 * 60, end=9 * 60)
    whole = Window(days=(6,), start=0, end=24 * 60)
    assert held(windows=(morning, whole)) == [
        ("outside of mon,wed 06:00-09:00 and sun 00:00-24:00", datetime(2026, 3, 4, 6, tzinfo=UTC))
    ]
    assert held(windows=(morning, berlin)) == []


def test_what_is_stopped_is_said() -> None:
    spec = trainer(is_suspended=True, guard=GuardSpec(pin="7"))
    assert [each.why for each in stopped(spec, Memory(name="a"))] == ["suspended", "pinned to 7"]
    assert [each.why for each in stopped(trainer(), Memory(name="a", pinned="6"))] == ["pinned to 6"]
    assert stopped(trainer(), Memory(name="a")) == ()


def test_several_guards_are_all_told() -> None:
    assert len(held(attempt(1), cooldown=7200, most_runs_a_day=1, least_rows=11)) == 3
