"""What is kept between looks."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pandas as pd
import pytest

from nbmlops.errors import IntegrityError
from nbmlops.model.finding import Event, Finding
from nbmlops.model.monitoring import History, Look, Open, Window
from nbmlops.monitor import history
from nbmlops.monitor.alarm import begin
from nbmlops.monitor.history import HistoryFolder, closed
from nbmlops.profile.table import profile_of
from tests.unit.monitor.logs import HOUR, NOON, minute

FINDING = Finding(kind="drift", subject="hue", message="hue has drifted")
LOOK = Look(deployment="wine", time=NOON, since=NOON, width_seconds=3600, rows=0,
            events=(Event(time=NOON, deployment="wine", finding=FINDING),))  # fmt: skip


def window(hours: int, *, is_closed: bool = True) -> Window:
    start = NOON + hours * HOUR
    profile = profile_of(pd.DataFrame({"a": [float(hours)] * 3}))
    return Window(revision="1", start=start, end=start + HOUR, rows=3, is_closed=is_closed, profile=profile)


def test_what_is_written_is_read_with_its_profiles(tmp_path: Path) -> None:
    kept = HistoryFolder(tmp_path / "monitor")
    assert kept.read() == History()
    full = History(
        looked=NOON,
        since=NOON,
        width_seconds=3600.0,
        windows=(window(0), window(1)),
        open=(Open(since=NOON, finding=FINDING),),
        alarms={"accuracy/1": msgspec.structs.replace(begin(0.1), until=minute(3))},
        compared={"1": "x"},
    )
    kept.write(full)
    read = kept.read()
    assert read.windows == full.windows
    assert read.open == full.open
    assert read.alarms == full.alarms


def test_windows_profiles_looks_and_events_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST_WINDOWS", 5)
    monkeypatch.setattr(history, "MOST_PROFILES", 2)
    monkeypatch.setattr(history, "MOST_BYTES", 4000)
    kept = HistoryFolder(tmp_path)
    kept.write(History(windows=tuple(window(hours) for hours in range(9))))
    found = kept.read().windows
    assert [each.start for each in found] == [NOON + hours * HOUR for hours in range(4, 9)]
    assert [each.profile is not None for each in found] == [False, False, False, True, True]
    for _ in range(60):
        kept.add(LOOK)
    assert 0 < (tmp_path / "looks.jsonl").stat().st_size <= 4000
    assert 0 < (tmp_path / "events.jsonl").stat().st_size <= 4000
    assert len(kept.events()) > 2


def test_a_line_that_was_cut_short_costs_itself_only(tmp_path: Path) -> None:
    kept = HistoryFolder(tmp_path)
    kept.add(LOOK)
    with (tmp_path / "events.jsonl").open("ab") as file:
        file.write(b'{"time": "20')
    kept.add(LOOK)
    assert len(kept.events()) == 2


def test_a_profile_that_is_lost_or_damaged_is_one_that_is_not_there(tmp_path: Path) -> None:
    kept = HistoryFolder(tmp_path)
    kept.write(History(windows=(window(0), window(1))))
    first, second = sorted((tmp_path / "profiles").glob("*.json"))
    first.unlink()
    second.write_text("{")
    assert [each.profile for each in kept.read().windows] == [None, None]


def test_only_windows_that_are_over_and_as_wide_are_not_read_again() -> None:
    kept = History(windows=(window(-9), window(0), window(1), window(2, is_closed=False)))
    assert [each.start for each in closed(kept, 3600, NOON)] == [NOON, NOON + HOUR]
    assert closed(kept, 1800, NOON) == ()


def test_a_state_of_a_newer_program_or_of_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text('{"layout": 99}')
    kept = HistoryFolder(tmp_path)
    with pytest.raises(IntegrityError, match="newer"):
        kept.read()
    (tmp_path / "state.json").write_text("[]")
    with pytest.raises(IntegrityError, match="cannot be read"):
        kept.read()
    kept.clear()
    assert kept.read() == History()
