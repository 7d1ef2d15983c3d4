"""Five fields of cron: minute, hour, day of the month, month, day of the week. `0 4 * * mon`, `*/15 9-17 * * 1-5`.

Where both days are given, either is enough, as cron has it. A time that the clocks leave out in spring comes when
they have gone on; one that comes twice in autumn counts once, unless every hour is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

_SHORT = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_PART = re.compile(r"(\*|[0-9]{1,2}|[a-z]{3})(?:-([0-9]{1,2}|[a-z]{3}))?(?:/([0-9]{1,2}))?")
_FARTHEST_DAYS = 366 * 41
"""From one 29th of February that is a Sunday to the next, over a year such as 2100."""


class Cron(msgspec.Struct, frozen=True, kw_only=True):
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """0 is Sunday."""
    is_any_day: bool
    is_any_weekday: bool

    def falls_on(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        is_day, is_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return is_day and is_weekday if self.is_any_day or self.is_any_weekday else is_day or is_weekday

    def next(self, after: datetime, zone: ZoneInfo | None = None) -> datetime | None:
        """The first time after that one, in UTC; None: there is none."""
        return next(self._times(after, zone, 1), None)

    def last(self, at: datetime, zone: ZoneInfo | None = None) -> datetime | None:
        """The latest time that is not after that one, in UTC; None: there is none."""
        return next(self._times(at, zone, -1), None)

    def _times(self, start: datetime, zone: ZoneInfo | None, way: int) -> Iterator[datetime]:
        start = start.astimezone(UTC)
        local = start.astimezone(zone or UTC).date()
        try:
            # From a day before: an hour that was left out ends on the next day in some places.
            for step in range(-1, _FARTHEST_DAYS):
                day = local + way * timedelta(days=step)
                if self.falls_on(day):
                    found = sorted(self._of_day(day, zone), reverse=way < 0)
                    yield from (each for each in found if (each > start if way > 0 else each <= start))
        except OverflowError:
            return

    def _of_day(self, day: date, zone: ZoneInfo | None) -> set[datetime]:
        folds = (0, 1) if len(self.hours) == 24 else (0,)
        return {
            datetime.combine(day, time(hour, minute, fold=fold), zone or UTC).astimezone(UTC)
            for hour in self.hours
            for minute in self.minutes
            for fold in folds
        }


def parse(text: str) -> Cron:
    """Raises ValueError that says what is wrong."""
    fields = _SHORT.get(text.strip().lower(), text).lower().split()
    if len(fields) != 5:
        raise ValueError(f"{text[:60]!r} has {len(fields)} fields; cron has five: minute hour day month weekday")
    minutes, hours, days, months, weekdays = fields
    found = Cron(
        minutes=tuple(sorted(_field(minutes, "minute", 0, 59))),
        hours=tuple(sorted(_field(hours, "hour", 0, 23))),
        days=frozenset(_field(days, "day", 1, 31)),
        months=frozenset(_field(months, "month", 1, 12, _MONTHS, 1)),
        weekdays=frozenset(each % 7 for each in _field(weekdays, "weekday", 0, 7, _DAYS)),
        is_any_day=days.startswith("*"),
        is_any_weekday=weekdays.startswith("*"),
    )
    is_never = min(found.days) > max(_LONGEST[month - 1] for month in found.months)
    if is_never and (found.is_any_weekday or found.is_any_day):
        raise ValueError(f"{text[:60]!r} never comes: no such month has that day")
    return found


def _field(text: str, what: str, least: int, most: int, names: tuple[str, ...] = (), first: int = 0) -> set[int]:
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None or (match[1] == "*" and match[2]):
            raise ValueError(f"{part[:30]!r} is no {what}")
        step = int(match[3]) if match[3] else 1
        if match[1] == "*":
            # Of weekdays 7 is 0 once more, and would come a step too often.
            start, end = least, most - (what == "weekday")
        else:
            start = _value(match[1], what, names, first)
            # `5/15` goes on to the end, as `5-59/15`.
            end = _value(match[2], what, names, first) if match[2] else most if match[3] else start
            if what == "weekday" and end == 0 < start:
                end = 7
        if not least <= start <= end <= most or step < 1:
            raise ValueError(f"{part[:30]!r} is no {what}; they go from {least} to {most}")
        found |= set(range(start, end + 1, step))
    return found


def _value(text: str, what: str, names: tuple[str, ...], first: int) -> int:
    if text.isdigit():
        return int(text)
    if text not in names:
        raise ValueError(f"{text!r} is no {what}")
    return names.index(text) + first
