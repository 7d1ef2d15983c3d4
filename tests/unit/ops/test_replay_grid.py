"""What moved a metric: read off four replays."""

from __future__ import annotations

import pytest

from nbmlops.ops.replay_grid import grid_row

SIDES = (("run", "run"), ("run", "now"), ("now", "run"), ("now", "now"))


@pytest.mark.parametrize(
    ("values", "moved_by"),
    [
        ((1.0, 1.0, 1.0, 1.0), ""),
        ((1.0, 2.0, 1.0, 2.0), "data"),
        ((1.0, 1.0, 2.0, 2.0), "code"),
        ((1.0, 2.0, 3.0, 4.0), "code and data"),
        ((1.0, 1.0, 1.0, 2.0), "both together"),
    ],
)
def test_a_metric_is_moved_by_what_changes_it(values: tuple[float, ...], moved_by: str) -> None:
    row = grid_row("error", {sides: {"error": value} for sides, value in zip(SIDES, values, strict=True)}, 1e-9)
    assert row.moved_by == moved_by
    assert (row.old_code_new_data, row.new_code_old_data) == values[1:3]


def test_seconds_are_shown_and_moved_by_nothing() -> None:
    row = grid_row("fit_seconds", {sides: {"fit_seconds": float(n)} for n, sides in enumerate(SIDES)}, 1e-9)
    assert (row.moved_by, row.new_code_new_data) == ("", 3.0)


def test_a_metric_that_only_one_replay_has_is_moved() -> None:
    replays = {sides: {"error": 1.0} for sides in SIDES} | {("run", "now"): {}}
    assert grid_row("error", replays, 1e-9).moved_by == "data"
