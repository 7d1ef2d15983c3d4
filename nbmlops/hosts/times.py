"""Times as hosts write them: cron's five fields, systemd's calendar, Go's durations.

>>> cron_every(600.0, "wine"), calendar(parse_cron("30 3 * * mon-fri"))
('2-59/10 * * * *', ('Mon,Tue,Wed,Thu,Fri *-*-* 03:30:00',))
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable

from nbmlops.errors import UsageError
from nbmlops.lib.cron import Cron, parse

_MINUTES = (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)
"""That divide an hour: others would come too early after it."""
_HOURS = (1, 2, 3, 4, 6, 8, 12)
_DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")


def parse_cron(text: str) -> Cron:
    """Raises UsageError with the field that is no time."""
    try:
        return parse(text)
    except ValueError as error:
        raise UsageError(
            f"{text[:60]!r} is no schedule: {error}.",
            kind="schedule-malformed",
            hint="Every night at half past three: 30 3 * * *",
        ) from None


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


def _from_monday(weekdays: Iterable[int]) -> list[int]:
    return sorted(weekdays, key=lambda day: (day - 1) % 7)


def _list(values: Collection[int], size: int) -> str:
    return "*" if len(values) == size else ",".join(f"{each:02d}" for each in sorted(values))
