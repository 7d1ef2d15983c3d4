"""The files of models that lie in folders; those of servers: tests/services."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbmlops.errors import ExternalError
from nbmlops.model.run import ModelView
from nbmlops.track.model_files import fetch_model


def model(location: str) -> ModelView:
    return ModelView(id="m-1", name="forest", status="READY", location=location, run="r")


def test_a_folder_is_copied_also_from_where_the_project_has_moved_to(tmp_path: Path) -> None:
    artifacts = tmp_path / "project" / ".nbmlops" / "artifacts"
    (artifacts / "1" / "m").mkdir(parents=True)
    (artifacts / "1" / "m" / "MLmodel").write_text("flavors: {}\n")
    for number, location in enumerate((f"file://{artifacts}/1/m", "/somewhere/else/.nbmlops/artifacts/1/m")):
        fetch_model("", model(location), tmp_path / str(number), artifacts=artifacts)
        assert (tmp_path / str(number) / "MLmodel").read_text() == "flavors: {}\n"


def test_a_folder_that_is_no_model_is_not_copied(tmp_path: Path) -> None:
    """A server may name any folder of this machine."""
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "key").write_text("secret")
    with pytest.raises(ExternalError, match="there is no MLmodel in"):
        fetch_model("", model(str(tmp_path / "private")), tmp_path / "out", artifacts=tmp_path / "artifacts")
    assert not (tmp_path / "out").exists()
