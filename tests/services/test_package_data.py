"""Data that a run has read from a bucket: its package refers to them, and whoever unpacks it gets the same bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from nbmlops import api
from nbmlops.errors import IntegrityError, NbmlopsError, NotFoundError
from nbmlops.ops.pack import Result
from nbmlops.ops.session import Session
from nbmlops.project import Project
from tests.services import servers

KEY = "wines/2026/train.csv"
DATA = b"a,b\n1,2\n2,3\n3,5\n"
URI = f"s3://{servers.BUCKET}/{KEY}"
PLACE = f"s3/{servers.BUCKET}/{KEY}"
FIT = f"""
import fsspec, io, pandas
from sklearn.linear_model import Ridge
with fsspec.open("{URI}", "rb") as file:
    table = pandas.read_csv(io.BytesIO(file.read()))
model = Ridge(alpha=2).fit(table[["a"]], table.b)
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with servers.s3(tmp_path_factory.mktemp("s3") / "log") as (_, address):
        yield address


@pytest.fixture
def bucket(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("KITOPS_HOME", str(tmp_path / "kitops"))
    for name, value in servers.aws(address).items():
        monkeypatch.setenv(name, value)
    return address


def client(address: str) -> Any:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    return boto3.client("s3", endpoint_url=address, **keys)


def put(address: str, data: bytes) -> None:
    client(address).put_object(Bucket=servers.BUCKET, Key=KEY, Body=data)


def versioned(address: str, state: str) -> None:
    client(address).put_bucket_versioning(Bucket=servers.BUCKET, VersioningConfiguration={"Status": state})


def packed(root: Path, monkeypatch: pytest.MonkeyPatch) -> Result:
    project = Project.init(root)
    monkeypatch.chdir(root)
    session = Session(project, notebook=None, namespace={})
    session.sensors.install()
    try:
        session.before_cell(FIT, FIT, "c1")
        exec(FIT, {})
        session.after_cell(None, 1)
        session.scribe.flush(60.0)
    finally:
        session.close(60.0)
    return api.pack(folder=root, tag="wine:v1")


def test_what_was_read_from_a_bucket_is_referred_to_and_comes_back(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(bucket, DATA)
    result = packed(tmp_path / "maker", monkeypatch)
    assert result.remote == (URI,)
    assert "dataset" not in {layer.kind for layer in result.package.layers}
    plain = api.unpack(package="wine:v1", dir=str(tmp_path / "plain"))
    assert plain.left == (URI,)
    api.unpack(package="wine:v1", dir=str(tmp_path / "full"), include_remote=True)
    assert (tmp_path / "full" / PLACE).read_bytes() == DATA
    said = json.loads((tmp_path / "full" / "provenance.json").read_text())["buildDefinition"]["resolvedDependencies"]
    assert [each["name"] for each in said if "etag" in each["digest"]] == [URI]
    monkeypatch.setenv("NBMLOPS_KEY_PASSWORD", "between tests")
    api.sign(package="wine:v1", new_key=True)
    (tmp_path / "maker" / "nbmlops-policy.yaml").write_text("signed: nbmlops.pub\ndata: known\n")
    assert api.verify(package="wine:v1").package.findings == ()

    put(bucket, b"a,b\n9,9\n")
    with pytest.raises(IntegrityError, match=r"is no longer what the package was made with: its ETag is"):
        api.unpack(package="wine:v1", dir=str(tmp_path / "late"), include_remote=True)
    assert not (tmp_path / "late" / PLACE).exists()
    client(bucket).delete_object(Bucket=servers.BUCKET, Key=KEY)
    with pytest.raises(NotFoundError, match=r"is not there any more\..*without --include-remote"):
        api.unpack(package="wine:v1", dir=str(tmp_path / "late"), include_remote=True)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(NbmlopsError, match="cannot be used"):
        api.unpack(package="wine:v1", dir=str(tmp_path / "late"), include_remote=True)


def test_of_a_bucket_with_versions_the_one_that_was_read_comes_back(
    bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    versioned(bucket, "Enabled")
    try:
        put(bucket, DATA)
        result = packed(tmp_path / "maker", monkeypatch)
        assert result.remote[0].startswith(f"{URI}?versionId=")
        put(bucket, b"a,b\n9,9\n")
        api.unpack(package="wine:v1", dir=str(tmp_path / "full"), include_remote=True)
        assert (tmp_path / "full" / PLACE).read_bytes() == DATA
    finally:
        versioned(bucket, "Suspended")
