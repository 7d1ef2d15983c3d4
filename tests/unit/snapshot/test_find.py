from __future__ import annotations

import time

import pytest

from nbmlops.errors import IntegrityError, UsageError
from nbmlops.lib.clock import new_id, utc_now
from nbmlops.lib.digest import short
from nbmlops.model.snapshot import Scope, SnapshotRecord
from nbmlops.project import Project
from nbmlops.snapshot.find import find_record, load


def recorded(project: Project, digest: str, scope: Scope = Scope.DATA) -> SnapshotRecord:
    record = SnapshotRecord(id=new_id(), snapshot=digest, taken=utc_now(), scope=scope, files=0, size=0, stored=0)
    project.records.put(record, id=record.id, subject=scope)
    time.sleep(0.002)  # ids sort by milliseconds
    return record


def test_a_snapshot_is_found_by_the_beginning_of_its_digest_or_by_its_scope(project: Project) -> None:
    one, other = recorded(project, "abcd1" + "0" * 59), recorded(project, "abcd2" + "0" * 59, Scope.CODE)
    newest = recorded(project, "abcd1" + "0" * 59)
    assert find_record("abcd1", project.records) == newest
    assert find_record(one.id, project.records) == one
    assert find_record("abcd2" + "0" * 59, project.records) == other
    assert find_record("code", project.records) == other
    assert find_record("data", project.records) == newest
    assert find_record("abc", project.records) is None
    assert find_record("ffff", project.records) is None


def test_a_beginning_that_several_snapshots_have_is_refused_with_their_names(project: Project) -> None:
    recorded(project, "abcd1" + "0" * 59)
    recorded(project, "abcd2" + "0" * 59)
    with pytest.raises(UsageError) as caught:
        find_record("abcd", project.records)
    assert str(caught.value) == ("'abcd' is the beginning of 2 snapshots: abcd20000000, abcd10000000. Type more of it.")


def test_an_object_that_is_no_snapshot_is_refused_by_name(project: Project) -> None:
    digest, _ = project.objects.put_bytes(b"hello")
    with pytest.raises(IntegrityError, match=f"^snapshot {short(digest)} is not a readable snapshot"):
        load(digest, project.objects)
