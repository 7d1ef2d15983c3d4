"""Findings begin once and end once."""

from __future__ import annotations

from nbmlops.model.finding import Event, Finding
from nbmlops.model.monitoring import Open
from nbmlops.monitor.events import changed
from tests.unit.monitor.logs import NOON, minute

HUE = Finding(kind="drift", subject="hue", message="hue has drifted")
SLOW = Finding(kind="latency", subject="p99", message="slow")


def step(
    before: tuple[Open, ...], *found: Finding, judged: tuple[str, ...] = ("drift", "latency"), at: float = 0
) -> tuple[tuple[Open, ...], tuple[Event, ...]]:
    return changed(before, found, lambda each: each.kind in judged, deployment="wine", now=minute(at))


def told(events: tuple[Event, ...]) -> list[tuple[str, bool]]:
    return [(each.finding.subject, each.is_over) for each in events]


def test_what_goes_on_is_told_once_and_keeps_its_beginning() -> None:
    first, begun = step((), HUE)
    assert told(begun) == [("hue", False)]
    worse = Finding(kind="drift", subject="hue", message="hue has drifted more")
    second, nothing = step(first, worse, SLOW, at=5)
    assert told(nothing) == [("p99", False)]
    assert [(each.since, each.finding.message) for each in second] == [
        (NOON, "hue has drifted more"),
        (minute(5), "slow"),
    ]
    third, over = step(second, SLOW, at=9)
    assert told(over) == [("hue", True)]
    assert [each.finding for each in third] == [SLOW]


def test_what_could_not_be_judged_goes_on() -> None:
    first, _ = step((), HUE, SLOW)
    second, events = step(first, judged=("latency",), at=5)
    assert told(events) == [("p99", True)]
    assert [each.finding for each in second] == [HUE]


def test_what_begins_again_is_told_again() -> None:
    first, _ = step((), HUE)
    none, _ = step(first)
    again, events = step(none, HUE, at=3)
    assert told(events) == [("hue", False)]
    assert again[0].since == minute(3)
