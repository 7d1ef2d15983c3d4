"""Versions of registered models, marked past MLflow's object mapper: MLflow sees what it would have written."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient

from nbmlops.errors import NotFoundError, UnavailableError
from nbmlops.model.run import ModelView
from nbmlops.track import address, edit, lists_client, versions_sqlite
from nbmlops.track.registry import newest_version, version_made_of
from nbmlops.track.unknown_tables import UnknownTables

RUN = "0" * 32
MODEL = ModelView(id="m-1", name="model", status="READY", location="/models/m-1", run=RUN, created=None, tags={})


@pytest.fixture
def uri(tmp_path: Path) -> str:
    """A registry with three versions of `wine`, of which the third is deleted, and one of `beer`."""
    uri = address.tracking_uri(tmp_path)
    address.prepare(tmp_path, uri)
    client = MlflowClient(uri)
    for name in ("wine", "beer"):
        client.create_registered_model(name)
        client.create_model_version(name, source="/models/m-0", run_id="1" * 32)
    client.create_model_version("wine", source="/models/m-1", run_id=RUN)
    client.create_model_version("wine", source="/models/m-2", run_id=RUN)
    client.delete_model_version("wine", "3")
    return uri


def file_of(uri: str) -> Path:
    path = address.sqlite_path(uri)
    assert path is not None
    return path


def test_mlflow_sees_aliases_and_tags_as_its_own(uri: str) -> None:
    client = MlflowClient(uri)
    client.set_registered_model_alias("wine", "old", "1")
    for version in ("1", "2"):
        edit.set_alias(uri, "wine", "champion", version)
        edit.tag_version(uri, "wine", version, {"gate": "passed", "été": version})
    edit.tag_version(uri, "wine", "2", {"gate": "refused"})
    assert client.get_registered_model("wine").aliases == {"old": 1, "champion": 2}
    assert client.get_registered_model("beer").aliases == {}
    assert client.get_model_version("wine", "2").tags == {"gate": "refused", "été": "2"}
    assert client.get_model_version("wine", "2").aliases == ["champion"]
    assert client.get_model_version("beer", "1").tags == {}
    client.set_registered_model_alias("wine", "champion", "1")
    assert edit.version_called(uri, "wine", "champion") == "1"
    client.set_model_version_tag("wine", "2", "gate", "passed")
    assert edit.version_tags(uri, "wine", "2") == {"gate": "passed", "été": "2"}


@pytest.mark.parametrize(("name", "version"), [("wine", "3"), ("wine", "9"), ("water", "1")])
def test_a_version_that_is_not_there_takes_no_mark(uri: str, name: str, version: str) -> None:
    with pytest.raises(NotFoundError, match=f"no version {version} of the model {name}"):
        edit.set_alias(uri, name, "champion", version)
    with pytest.raises(NotFoundError):
        edit.tag_version(uri, name, version, {"a": "b"})
    assert MlflowClient(uri).get_registered_model("wine").aliases == {}


def test_the_version_of_a_model_is_found_as_mlflow_finds_it(uri: str) -> None:
    assert version_made_of(uri, "wine", MODEL) == "2"
    assert version_made_of(uri, "beer", MODEL) is None
    sources = ("models:/m-1", "/models/m-1")
    assert lists_client.version_made_of(uri, "wine", RUN, sources) == "2"
    assert lists_client.version_made_of(uri, "beer", RUN, sources) is None


def test_a_deleted_version_is_none(uri: str) -> None:
    assert newest_version(uri, "wine")[0] == "2"
    path = file_of(uri)
    assert versions_sqlite.model_version(path, "wine", alias=None, version="3") is None
    assert versions_sqlite.model_version(path, "wine", alias=None, version="latest") == "2"
    assert lists_client.newest_version(uri, "wine")[0] == "2"


def test_a_locked_file_is_told(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions_sqlite, "BUSY_SECONDS", 0.1)
    with contextlib.closing(sqlite3.connect(file_of(uri), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(UnavailableError, match="in use by another process"):
            edit.set_alias(uri, "wine", "champion", "1")
        other.execute("ROLLBACK")


def test_tables_of_another_layout_are_left_to_mlflow(uri: str, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with contextlib.closing(sqlite3.connect(other)) as database:
        database.execute("CREATE TABLE model_versions (name, version, current_stage)")
        database.commit()
    with pytest.raises(UnknownTables, match="workspace"):
        versions_sqlite.set_alias(other, "wine", "champion", "1")


def test_marking_does_not_import_mlflow(uri: str) -> None:
    code = (
        "import sys; from nbmlops.track import edit; edit.set_alias(sys.argv[1], 'wine', 'a', '1');"
        "edit.tag_version(sys.argv[1], 'wine', '1', {'a': 'b'}); assert 'mlflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, uri], check=True)
    assert MlflowClient(uri).get_model_version("wine", "1").tags == {"a": "b"}
