"""Why something that is needed is not done now, each with the figure that is left and when it ends."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import msgspec

from nbmlops.lib.durations import lasting
from nbmlops.model.reconciler import Attempt, Memory, Reconciler, State, Window
from nbmlops.reconcile.words import window_words, zone_of
from nbmlops.reconcile.world import Seen

_DAY, _MONTH = timedelta(days=1), timedelta(days=30)


class Held(msgspec.Struct, frozen=True, kw_only=True):
    reason: str
    """In one word, for the condition."""
    why: str
    """`cool-down, 4 h left`."""
    until: datetime | None = None
    """None: it does not end by itself."""


def stopped(spec: Reconciler, memory: Memory) -> tuple[Held, ...]:
    """What holds back everything, a merge too."""
    found = []
    if spec.is_suspended or memory.is_suspended:
        found.append(Held(reason="Suspended", why="suspended"))
    if pin := spec.guard.pin or memory.pinned:
        found.append(Held(reason="Pinned", why=f"pinned to {pin}"))
    return tuple(found)


def holding(spec: Reconciler, memory: Memory, seen: Seen, now: datetime, key: str) -> tuple[Held, ...]:
    """What holds back a new attempt with that key."""
    guard = spec.guard
    found = []
    if guard.cooldown and (cooling := _cooling(memory, guard.cooldown, now, key)):
        found.append(cooling)
    today = [each for each in memory.attempts if now - each.began < _DAY]
    if guard.most_runs_a_day and len(today) >= guard.most_runs_a_day:
        runs = f"{len(today)} run{'s' if len(today) != 1 else ''} in 24 h"
        until = sorted(each.began for each in today)[-guard.most_runs_a_day] + _DAY
        found.append(Held(reason="RunsADay", why=f"{runs}, {guard.most_runs_a_day} may be", until=until))
    if guard.cpu_hours and (spent := _spent(memory.attempts, guard.cpu_hours, now)):
        found.append(spent)
    if guard.least_rows and (seen.rows is None or seen.rows < guard.least_rows):
        rows = "nobody can tell how many rows there are" if seen.rows is None else f"{seen.rows:,} rows"
        found.append(Held(reason="TooFewRows", why=f"{rows}, {guard.least_rows:,} are needed"))
    if guard.windows and not any(_is_open(window, now) for window in guard.windows):
        found.append(
            Held(
                reason="OutsideOfWindow",
                why=f"outside of {' and '.join(window_words(each) for each in guard.windows)}",
                until=min((opens for each in guard.windows if (opens := _opens(each, now))), default=None),
            )
        )
    return tuple(found)


def _cooling(memory: Memory, cooldown: float, now: datetime, key: str) -> Held | None:
    # One that failed is tried again by its back-off; for something else it counts.
    ends = [each.ended for each in memory.attempts if each.ended and (each.state != State.FAILED or each.key != key)]
    until = max(ends) + timedelta(seconds=cooldown) if ends else now
    if until <= now:
        return None
    return Held(reason="CoolDown", why=f"cool-down, {lasting((until - now).total_seconds())} left", until=until)


def _spent(attempts: Iterable[Attempt], hours: float, now: datetime) -> Held | None:
    lately = sorted((each for each in attempts if now - each.began < _MONTH), key=lambda each: each.began)
    total = sum(each.cpu_seconds for each in lately) / 3600
    if total < hours:
        return None
    rest, until = total, None
    for each in lately:
        rest -= each.cpu_seconds / 3600
        if rest < hours:
            until = each.began + _MONTH
            break
    return Held(reason="CpuHours", why=f"{total:.3g} of {hours:g} CPU hours in 30 days", until=until)


def _is_open(window: Window, now: datetime) -> bool:
    local = now.astimezone(zone_of(window.zone))
    minute, day = local.hour * 60 + local.minute, local.weekday()
    if window.start < window.end:
        return day in window.days and window.start <= minute < window.end
    # Over midnight: of the day that it began on. From a time to the same one is a whole day.
    return (day in window.days and minute >= window.start) or ((day - 1) % 7 in window.days and minute < window.end)


def _opens(window: Window, now: datetime) -> datetime | None:
    zone = zone_of(window.zone)
    local = now.astimezone(zone)
    for step in range(9):
        day = local.date() + timedelta(days=step)
        if day.weekday() in window.days:
            # 24:00 is the next day's midnight.
            start = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(minutes=window.start)
            found = start.astimezone(UTC)
            if found > now:
                return found
    return None
