"""A team server for all tests here, MLflow on PostgreSQL with artifacts in S3; and podman."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.services import servers
from tests.services.containers import Podman, why_not


@dataclass(frozen=True)
class Team:
    uri: str
    """Of the MLflow server."""
    server: servers.Server
    database: str
    """SQLAlchemy's address of PostgreSQL."""
    s3: str
    """Address of S3."""


@pytest.fixture(scope="session")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    programs = servers.postgresql_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed. On Debian, as root: apt-get install postgresql")
    logs = tmp_path_factory.mktemp("services")
    with servers.postgresql(programs) as database, servers.s3(logs / "s3.log") as (_, s3):
        env = {**servers.aws(s3), "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
        server, uri = servers.mlflow_server(database, f"s3://{servers.BUCKET}/artifacts", logs / "mlflow.log", env)
        server.start()
        try:
            yield Team(uri=uri, server=server, database=database, s3=s3)
        finally:
            server.stop()


@pytest.fixture(scope="module")
def podman() -> Iterator[Podman]:
    if reason := why_not():
        pytest.skip(reason)
    # Not below pytest's folder: where paths are long, podman does not hear of a container's end and waits 20 s.
    with tempfile.TemporaryDirectory(prefix="nb-") as name:
        podman = Podman(Path(name))
        if reason := podman.why_not(Path(name) / "root"):
            pytest.skip(reason)
        yield podman
