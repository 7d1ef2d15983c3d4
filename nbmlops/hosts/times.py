"""Times as hosts write them: cron's five fields, systemd's calendar, Go's durations.

>>> cron_every(600.0, "wine"), calendar(parse_cron("30 3 * * mon-fri"))
('2-59/10 * * * *', ('Mon,Tue,Wed,Thu,Fri *-*-* 03:30:00',))
"""

from __future__ import annotations

import re
import zlib

import msgspec

from nbmlops.errors import UsageError

_MINUTES = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)
"""That divide an hour: others would come too early after it."""
_HOURS = (1, 2, 3, 4, 6, 8, 12)
_DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SHORT = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_PART = re.compile(r"(?P<first>\*|[a-z0-9]+)(-(?P<last>[a-z0-9]+))?(/(?P<step>[0-9]{1,2}))?")


class Cron(msgspec.Struct, frozen=True, kw_only=True):
    """What the five fields mean. 0 is Sunday."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    is_any_day: bool
    """The field of days begins with `*`: then the weekdays alone decide, and the other way round."""
    is_any_weekday: bool


def parse_cron(text: str) -> Cron:
    """Raises UsageError with the field that is no time."""
    fields = _SHORT.get(text.strip().lower(), text.strip().lower()).split()
    if len(fields) != 5:
        raise _no_cron(text, "it has five fields: minute, hour, day, month, day of the week")
    minute, hour, day, month, weekday = fields
    return Cron(
        minutes=_values(text, minute, 0, 59),
        hours=_values(text, hour, 0, 23),
        days=_values(text, day, 1, 31),
        months=_values(text, month, 1, 12, _MONTHS),
        weekdays=tuple(
            sorted({each % 7 for each in _values(text, weekday, 0, 7, tuple(name.lower() for name in _DAYS))})
        ),
        is_any_day=day.startswith("*"),
        is_any_weekday=weekday.startswith("*"),
    )


def cron_every(seconds: float, name: str, *, least: float = 60.0) -> str:
    """As often as that or somewhat more often, but not more often than `least`; at a minute that the name chooses, so
    that not everything begins at the full hour.
    """
    wanted = max(seconds, least) / 60
    chance = zlib.crc32(name.encode("utf-8", "surrogatepass"))
    if wanted < 60:
        every = _within(_MINUTES, wanted, least / 60)
        return f"{chance % every}-59/{every} * * * *" if every > 1 else "* * * * *"
    minute = chance % 60
    if wanted < 24 * 60:
        every = _within(_HOURS, wanted / 60)
        return f"{minute} {chance // 60 % every}-23/{every} * * *" if every > 1 else f"{minute} * * * *"
    return f"{minute} {chance // 60 % 24} * * *"


def calendar(cron: Cron) -> tuple[str, ...]:
    """For systemd's OnCalendar: two lines where cron takes either the day of the month or that of the week."""
    time = f"{_list(cron.hours, 24)}:{_list(cron.minutes, 60)}:00"
    months = _list(cron.months, 12)
    weekdays = ",".join(_DAYS[each] for each in _from_monday(cron.weekdays))
    by_day = f"*-{months}-{_list(cron.days, 31)} {time}"
    if not cron.is_any_day and not cron.is_any_weekday:
        return (by_day, f"{weekdays} *-{months}-* {time}")
    return (f"{weekdays} {by_day}" if len(cron.weekdays) < 7 else by_day,)


def go_duration(seconds: float) -> str:
    """As Kubernetes' controllers write it.

    >>> go_duration(5430.0), go_duration(0.5)
    ('1h30m30s', '1s')
    """
    whole = max(1, round(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return "".join(f"{amount}{unit}" for amount, unit in ((hours, "h"), (minutes, "m"), (left, "s")) if amount)


def _within(choices: tuple[int, ...], wanted: float, least: float = 0.0) -> int:
    fitting = [each for each in choices if least <= each <= wanted]
    return max(fitting) if fitting else min(each for each in choices if each >= least)


def _from_monday(weekdays: tuple[int, ...]) -> list[int]:
    return sorted(weekdays, key=lambda day: (day - 1) % 7)


def _list(values: tuple[int, ...], size: int) -> str:
    return "*" if len(values) == size else ",".join(f"{each:02d}" for each in values)


def _values(text: str, field: str, low: int, high: int, names: tuple[str, ...] = ()) -> tuple[int, ...]:
    found: set[int] = set()
    for part in field.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise _no_cron(text, f"{part!r} is no time")
        first = low if match["first"] == "*" else _number(text, match["first"], low, names)
        if match["last"]:
            last = _number(text, match["last"], low, names)
        else:
            last = high if match["first"] == "*" or match["step"] else first
        step = int(match["step"]) if match["step"] else 1
        if not low <= first <= last <= high or not step:
            raise _no_cron(text, f"{part!r} is not within {low} to {high}")
        found.update(range(first, last + 1, step))
    return tuple(sorted(found))


def _number(text: str, word: str, low: int, names: tuple[str, ...]) -> int:
    if word in names:
        # Months are counted from 1, days of the week from 0: as `low` says.
        return names.index(word) + low
    if not re.fullmatch("[0-9]{1,2}", word):
        raise _no_cron(text, f"{word!r} is no time")
    return int(word)


def _no_cron(text: str, why: str) -> UsageError:
    return UsageError(
        f"{text!r} is no schedule: {why}.",
        kind="schedule-malformed",
        hint="Every night at half past three: 30 3 * * *",
    )
