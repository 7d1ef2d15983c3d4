"""Times mean the same to cron, systemd and GitHub."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from datetime import datetime, timedelta

import pytest

from nbmlops.errors import UsageError
from nbmlops.hosts.times import calendar, cron_every, go_duration, parse_cron
from nbmlops.lib.cron import Cron

BASE = datetime(2026, 1, 30, 22, 17)
SCHEDULES = [
    "* * * * *", "*/10 * * * *", "3-59/10 * * * *", "30 3 * * *", "0 4 * * mon-fri", "15 6,18 * * 0", "0 0 1 * *",
    "0 0 31 * *", "5 5 1,15 * wed", "0 12 29 2 *", "@weekly", "@hourly", "0 9-17/2 * jan,JUL 1-5", "7 7 * * 7",
    "0 3 */2 * *", "30 2 */7 * mon",
]  # fmt: skip


def fits(cron: Cron, day: datetime) -> bool:
    """As crontab(5) has it: where both are chosen, either day will do."""
    on_day, on_weekday = day.day in cron.days, day.isoweekday() % 7 in cron.weekdays
    either = not cron.is_any_day and not cron.is_any_weekday
    return ((on_day or on_weekday) if either else (on_day and on_weekday)) and day.month in cron.months


def following(cron: Cron, count: int) -> list[datetime]:
    found: list[datetime] = []
    day = BASE.replace(hour=0, minute=0)
    while len(found) < count and day < BASE + timedelta(days=12 * 366):
        if fits(cron, day):
            times = [day.replace(hour=hour, minute=minute) for hour in cron.hours for minute in cron.minutes]
            found += [each for each in times if each > BASE]
        day += timedelta(days=1)
    return found[:count]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here to compare with")
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_systemd_elapses_when_cron_would(schedule: str) -> None:
    cron = parse_cron(schedule)
    elapses: set[datetime] = set()
    for line in calendar(cron):
        said = subprocess.run(
            ["systemd-analyze", "calendar", f"--base-time={BASE} UTC", "--iterations=6", f"{line} UTC"],
            capture_output=True,
            text=True,
            check=True,
            env={"TZ": "UTC", "LC_ALL": "C", "PATH": "/usr/bin:/bin"},
        ).stdout
        for row in said.splitlines():
            head, _, rest = row.strip().partition(": ")
            if head == "Next elapse" or head.startswith(("Iteration", "Iter.")):
                elapses.add(datetime.strptime(rest.strip(), "%a %Y-%m-%d %H:%M:%S UTC"))
    assert elapses != set()
    expected = following(cron, 6)
    assert sorted(elapses)[: len(expected)][:6] == expected[: len(elapses)]


@pytest.mark.parametrize(
    "text", ["", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "a * * * *",
             "*/0 * * * *", "5-1 * * * *", "1,,2 * * * *", "@reboot", "* * * * * *", "-1 * * * *", "1e1 * * * *"],
)  # fmt: skip
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no schedule"):
        parse_cron(text)


def longest_pause(cron: Cron) -> timedelta:
    moments = [BASE, *following(cron, 2000 if len(cron.hours) == 24 else 50)]
    return max(later - earlier for earlier, later in itertools.pairwise(moments[1:]))


@pytest.mark.parametrize("seconds", [1, 60, 90, 300, 420, 600, 1800, 2400, 3600, 5400, 21_600, 86_400, 604_800])
def test_cron_comes_at_least_as_often_as_asked(seconds: int) -> None:
    for name in ("wine", "n", "Été"):
        pause = longest_pause(parse_cron(cron_every(float(seconds), name)))
        assert pause <= timedelta(seconds=max(60, seconds))


def test_a_host_that_starts_nothing_more_often_is_not_asked_to() -> None:
    for seconds in (1.0, 60.0, 240.0, 300.0, 359.0):
        assert longest_pause(parse_cron(cron_every(seconds, "wine", least=300.0))) == timedelta(minutes=5)


def test_projects_do_not_all_begin_at_the_same_minute() -> None:
    assert len({cron_every(3600.0, f"project {number}") for number in range(30)}) > 10


def test_durations_of_go() -> None:
    assert [go_duration(each) for each in (0.2, 59, 60, 3600, 3661, 86_400)] == [
        "1s",
        "59s",
        "1m",
        "1h",
        "1h1m1s",
        "24h",
    ]
