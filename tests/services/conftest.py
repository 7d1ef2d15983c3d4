"""One team server for all tests here: MLflow on PostgreSQL, artifacts in S3."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.services import servers


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
