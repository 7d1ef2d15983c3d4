"""What a run, a name, a document or youth holds stays; the rest goes, and the room with it."""

from __future__ import annotations

import json
import os
import time
from datetime import timedelta

import pytest
import zstandard

from nbmlops.errors import StateError, UsageError
from nbmlops.lib.clock import new_id, utc_now
from nbmlops.lib.digest import digest_bytes
from nbmlops.model.run import RunView, Tags
from nbmlops.model.snapshot import Scope, SnapshotRecord
from nbmlops.model.step_cache import Observed, StepEntry, StepKey
from nbmlops.ops import gc as gc_module
from nbmlops.ops.call import Call
from nbmlops.ops.gc import Request, Result, gc
from nbmlops.ops.snapshot import take_data
from nbmlops.ops.verify import Request as VerifyRequest
from nbmlops.ops.verify import verify
from nbmlops.project import Project
from nbmlops.snapshot.find import load
from nbmlops.store import sweep
from nbmlops.store.objects import Objects


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[RunView]:
    """The runs that MLflow has. (That lists of them are right is tested with a real MLflow in tests/unit/track.)"""
    found: list[RunView] = []
    monkeypatch.setattr(gc_module, "_runs", lambda project: tuple(found))
    return found


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if everything had been written long ago."""
    monkeypatch.setattr(sweep, "YOUNG_SECONDS", -10)
    monkeypatch.setattr(gc_module, "YOUNG_SECONDS", -10)


def taken(project: Project, content: bytes, message: str = "") -> SnapshotRecord:
    data = project.root / "data"
    data.mkdir(exist_ok=True)
    (data / "file").write_bytes(content)
    return take_data(project, [data], message=message)


def run(name: str, *held: str, tag: str = Tags.DATA_SNAPSHOT) -> RunView:
    tags = {f"{tag}{number or ''}": digest for number, digest in enumerate(held)}
    return RunView(id=digest_bytes(name.encode())[:32], name=name, status="FINISHED", experiment="x", tags=tags)


def collected(project: Project, age: str = "0", *, dry_run: bool = False) -> Result:
    result = gc(Call(project.root), Request(older_than=age, dry_run=dry_run))
    assert verify(Call(project.root), VerifyRequest()).exit_code == 0
    return result


def listed(project: Project) -> set[str]:
    return {record.snapshot for record in project.records.newest(SnapshotRecord)}


def content(project: Project, record: SnapshotRecord) -> bytes:
    (entry,) = load(record.snapshot, project.objects).entries
    return project.objects.read(entry.digest)


def on_disk(project: Project) -> int:
    return sum(project.objects.packs.path(name).stat().st_size for name in project.objects.packs.names())


@pytest.mark.usefixtures("later")
def test_what_nothing_holds_goes_and_the_rest_stays(project: Project, runs: list[RunView]) -> None:
    parts = {name: os.urandom(300_000) for name in ("of a run", "loose", "named", "newest")}
    of_run, loose = taken(project, parts["of a run"]), taken(project, parts["loose"])
    named, newest = taken(project, parts["named"], "keep me"), taken(project, parts["newest"])
    runs.append(run("forest", of_run.snapshot))
    before = on_disk(project)
    wished = collected(project, dry_run=True)
    assert [record.id for record in wished.snapshots] == [loose.id]
    assert (on_disk(project), listed(project)) == (
        before,
        {of_run.snapshot, loose.snapshot, named.snapshot, newest.snapshot},
    )
    done = collected(project)
    assert done.freed == wished.freed
    assert before - on_disk(project) == pytest.approx(done.freed, abs=10_000)
    assert done.freed > 300_000
    assert listed(project) == {of_run.snapshot, named.snapshot, newest.snapshot}
    assert not project.objects.has(digest_bytes(parts["loose"]))
    for record, name in ((of_run, "of a run"), (named, "named"), (newest, "newest")):
        assert content(project, record) == parts[name]
    assert collected(project).freed == 0


@pytest.mark.usefixtures("later")
def test_a_run_says_what_it_alone_holds(project: Project, runs: list[RunView]) -> None:
    common, alone = os.urandom(400_000), os.urandom(500_000)
    first = taken(project, common)
    second = taken(project, common + alone)
    taken(project, b"newest")
    runs += [run("small", first.snapshot), run("large", second.snapshot)]
    shares = {share.name: share.own_bytes for share in collected(project, dry_run=True).runs}
    assert list(shares) == ["large", "small"]
    assert 490_000 < shares["large"] < 900_000
    assert shares["small"] < 300_000  # all but the last chunk is in the other as well
    runs.pop()
    freed = collected(project).freed
    assert freed == pytest.approx(shares["large"], rel=0.05)
    assert content(project, first) == common


@pytest.mark.usefixtures("later")
def test_what_two_runs_hold_is_nobodys_own(project: Project, runs: list[RunView]) -> None:
    record = taken(project, os.urandom(100_000))
    taken(project, b"newest")
    runs += [run("a", record.snapshot), run("b", record.snapshot)]
    assert collected(project).runs == ()
    assert project.objects.has(record.snapshot)


@pytest.mark.usefixtures("later")
def test_a_document_of_any_kind_holds_what_it_names(project: Project, runs: list[RunView]) -> None:
    output, _ = project.objects.put_bytes(os.urandom(200_000))
    inner, _ = project.objects.put_bytes(json.dumps({"kind": "outputs", "of": [output]}).encode())
    trace, _ = project.objects.put_bytes(json.dumps({"cells": [{"outputs": inner}], "kind": "trace"}).encode())
    other, _ = project.objects.put_bytes(os.urandom(200_000))
    runs.append(run("traced", trace, tag="nbmlops.trace"))
    assert collected(project).runs[0].own_bytes > 200_000
    assert all(project.objects.has(digest) for digest in (trace, inner, output))
    assert not project.objects.has(other)


@pytest.mark.usefixtures("later")
def test_files_of_pipelines_hold_what_they_name(project: Project, runs: list[RunView]) -> None:
    digest, _ = project.objects.put_bytes(b"the notebook's code")
    folder = project.root / "pipelines" / "wine"
    folder.mkdir(parents=True)
    (folder / "certificate.json").write_text(json.dumps({"code": digest}))
    collected(project)
    assert project.objects.has(digest)
    (folder / "certificate.json").unlink()
    collected(project)
    assert not project.objects.has(digest)


def test_young_snapshots_and_young_packs_stay(project: Project, runs: list[RunView]) -> None:
    old = taken(project, b"old")
    taken(project, b"new")
    assert collected(project, "14d").snapshots == ()
    assert collected(project, "0").snapshots[0].id == old.id
    assert project.objects.read(digest_bytes(b"old")) == b"old"  # its pack is less than an hour old


def test_content_that_was_there_before_and_is_put_again_is_not_garbage(
    project: Project, runs: list[RunView], monkeypatch: pytest.MonkeyPatch
) -> None:
    digest, _ = project.objects.put_bytes(b"a git diff, say")
    long_ago = time.time() - 7200
    for name in project.objects.packs.names():
        os.utime(project.objects.packs.path(name), (long_ago, long_ago))
    assert project.objects.put_bytes(b"a git diff, say") == (digest, 0)
    collected(project)
    assert project.objects.has(digest)
    monkeypatch.setattr(gc_module, "YOUNG_SECONDS", -10)
    collected(project)
    assert not project.objects.has(digest)


@pytest.mark.usefixtures("later")
def test_many_small_packs_become_one(project: Project, runs: list[RunView]) -> None:
    records = [taken(project, b"%d" % number, "kept") for number in range(12)]
    assert collected(project).packs_after == 1
    assert [content(project, record) for record in records] == [b"%d" % number for number in range(12)]
    assert Objects(project.objects.folder).read(digest_bytes(b"3")) == b"3"


@pytest.mark.usefixtures("later")
def test_objects_of_the_first_layout_move_into_packs_with_their_records(project: Project, runs: list[RunView]) -> None:
    large = os.urandom(1_000_000)
    for data in (large, b"garbage"):
        path = project.objects.loose.path(digest_bytes(data))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"NBO1\x01" + zstandard.compress(data))
    record = taken(project, large, "named")
    result = collected(project)
    assert result.folded == 1
    assert list(Objects(project.objects.folder).loose.digests()) == []
    assert content(Project.find(project.root), record) == large


@pytest.mark.usefixtures("later")
def test_a_record_from_before_there_were_packs_is_packed(project: Project, runs: list[RunView]) -> None:
    record = taken(project, b"x")
    old = SnapshotRecord(
        id="0" * 26, snapshot=record.snapshot, taken=utc_now() - timedelta(days=400), scope=Scope.DATA, files=1, size=1,
        stored=1, message="of the first version",
    )  # fmt: skip
    project.records.put(old, id=old.id, subject=Scope.DATA)
    collected(project)
    project.database.close()
    for path in project.layout.folder.glob("records.db*"):
        path.unlink()
    assert old in Project.find(project.root).records.newest(SnapshotRecord)


def test_leftovers_of_killed_writers_are_taken_away_after_an_hour(project: Project, runs: list[RunView]) -> None:
    taken(project, b"x")
    places = [project.root / "data", project.objects.packs.folder, project.layout.folder]
    for place in places:
        for name, age in ((f"{0:016x}", 7200), (f"{1:016x}", 60)):
            (place / f".nbmlops-{name}").write_bytes(b"half")
            os.utime(place / f".nbmlops-{name}", (time.time() - age, time.time() - age))
    assert collected(project).leftovers == len(places)
    assert [path.name for place in places for path in place.glob(".nbmlops-*")] == [f".nbmlops-{1:016x}"] * 3


@pytest.mark.usefixtures("later")
def test_a_pack_with_damage_that_is_needed_is_left_as_it_is(project: Project, runs: list[RunView]) -> None:
    taken(project, os.urandom(100_000))
    named = taken(project, b"needed " * 40, "named")
    (name,) = {
        name for name in project.objects.packs.names()
        for entry in project.objects.packs.trailer(name) if entry.digest.hex() == digest_bytes(b"needed " * 40)
    }  # fmt: skip
    path = project.objects.packs.path(name)
    path.write_bytes(path.read_bytes()[:6] + b"\xff" + path.read_bytes()[7:])
    assert verify(Call(project.root), VerifyRequest()).snapshots[0].snapshot == named.snapshot
    gc(Call(project.root), Request(older_than="0"))
    assert name in project.objects.packs.names()


def test_without_the_runs_nothing_is_collected(project: Project) -> None:
    data = project.root / "data"
    data.mkdir()
    take_data(project, [data], run="0" * 32)
    with pytest.raises(StateError, match="cannot be seen"):
        gc(Call(project.root), Request(older_than="0"))


@pytest.mark.parametrize("age", ["", "soon", "-1d", "3w"])
def test_an_age_that_is_none_is_refused(project: Project, age: str) -> None:
    with pytest.raises(UsageError, match="is not an age"):
        gc(Call(project.root), Request(older_than=age))


def test_a_real_mlflow_run_holds_its_snapshot_until_it_is_deleted(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nbmlops.track.writer import Writer

    monkeypatch.setattr(sweep, "YOUNG_SECONDS", -10)
    project.prepare_tracking()
    held = taken(project, os.urandom(50_000))
    taken(project, b"newest")
    writer = Writer(project.uri, project.root)
    identity = writer.open_run("forest", "x", tags={Tags.DATA_SNAPSHOT: held.snapshot}, params={}, started_ms=1)
    result = collected(project)
    assert [(share.run, share.name) for share in result.runs] == [(identity, "forest")]
    assert project.objects.has(held.snapshot)
    from mlflow import MlflowClient

    MlflowClient(project.uri).delete_run(identity)
    assert collected(project).freed >= result.runs[0].own_bytes
    assert not project.objects.has(held.snapshot)


def test_old_results_of_steps_go_but_for_the_newest(
    project: Project, runs: list[RunView], later: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gc_module, "RESULTS_PER_STEP", 2)
    digests = []
    for number in range(4):
        digest, _ = project.objects.put_bytes(f"notebook {number}".encode() * 100)
        digests.append(digest)
        key = StepKey(kernel="python3", python="3", cells=(("c", str(number)),), parameters={}, takes={})
        entry = StepEntry(
            id=new_id(),
            key=key,
            observed=Observed(),
            pipeline="p",
            step="s",
            made=utc_now(),
            seconds=1.0,
            notebook=digest,
        )
        project.records.put(entry, id=entry.id)
    assert collected(project, "1d").results == 0, "young ones stay, however many"
    assert collected(project, dry_run=True).results == 2
    assert collected(project).results == 2
    assert [project.objects.has(digest) for digest in digests] == [False, False, True, True]
    assert len(project.records.newest(StepEntry)) == 2
