"""Tekton and Kubeflow Pipelines against the suite of their port.

They speak to small servers that execute what is submitted (tekton_server.py, kfp_server.py), not to the real ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from nbmlops import plugins
from nbmlops.model.pipeline import Pipeline
from nbmlops.orchestrators.kfp import KfpOrchestrator
from nbmlops.orchestrators.tekton import TektonOrchestrator
from nbmlops.ports import Orchestrator, Target
from nbmlops.testing.orchestrator_suite import PLACE, Cluster, OrchestratorSuite
from tests.kfp_python import kfp_python
from tests.ports import kfp_server, tekton_server
from tests.ports.kfp_server import KfpServer
from tests.ports.tekton_server import TektonServer

pytestmark = pytest.mark.slow


def compiled(name: str, pipeline: Pipeline, project: Path, **options: str) -> Mapping[str, bytes]:
    target = Target(pipeline=pipeline, place=PLACE, image="registry.example.org/suite:1", project=str(project))
    files: Mapping[str, bytes] = plugins.load(plugins.COMPILERS, name)(**options).compile(target)
    return files


class TestTekton(OrchestratorSuite):
    @pytest.fixture
    def server(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TektonServer]:
        monkeypatch.setenv("NBMLOPS_CLUSTER_TOKEN", tekton_server.TOKEN)
        server = TektonServer(tmp_path / "volumes")
        yield server
        server.close()

    @pytest.fixture
    def files(self, pipeline: Pipeline, project: Path) -> Mapping[str, bytes]:
        return compiled("tekton", pipeline, project)

    @pytest.fixture
    def orchestrator(self, server: TektonServer) -> Orchestrator:
        return TektonOrchestrator(address=server.address, namespace=tekton_server.NAMESPACE)

    @pytest.fixture
    def cluster(self, server: TektonServer) -> Cluster:
        return server


class TestKfp(OrchestratorSuite):
    @pytest.fixture
    def server(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KfpServer]:
        monkeypatch.setenv("NBMLOPS_KFP_TOKEN", kfp_server.TOKEN)
        server = KfpServer(tmp_path / "volumes", kfp_python())
        yield server
        server.close()

    @pytest.fixture
    def files(self, pipeline: Pipeline, project: Path) -> Mapping[str, bytes]:
        return compiled("kfp", pipeline, project, python=kfp_python())

    @pytest.fixture
    def orchestrator(self, server: KfpServer) -> Orchestrator:
        return KfpOrchestrator(address=server.address)

    @pytest.fixture
    def cluster(self, server: KfpServer) -> Cluster:
        return server
