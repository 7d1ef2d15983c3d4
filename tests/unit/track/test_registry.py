"""Which version an address of the model registry means, asked of a file and of MLflow itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbmlops.track import lists_client
from nbmlops.track.registry import version_of


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A registry with three versions of a model; the second is the champion."""
    from mlflow import MlflowClient

    address = f"sqlite:///{tmp_path_factory.mktemp('registry')}/mlflow.db"
    client = MlflowClient(address, registry_uri=address)
    client.create_registered_model("wine")
    for _ in range(3):
        client.create_model_version("wine", source="/nowhere/model")
    client.set_registered_model_alias("wine", "champion", "2")
    return address


@pytest.mark.parametrize(
    ("address", "version"),
    [
        ("models:/wine@champion", "2"),
        ("models:/wine/3", "3"),
        ("models:/wine/latest", "3"),
        ("models:/wine/9", None),
        ("models:/wine/Production", None),
        ("models:/wine@absent", None),
        ("models:/absent@champion", None),
        ("models:/wine", None),
        ("runs:/abc/model", None),
    ],
)
def test_a_file_and_mlflow_agree(uri: str, address: str, version: str | None) -> None:
    assert version_of(uri, address) == version
    name, _, rest = address.removeprefix("models:/").partition("/" if "@" not in address else "@")
    if address.startswith("models:/") and rest:
        alias = rest if "@" in address else None
        assert lists_client.model_version(uri, name, alias=alias, version=None if alias else rest) == version


def test_where_nothing_is_tracked_yet_there_is_no_model(tmp_path: Path) -> None:
    assert version_of(f"sqlite:///{tmp_path}/mlflow.db", "models:/wine@champion") is None
    assert not (tmp_path / "mlflow.db").exists()


def test_a_registry_of_its_own_is_asked(uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", uri)
    assert version_of(f"sqlite:///{tmp_path}/mlflow.db", "models:/wine@champion") == "2"
