"""The project's own database: made fast, and moved with the project."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from nbmlops.track import address, template
from nbmlops.track.writer import Writer


def test_the_address_lies_in_the_project_unless_another_is_configured(tmp_path: Path) -> None:
    assert address.tracking_uri(tmp_path, None) == f"sqlite:///{tmp_path}/.nbmlops/mlflow.db"
    assert address.tracking_uri(tmp_path, "") == f"sqlite:///{tmp_path}/.nbmlops/mlflow.db"
    assert address.tracking_uri(tmp_path, "http://mlflow:5000") == "http://mlflow:5000"


def test_a_new_database_is_a_copy_that_mlflow_accepts_at_once(tmp_path: Path) -> None:
    uri = address.tracking_uri(tmp_path)
    template.template()
    started = time.perf_counter()
    address.prepare(tmp_path, uri)
    assert time.perf_counter() - started < 1.0
    experiment = Writer(uri, tmp_path).client.get_experiment("0")
    assert experiment.artifact_location == str(tmp_path / ".nbmlops" / "artifacts" / "0")
    with sqlite3.connect(tmp_path / ".nbmlops" / "mlflow.db") as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_many_who_prepare_at_once_get_one_database(tmp_path: Path) -> None:
    uri = address.tracking_uri(tmp_path)
    threads = [threading.Thread(target=address.prepare, args=(tmp_path, uri)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    left = {path.name for path in (tmp_path / ".nbmlops").iterdir()}
    assert left == {"mlflow.db", "artifacts", "root", "root.lock"}


def test_a_cache_folder_that_cannot_be_written_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    assert template.cache_folder().is_dir()


@pytest.mark.parametrize("name", ["new place", "new"])
def test_a_moved_project_keeps_its_artifacts(tmp_path: Path, name: str) -> None:
    old, new = tmp_path / "old", tmp_path / name
    uri = address.tracking_uri(old)
    address.prepare(old, uri)
    writer = Writer(uri, old)
    run = writer.open_run("r", "e", tags={}, params={})
    writer.log_text(run, "hello", "note.txt")
    other = writer.open_run("elsewhere", "e", tags={}, params={})
    with sqlite3.connect(old / ".nbmlops" / "mlflow.db") as database:
        database.execute("UPDATE runs SET artifact_uri = 's3://bucket/x' WHERE run_uuid = ?", (other,))
    writer.client._tracking_client.store.engine.dispose()
    shutil.move(old, new)

    moved = address.tracking_uri(new)
    address.prepare(new, moved)
    client = Writer(moved, new).client
    assert Path(client.download_artifacts(run, "note.txt")).read_text() == "hello"
    assert client.get_run(run).info.artifact_uri.startswith(str(new))
    assert client.get_run(other).info.artifact_uri == "s3://bucket/x"
    assert client.get_experiment_by_name("e").artifact_location.startswith(str(new))


def test_an_old_mlruns_folder_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mlruns" / "0").mkdir(parents=True)
    (tmp_path / "mlruns" / "0" / "meta.yaml").write_text("experiment_id: '0'\n")
    monkeypatch.chdir(tmp_path)
    uri = address.tracking_uri(tmp_path)
    address.prepare(tmp_path, uri)
    assert Writer(uri, tmp_path).open_run("r", "e", tags={}, params={})
    assert {path.name for path in (tmp_path / "mlruns").iterdir()} == {"0"}


FIRST_USE = """
import sys
from pathlib import Path
from nbmlops.track import address
from nbmlops.track.writer import Writer
root, number = Path(sys.argv[1]), sys.argv[2]
sys.stdin.readline()
uri = address.tracking_uri(root)
address.prepare(root, uri)
Writer(uri, root).open_run(number, "e", tags={}, params={"n": number})
"""


def test_many_processes_use_a_new_project_and_a_new_cache_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "project").mkdir()
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", FIRST_USE, str(tmp_path / "project"), str(number)],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    errors = [process.communicate(timeout=300)[1][-2000:] for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, errors
    with contextlib.closing(sqlite3.connect(tmp_path / "project" / ".nbmlops" / "mlflow.db")) as database:
        assert sorted(name for (name,) in database.execute("SELECT name FROM runs")) == ["0", "1", "2", "3"]
        assert database.execute("SELECT count(*) FROM experiments WHERE name = 'e'").fetchone() == (1,)
    left = {path.name for path in (tmp_path / "cache" / "nbmlops").iterdir()}
    assert {Path(name).suffix for name in left} == {".db", ".lock"}
    assert not [path for path in (tmp_path / "project" / ".nbmlops").iterdir() if path.name.startswith(".mlflow")]
