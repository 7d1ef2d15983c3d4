from __future__ import annotations

import logging
import threading

import pytest

from nbmlops.lib.clock import utc_now
from nbmlops.model.snapshot import Scope, SnapshotRecord
from nbmlops.project import Project
from nbmlops.store.background import BackgroundRecords


def record(id: str) -> SnapshotRecord:
    return SnapshotRecord(id=id, snapshot="0" * 64, taken=utc_now(), scope=Scope.DATA, files=0, size=0, stored=0)


def test_what_was_put_is_there_after_a_flush_in_the_order_of_its_ids(project: Project) -> None:
    later = BackgroundRecords(project.records)
    for number in range(200):
        later.put(record(f"{number:03}"), id=f"{number:03}", subject=Scope.DATA)
    later.flush()
    found = project.records.oldest(SnapshotRecord, subject=Scope.DATA)
    assert [each.id for each in found] == [f"{number:03}" for number in range(200)]


def test_flushing_nothing_starts_nothing(project: Project) -> None:
    before = threading.active_count()
    BackgroundRecords(project.records).flush()
    assert threading.active_count() == before


def test_a_store_that_cannot_be_written_is_told_once_and_later_records_are_kept(
    project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    later = BackgroundRecords(project.records)
    project.records.newest(SnapshotRecord)
    project.database.close()
    kept = project.layout.records.with_suffix(".kept")
    project.layout.records.rename(kept)
    project.layout.records.mkdir()
    with caplog.at_level(logging.WARNING, "nbmlops"):
        for number in range(2):
            later.put(record(f"lost{number}"), id=f"lost{number}")
            later.flush()
    assert len([line for line in caplog.messages if line.startswith("cells could not be recorded: ")]) == 1
    project.layout.records.rmdir()
    kept.rename(project.layout.records)
    later.put(record("kept"), id="kept")
    later.flush()
    assert [each.id for each in project.records.oldest(SnapshotRecord)] == ["kept"]
