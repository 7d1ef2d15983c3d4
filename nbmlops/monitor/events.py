"""Findings that begin and end: each is told once when it begins and once when it is over.

A finding is known by its kind and its subject; its figures may change while it goes on. What a look could not judge,
for want of rows, stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from nbmlops.model.finding import Event, Finding
from nbmlops.model.monitoring import Open

Key = tuple[str, str]


def changed(
    open_: Sequence[Open],
    found: Sequence[Finding],
    is_judged: Callable[[Finding], bool],
    *,
    deployment: str,
    now: datetime,
) -> tuple[tuple[Open, ...], tuple[Event, ...]]:
    """What goes on from now, and what is to be told. `is_judged`: whether this look could have found that, were it
    still so.
    """
    before = {key(each.finding): each for each in open_}
    here = {key(each): each for each in found}
    after: dict[Key, Open] = {}
    events = []
    for name, each in before.items():
        if name in here:
            continue
        if not is_judged(each.finding):
            after[name] = each
        else:
            events.append(Event(time=now, deployment=deployment, finding=each.finding, is_over=True))
    for name, finding in here.items():
        old = before.get(name)
        after[name] = Open(since=old.since if old is not None else now, finding=finding)
        if old is None:
            events.append(Event(time=now, deployment=deployment, finding=finding))
    return tuple(sorted(after.values(), key=lambda each: each.since)), tuple(events)


def key(finding: Finding) -> Key:
    return finding.kind, finding.subject
