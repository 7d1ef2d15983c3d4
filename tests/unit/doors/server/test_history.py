"""What a page has missed, by the number it knows."""

from __future__ import annotations

from nbmlops.doors.server.documents import Kind
from nbmlops.doors.server.history import ALL, History


def test_what_came_after_a_number_is_told_together() -> None:
    history = History()
    start = history.rev
    first = history.add({Kind.RUNS})
    second = history.add({Kind.JOBS, Kind.RUNS})
    assert start < first < second == history.rev
    assert history.since(start) == (Kind.RUNS, Kind.JOBS)
    assert history.since(first) == (Kind.RUNS, Kind.JOBS)
    assert history.since(second) == ()


def test_to_whom_knows_nothing_everything_has_changed() -> None:
    history = History()
    for rev in (None, 0, -1, history.rev - 1, history.rev + 1):
        assert history.since(rev) == ALL


def test_what_is_too_long_ago_is_not_remembered() -> None:
    history = History()
    start = history.rev
    numbers = [history.add({Kind.RUNS}) for _ in range(1000)]
    assert history.since(start) == ALL
    assert history.since(numbers[-2]) == (Kind.RUNS,)
    assert history.since(numbers[-200]) == (Kind.RUNS,)


def test_numbers_go_on_upwards_after_a_restart() -> None:
    before = History()
    before.add({Kind.RUNS})
    import time

    time.sleep(0.01)
    after = History()
    assert after.rev > before.rev
    assert after.since(before.rev) == ALL
