"""A run travels in its package, and what comes with it is not believed blindly."""

from __future__ import annotations

import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nbmlops.errors import IntegrityError, NotFoundError, UsageError
from nbmlops.lib.digest import digest_bytes
from nbmlops.model.cell import Execution
from nbmlops.model.documents import encode
from nbmlops.model.run import DatasetUse, RunView, Tags
from nbmlops.model.snapshot import Entry, Scope, Snapshot
from nbmlops.model.trace import SessionTrace, Trace
from nbmlops.ops.call import Call
from nbmlops.ops.packed_run import DOCUMENT, OBJECTS, RUN_FILE, packed_run
from nbmlops.ops.receive_run import find_packed_run, receive_run
from nbmlops.ops.reproduce import Request, reproduce
from nbmlops.project import Project
from nbmlops.track.lists import datasets, list_runs

WHEN = datetime(2026, 1, 2, tzinfo=UTC)
DATA = b"a,b\n1,2\n"
CODE = b"print(1)\n"


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """A folder as `unpack` leaves it: run.zip and the data."""
    project = Project.init(tmp_path / "maker")
    project.prepare_tracking()
    data, code = (digest_bytes(content) for content in (DATA, CODE))
    entry = Entry(path="data/a.csv", digest=data, size=len(DATA))
    with project.objects.writing() as writer:
        writer.put_bytes(DATA)
        writer.put_bytes(CODE)
        trees = {
            Tags.DATA_SNAPSHOT: Snapshot(scope=Scope.DATA, entries=(entry,)),
            Tags.CODE_SNAPSHOT: Snapshot(scope=Scope.CODE, entries=(Entry(path="a.py", digest=code, size=len(CODE)),)),
        }
        tags = {name: writer.put_bytes(encode(tree))[0] for name, tree in trees.items()}
        execution = Execution(
            id="e1", session="s1", notebook="a.ipynb", order=1, source="print(1)", started=WHEN, seconds=0.1
        )
        trace = Trace(
            sessions=(
                SessionTrace(session="s1", notebook="a.ipynb", folder=".", door="magics", executions=(execution,)),
            )
        )
        tags[Tags.TRACE] = writer.put_bytes(encode(trace))[0]
        writer.commit()
    run = RunView(
        id="f" * 32,
        name="first",
        status="FINISHED",
        experiment="wine",
        started=WHEN,
        ended=WHEN,
        params={"depth": "3"},
        metrics={"score": 0.9, "broken": float("nan")},
        tags={**tags, Tags.MLFLOW_USER: "somebody", Tags.MLFLOW_SOURCE: str(tmp_path), Tags.RESULT: "r1"},
    )
    uses = (DatasetUse(name="a.csv", path="data/a.csv", digest=data, size=len(DATA)),)
    first = packed_run(project, run, uses)
    assert first is not None
    assert packed_run(project, run, uses) == first
    assert str(tmp_path).encode() not in first
    folder = tmp_path / "out"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "a.csv").write_bytes(DATA)
    (folder / RUN_FILE).write_bytes(first)
    project.database.close()
    shutil.rmtree(tmp_path / "maker")
    return folder


def received(folder: Path) -> RunView:
    found = find_packed_run(folder)
    assert found is not None
    return receive_run(Call(folder), found)


def test_it_is_a_run_of_the_folder_once(packed: Path) -> None:
    run = received(packed)
    assert (run.name, run.status, run.params, run.metrics) == ("first", "FINISHED", {"depth": "3"}, {"score": 0.9})
    assert (run.started, run.tags[Tags.RECEIVED]) == (WHEN, "f" * 32)
    assert received(packed).id == run.id
    project = Project.find(packed)
    assert len(list_runs(project.uri, limit=10)) == 1
    assert [project.relative(Path(use.path)) for use in datasets(project.uri, run.id)] == ["data/a.csv"]
    for content in (DATA, CODE):
        assert project.objects.read(digest_bytes(content)) == content


def test_data_that_has_changed_or_is_not_there_is_named(packed: Path) -> None:
    (packed / "data" / "a.csv").write_bytes(b"other")
    with pytest.raises(IntegrityError, match=r"data/a\.csv is not what run first read"):
        received(packed)
    (packed / "data" / "a.csv").unlink()
    with pytest.raises(NotFoundError, match=r"data/a\.csv, which run first read, is not here"):
        received(packed)
    assert list_runs(Project.find(packed).uri, limit=10) == ()
    (packed / "data" / "a.csv").write_bytes(DATA)
    assert received(packed).name == "first"


def rewritten(folder: Path, change: dict[str, bytes | None], method: int = zipfile.ZIP_STORED) -> None:
    path = folder / RUN_FILE
    with zipfile.ZipFile(path) as archive:
        contents: dict[str, bytes | None] = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in {**contents, **change}.items():
            if content is not None:
                archive.writestr(name, content)


def test_an_archive_that_was_tampered_with_is_refused(packed: Path) -> None:
    whole = (packed / RUN_FILE).read_bytes()
    code = f"{OBJECTS}{digest_bytes(CODE)}"
    rewritten(packed, {code: b"import os"})
    with pytest.raises(IntegrityError, match="is another one"):
        received(packed)
    (packed / RUN_FILE).write_bytes(whole)
    rewritten(packed, {"../outside": b"x", f"{OBJECTS}../../outside": b"x"})
    assert received(packed).name == "first"  # what is no object is not looked at
    assert not list(packed.parent.rglob("outside"))
    for change in ({DOCUMENT: None}, {DOCUMENT: b"{}"}, {DOCUMENT: b'{"kind":"packed-run","version":99}'}):
        (packed / RUN_FILE).write_bytes(whole)
        rewritten(packed, change)
        with pytest.raises(IntegrityError):
            find_packed_run(packed)
    (packed / RUN_FILE).write_bytes(whole)
    rewritten(packed, {"bomb": bytes(1 << 20)}, zipfile.ZIP_DEFLATED)
    with pytest.raises(IntegrityError, match="holds more than a run has"):
        find_packed_run(packed)
    (packed / RUN_FILE).write_bytes(whole[:-30])
    with pytest.raises(IntegrityError, match="it is no archive"):
        find_packed_run(packed)


def test_reproduce_names_what_it_lacks(packed: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"Which run\?"):
        reproduce(Call(tmp_path / "empty"), Request())
    with pytest.raises(NotFoundError):
        reproduce(Call(packed), Request(run="second"))
