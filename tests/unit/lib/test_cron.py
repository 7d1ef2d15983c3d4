"""Times of cron."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbmlops.lib.cron import Cron, parse

BERLIN = ZoneInfo("Europe/Berlin")
TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)).map(lambda time: time.replace(tzinfo=UTC))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "after", "expected"),
    [
        ("0 4 * * 1", "2026-03-02 04:00", "2026-03-09 04:00"),
        ("0 4 * * mon", "2026-03-02 03:59", "2026-03-02 04:00"),
        ("*/15 * * * *", "2026-03-02 03:46", "2026-03-02 04:00"),
        ("5/20 * * * *", "2026-03-02 03:46", "2026-03-02 04:05"),
        ("0 9-17/4 * * 1-5", "2026-03-06 13:00", "2026-03-06 17:00"),
        ("0 0 29 2 *", "2026-03-01 00:00", "2028-02-29 00:00"),
        ("0 0 1 jan,JUL *", "2026-03-01 00:00", "2026-07-01 00:00"),
        ("0 0 * * 7", "2026-03-02 00:00", "2026-03-08 00:00"),
        ("0 0 * * fri-sun", "2026-03-07 00:00", "2026-03-08 00:00"),
        ("0 0 13 * 5", "2026-03-02 00:00", "2026-03-06 00:00"),
        ("0 0 31 * *", "2026-03-31 00:00", "2026-05-31 00:00"),
        ("0 0 29 2 */7", "2088-03-01 00:00", "2128-02-29 00:00"),
        ("@daily", "2026-03-02 00:00", "2026-03-03 00:00"),
        ("@Hourly", "2026-03-02 00:30", "2026-03-02 01:00"),
        ("@yearly", "2026-03-02 00:30", "2027-01-01 00:00"),
    ],
)
def test_the_next_time(text: str, after: str, expected: str) -> None:
    assert parse(text).next(at(after)) == at(expected)


def test_the_last_time_is_at_or_before() -> None:
    assert parse("0 4 * * 1").last(at("2026-03-02 04:00")) == at("2026-03-02 04:00")
    assert parse("0 4 * * 1").last(at("2026-03-02 03:59")) == at("2026-02-23 04:00")


def test_a_zone_has_its_own_hours() -> None:
    assert parse("0 4 * * *").next(at("2026-01-10 00:00"), BERLIN) == at("2026-01-10 03:00")
    assert parse("0 4 * * *").next(at("2026-07-10 00:00"), BERLIN) == at("2026-07-10 02:00")


def test_an_hour_that_is_left_out_comes_when_the_clocks_have_gone_on() -> None:
    assert parse("30 2 * * *").next(at("2026-03-28 12:00"), BERLIN) == at("2026-03-29 01:30")
    assert parse("30 2 * * *").next(at("2026-03-29 01:30"), BERLIN) == at("2026-03-30 00:30")


def test_an_hour_that_comes_twice_counts_once_unless_all_hours_are_meant() -> None:
    once, hourly = parse("30 2 * * *"), parse("30 * * * *")
    first = once.next(at("2026-10-24 12:00"), BERLIN)
    assert first == at("2026-10-25 00:30")
    assert once.next(first, BERLIN) == at("2026-10-26 01:30")
    assert hourly.next(first, BERLIN) == at("2026-10-25 01:30")


@pytest.mark.parametrize(
    "text",
    ["", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *", "* * * * 8",
     "a * * * *", "5-1 * * * *", "*/0 * * * *", "*-5 * * * *", "1, * * * *", "-1 * * * *", "0 0 30 2 *", "@never",
     "1-2-3 * * * *", "mon * * * *", "* * * mon *", "٣ * * * *"],
)  # fmt: skip
def test_what_is_no_cron_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"cron has five|is no |never comes"):
        parse(text)


@st.composite
def crons(draw: st.DrawFn) -> Cron:
    def field(least: int, most: int) -> str:
        number = st.integers(least, most)
        one = draw(st.sampled_from(["*", "*/", "-", "one", ","]))
        if one == "*":
            return "*"
        if one == "*/":
            return f"*/{draw(st.integers(1, 20))}"
        first, second = sorted([draw(number), draw(number)])
        return {"-": f"{first}-{second}", "one": str(first), ",": f"{first},{second}"}[one]

    fields = [field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6)]
    return parse(" ".join(fields))


@settings(max_examples=80, deadline=None)
@given(crons(), TIMES, st.sampled_from([None, BERLIN, ZoneInfo("America/St_Johns"), ZoneInfo("Australia/Lord_Howe")]))
def test_next_and_last_are_neighbours(cron: Cron, time: datetime, zone: ZoneInfo | None) -> None:
    after, before = cron.next(time, zone), cron.last(time, zone)
    assert after is not None
    assert before is not None
    assert before <= time < after
    assert cron.last(after, zone) == after
    assert cron.last(after - timedelta(microseconds=1), zone) == before
    assert cron.next(before, zone) == after


@settings(max_examples=60, deadline=None)
@given(crons(), TIMES)
def test_each_time_fits_the_fields_and_none_is_left_out(cron: Cron, time: datetime) -> None:
    found = cron.next(time)
    assert found is not None

    def fits(each: datetime) -> bool:
        return each.hour in cron.hours and each.minute in cron.minutes and cron.falls_on(each.date())

    assert fits(found)
    each = time.replace(second=0, microsecond=0) + timedelta(minutes=1)
    for _ in range(3000):
        if each >= found:
            break
        assert not fits(each)
        each += timedelta(minutes=1)


def test_times_at_the_end_of_the_calendar_are_none() -> None:
    assert parse("0 0 1 1 *").next(datetime(9999, 6, 1, tzinfo=UTC)) is None
    assert parse("0 0 1 12 *").last(datetime(1, 6, 1, tzinfo=UTC)) is None
