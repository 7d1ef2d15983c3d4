from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from nbmlops.doors.render import blocks
from nbmlops.doors.render.blocks import Cell, Fields, Tone, cell, fields, shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (3, "3"),
        (0.1 + 0.2, "0.3"),
        (2.0, "2"),
        (123456789.0, "1.23457e+08"),
        (float("nan"), "nan"),
        ("a", "a"),
    ],
)
def test_values_are_shown_as_people_read_them(value: object, text: str) -> None:
    assert shown(value) == text
    assert cell(value) == Cell(text)


def test_a_cell_stays_what_it_is() -> None:
    assert cell(Cell("x", Tone.BAD), Tone.GOOD) == Cell("x", Tone.BAD)


def test_empty_rows_are_left_out_and_zero_and_no_are_not() -> None:
    rows = [("a", None), ("b", ""), ("c", ()), ("d", 0), ("e", False), ("f", "x")]
    assert fields(rows, title="t") == Fields(rows=(("d", Cell("0")), ("e", Cell("no")), ("f", Cell("x"))), title="t")


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, ""),
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_999, "1.0 MB"),
        (1_500_000, "1.5 MB"),
        (5 * 10**15, "5000.0 TB"),
    ],
)
def test_bytes_are_shown_in_the_fitting_unit(count: int | None, text: str) -> None:
    assert blocks.size(count) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (None, ""),
        (0.0, "0 ms"),
        (0.0994, "99 ms"),
        (0.1, "0.1 s"),
        (59.94, "59.9 s"),
        (59.97, "1 min 00 s"),
        (61.0, "1 min 01 s"),
        (119.6, "2 min 00 s"),
    ],
)
def test_seconds_are_shown_in_the_fitting_unit(amount: float | None, text: str) -> None:
    assert blocks.seconds(amount) == text


@pytest.mark.parametrize(
    ("passed", "text"),
    [
        (-5, "0 s ago"),
        (0, "0 s ago"),
        (89, "89 s ago"),
        (90, "2 min ago"),
        (5400, "2 h ago"),
        (259_200, "3 d ago"),
    ],
)
def test_moments_are_shown_by_how_long_ago_they_were(passed: int, text: str) -> None:
    now = datetime(2026, 1, 10, tzinfo=UTC)
    assert blocks.ago(now - timedelta(seconds=passed), now) == text
    assert blocks.ago(None, now) == ""
