"""A bucket as remote, its server killed in the middle of a push."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbmlops.errors import IntegrityError, NotFoundError, UnavailableError
from nbmlops.ops import remote as remote_verb
from nbmlops.ops.call import Call
from nbmlops.ops.restore import Request as RestoreRequest
from nbmlops.ops.restore import restore
from nbmlops.ops.snapshot import Request as SnapshotRequest
from nbmlops.ops.snapshot import snapshot
from nbmlops.project import Project
from nbmlops.store.remote import Remote
from tests.services import servers
from tests.unit.ops.test_remote import do, fill, same


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[servers.Server, str]]:
    with servers.s3(tmp_path / "s3.log") as (server, address):
        for name, value in servers.aws(address).items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("AWS_ENDPOINT_URL")
        yield server, address


def add(project: Project, address: str) -> None:
    request = remote_verb.Request(action="add", name="team", more=(f"s3://{servers.BUCKET}/wine",), endpoint=address)
    remote_verb.remote(Call(project.root), request)


def test_a_bucket_keeps_what_a_clone_restores(project: Project, tmp_path: Path, bucket: tuple[object, str]) -> None:
    clone = Project.init(tmp_path / "clone")
    for each in (project, clone):
        add(each, bucket[1])
    digest = fill(project, "a.bin")
    do(project.root, "push")
    again = do(project.root, "push").moved
    assert again is not None
    assert again.packs == 0
    do(clone.root, "pull", "team", digest[:10])
    restore(Call(clone.root), RestoreRequest(snapshot=digest[:12]))
    assert same(project, clone, "a.bin")
    (known,) = do(project.root, "status").remotes
    assert (known.to_push, known.to_pull, known.problem) == (0, 0, "")


def test_a_server_that_is_killed_in_a_push_leaves_both_sides_usable(
    project: Project, bucket: tuple[servers.Server, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, address = bucket
    add(project, address)
    digest = fill(project, "a.bin", 3_000_000)
    fill(project, "b.bin", 3_000_000)
    sent: list[str] = []
    send = Remote.send_pack

    def dying(self: Remote, path: Path, name: str) -> None:
        if sent:
            threading.Timer(0.005, os.killpg, (server.pid, signal.SIGKILL)).start()
        send(self, path, name)
        sent.append(name)
        time.sleep(0.05)

    monkeypatch.setattr(Remote, "send_pack", dying)
    with pytest.raises(UnavailableError, match="team"):
        do(project.root, "push")
    assert sent
    restore(Call(project.root), RestoreRequest(snapshot=digest[:12], to="again"))
    monkeypatch.setattr(Remote, "send_pack", send)
    # moto keeps everything in memory, so the bucket that comes back is an empty one.
    (known,) = do(project.root, "status").remotes
    assert "cannot be used" in known.problem


def test_a_bucket_that_is_not_there_is_told(project: Project, bucket: tuple[object, str]) -> None:
    request = remote_verb.Request(action="add", name="team", more=("s3://nowhere/wine",), endpoint=bucket[1])
    remote_verb.remote(Call(project.root), request)
    fill(project, "a.bin")
    with pytest.raises(UnavailableError, match="team"):
        do(project.root, "push")


def test_an_object_is_kept_by_reference_and_restored_only_as_it_was(
    project: Project, bucket: tuple[object, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import boto3

    monkeypatch.setenv("AWS_ENDPOINT_URL", bucket[1])
    client = boto3.client("s3", endpoint_url=bucket[1])
    for name in ("raw/a.csv", "raw/b.csv"):
        client.put_object(Bucket=servers.BUCKET, Key=name, Body=name.encode())
    done = snapshot(Call(project.root), SnapshotRequest(paths=(f"s3://{servers.BUCKET}/raw",)))
    digest = done.record.snapshot
    assert done.record.files == 2
    restore(Call(project.root), RestoreRequest(snapshot=digest[:12]))
    assert (project.root / "s3" / servers.BUCKET / "raw" / "b.csv").read_bytes() == b"raw/b.csv"

    client.put_object(Bucket=servers.BUCKET, Key="raw/b.csv", Body=b"raw/X.csv")
    with pytest.raises(IntegrityError, match="no longer what was kept"):
        restore(Call(project.root), RestoreRequest(snapshot=digest[:12], to="out"))
    client.delete_object(Bucket=servers.BUCKET, Key="raw/b.csv")
    with pytest.raises(NotFoundError, match="not there any more"):
        restore(Call(project.root), RestoreRequest(snapshot=digest[:12], to="out"))
    with pytest.raises(NotFoundError, match="nothing at"):
        snapshot(Call(project.root), SnapshotRequest(paths=(f"s3://{servers.BUCKET}/none",)))


def test_of_a_bucket_with_versions_the_old_one_comes_back(
    project: Project, bucket: tuple[object, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import boto3

    monkeypatch.setenv("AWS_ENDPOINT_URL", bucket[1])
    client = boto3.client("s3", endpoint_url=bucket[1])
    client.put_bucket_versioning(Bucket=servers.BUCKET, VersioningConfiguration={"Status": "Enabled"})
    client.put_object(Bucket=servers.BUCKET, Key="a.csv", Body=b"first")
    digest = snapshot(Call(project.root), SnapshotRequest(paths=(f"s3://{servers.BUCKET}/a.csv",))).record.snapshot
    client.put_object(Bucket=servers.BUCKET, Key="a.csv", Body=b"second")
    restore(Call(project.root), RestoreRequest(snapshot=digest[:12]))
    assert (project.root / "s3" / servers.BUCKET / "a.csv").read_bytes() == b"first"
