"""Signs of change: each says it once, and what cannot be read stops none of them."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbmlops.deploy.folder import FOLDER, DeploymentFolder
from nbmlops.doors.server import signs
from nbmlops.doors.server.signs import (
    DatabaseSign,
    DeploymentsSign,
    FoldersSign,
    PackagesSign,
    ReconcilersSign,
    ServerSign,
)
from nbmlops.errors import UnavailableError
from nbmlops.model.deployment import Spec
from nbmlops.model.run import RunView
from nbmlops.package.layout import Layout
from tests.unit.package.kits import kit_of, tar_of


@pytest.fixture(params=["wal", "delete"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A file `it.db` with a table, in both ways that SQLite writes."""
    with contextlib.closing(sqlite3.connect(tmp_path / "it.db", isolation_level=None, timeout=0)) as connection:
        connection.execute(f"PRAGMA journal_mode = {request.param}")
        connection.execute("CREATE TABLE t (a)")
        yield connection


def test_a_commit_is_seen_once(database: sqlite3.Connection, tmp_path: Path) -> None:
    sign = DatabaseSign(tmp_path / "it.db")
    assert not sign.has_changed()
    database.execute("INSERT INTO t VALUES (1)")
    assert sign.has_changed()
    assert not sign.has_changed()
    database.execute("BEGIN")
    database.execute("INSERT INTO t VALUES (2)")
    assert not sign.has_changed()
    database.execute("ROLLBACK")
    assert not sign.has_changed()
    sign.close()


def test_looking_keeps_no_writer_from_writing(database: sqlite3.Connection, tmp_path: Path) -> None:
    sign = DatabaseSign(tmp_path / "it.db")
    for number in range(20):
        database.execute("INSERT INTO t VALUES (?)", (number,))
        assert sign.has_changed()
    sign.close()


def test_a_locked_database_is_no_news_until_it_is_open_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "it.db", isolation_level=None)) as database:
        database.execute("CREATE TABLE t (a)")
        sign = DatabaseSign(tmp_path / "it.db")
        database.execute("BEGIN EXCLUSIVE")
        database.execute("INSERT INTO t VALUES (1)")
        assert not sign.has_changed()
        assert not sign.has_changed()
        database.execute("COMMIT")
        assert sign.has_changed()
        assert not sign.has_changed()
    assert caplog.records == []
    sign.close()


def test_a_database_that_is_locked_when_the_watch_begins(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "it.db", isolation_level=None)) as database:
        database.execute("CREATE TABLE t (a)")
        database.execute("BEGIN EXCLUSIVE")
        sign = DatabaseSign(tmp_path / "it.db")
        assert not sign.has_changed()
        database.execute("COMMIT")
        assert sign.has_changed()
    sign.close()


def test_a_database_that_comes_and_goes(tmp_path: Path) -> None:
    path = tmp_path / "it.db"
    sign = DatabaseSign(path)
    assert not sign.has_changed()
    _database(path)
    assert sign.has_changed()
    assert not sign.has_changed()
    path.unlink()
    assert sign.has_changed()
    assert not sign.has_changed()
    sign.close()


def test_another_database_in_its_place(tmp_path: Path) -> None:
    path = tmp_path / "it.db"
    _database(path)
    sign = DatabaseSign(path)
    _database(tmp_path / "other.db")
    (tmp_path / "other.db").replace(path)
    assert sign.has_changed()
    assert not sign.has_changed()
    sign.close()


def test_a_damaged_database_is_told_in_one_line_and_watched_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "it.db"
    _database(path)
    sign = DatabaseSign(path)
    good = path.read_bytes()
    path.unlink()
    path.write_bytes(b"this is no database, only a text" * 200)
    with caplog.at_level(logging.WARNING, "nbmlops"):
        assert sign.has_changed()
        for _ in range(5):
            assert not sign.has_changed()
    assert len(caplog.records) == 1
    assert "cannot be watched" in caplog.text
    path.unlink()
    path.write_bytes(good)
    assert sign.has_changed()
    assert not sign.has_changed()
    sign.close()


