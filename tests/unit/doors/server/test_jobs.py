"""What is kept of a job's progress."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbmlops.doors.server import jobs
from nbmlops.doors.server.child import Order, Told
from nbmlops.doors.server.jobs import Running


def running(arguments: dict[str, Any] | None = None) -> Running:
    return Running(Order(verb="run", arguments=arguments or {}), Path("/"), "", None)


def told(task: str, done: int, state: str = "running") -> Told:
    return Told(task=task, done=done, total=10, note="", state=state)


def test_of_a_task_under_way_only_the_newest_event_is_kept() -> None:
    job = running()
    for done in range(5):
        job._hear(told("one", done))
        job._hear(told("two", done))
    assert [(event.number, event.task, event.done) for event in job.events] == [(9, "one", 4), (10, "two", 4)]
    assert job.job.progress == tuple(job.events)
    job._hear(told("one", 5, "done"))
    assert [(event.number, event.state) for event in job.events] == [(10, "running"), (11, "done")]
    assert [event.task for event in job.job.progress] == ["two"]
    job._hear(told("one", 0))
    assert [(event.number, event.task) for event in job.events] == [(10, "two"), (11, "one"), (12, "one")]
    assert job.job.last == 12


def test_endless_progress_is_bounded() -> None:
    job = running()
    for number in range(2 * jobs._EVENTS):
        job._hear(told(f"trial {number}", 0, "done"))
    assert len(job.events) == jobs._EVENTS
    assert job.events[-1].number == job.job.last == 2 * jobs._EVENTS


def test_what_looks_secret_is_not_shown() -> None:
    given = {"param": ["password=x", "trees=3"], "url": "s3://me:pass@host/x", "jobs": 3, "force": True}
    assert running(given).job.arguments == {
        "param": ["password=[redacted]", "trees=3"],
        "url": "s3://me:[redacted]@host/x",
        "jobs": 3,
        "force": True,
    }