def test_pipelines_that_come_change_and_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signs, "FILES_SECONDS", 0)
    sign = FoldersSign(tmp_path / "pipelines")
    assert not sign.has_changed()
    folder = tmp_path / "pipelines" / "wine"
    folder.mkdir(parents=True)
    assert sign.has_changed()
    (folder / "pipeline.yaml").write_text("steps: []")
    assert sign.has_changed()
    assert not sign.has_changed()
    (folder / "pipeline.yaml").unlink()
    folder.rmdir()
    assert sign.has_changed()
    (tmp_path / "pipelines").rmdir()
    assert sign.has_changed()
    (tmp_path / "pipelines").write_text("no folder at all")
    assert sign.has_changed()
    assert not sign.has_changed()


def test_folders_are_not_looked_at_again_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signs, "FILES_SECONDS", 1000)
    sign = FoldersSign(tmp_path)
    (tmp_path / "wine").mkdir()
    assert not sign.has_changed()


def test_lists_of_packages_that_come_change_and_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signs, "FILES_SECONDS", 0)
    layout = Layout(tmp_path / "storage")
    sign = PackagesSign(layout.root)
    assert not sign.has_changed()
    layout.put(b"a blob without a name")
    assert not sign.has_changed()
    packed = kit_of(layout, tar_of(("model", b"1")))
    layout.add("localhost/wine", packed)
    assert sign.has_changed()
    layout.add("localhost/wine", packed, ["v1"])
    assert sign.has_changed()
    assert not sign.has_changed()
    tags = next(layout.root.glob("*-tags.json"))
    tags.write_bytes(tags.read_bytes() + b" ")  # as `kit` does, in place
    assert sign.has_changed()
    layout.remove("localhost/wine", packed)
    assert sign.has_changed()
    assert not sign.has_changed()


def test_deployments_that_come_change_and_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signs, "FILES_SECONDS", 0.0)
    sign = DeploymentsSign(tmp_path / FOLDER)
    assert not sign.has_changed()
    wine = DeploymentFolder(tmp_path / FOLDER / "wine")
    with wine.locked(is_new=True):
        assert not sign.has_changed()
        wine.write(Spec(name="wine", port=8090))
        assert sign.has_changed()
        assert not sign.has_changed()
        wine.write(Spec(name="wine", port=8091))
        assert sign.has_changed()
    wine.token()
    (wine.path / "router.log").write_text("said\n")
    assert not sign.has_changed()
    wine.remove()
    assert sign.has_changed()
    assert not sign.has_changed()
    sign.close()


def test_documents_of_reconcilers_that_come_change_and_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signs, "FILES_SECONDS", 0.0)
    documents, kept = tmp_path / "reconcilers", tmp_path / "kept"
    sign = ReconcilersSign(documents, kept)
    assert not sign.has_changed()
    documents.mkdir()
    assert sign.has_changed()
    (documents / "wine.yaml").write_text("kind: Trainer")
    assert sign.has_changed()
    assert not sign.has_changed()
    # Nobody has looked while it was there; somebody may have read it.
    (documents / "broken.yaml").write_text("kind: [")
    (documents / "broken.yaml").unlink()
    assert sign.has_changed()
    kept.mkdir()
    (kept / "wine.lock").touch()
    assert not sign.has_changed()
    (kept / "wine.json").write_text("{}")
    assert sign.has_changed()
    assert not sign.has_changed()
    sign.close()


def test_the_newest_runs_of_a_server_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunView(id="1", name="one", status="RUNNING", experiment="e")
    answers: list[Any] = [(run,), (run,), (RunView(id="1", name="one", status="FINISHED", experiment="e"),)]
    monkeypatch.setattr(signs, "list_runs", lambda uri, *, limit: answers.pop(0))
    sign = ServerSign("http://127.0.0.1:1")
    assert sign.is_due
    assert [sign.has_changed() for _ in range(3)] == [True, False, True]
    assert not sign.is_due


def test_a_silent_server_is_asked_less_often(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def silent(uri: str, *, limit: int) -> Any:
        raise UnavailableError("The server does not answer.", kind="mlflow-unreachable")

    monkeypatch.setattr(signs, "list_runs", silent)
    sign = ServerSign("http://127.0.0.1:1")
    pauses = []
    for _ in range(8):
        assert not sign.has_changed()
        pauses.append(sign._pause)
    assert pauses == sorted(pauses)
    assert pauses[-1] > 10 * signs.SERVER_SECONDS
    assert len(caplog.records) == 1
    monkeypatch.setattr(signs, "list_runs", lambda uri, *, limit: ())
    assert sign.has_changed()
    assert sign._pause == signs.SERVER_SECONDS


def _database(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE t (a)")
        database.commit()
