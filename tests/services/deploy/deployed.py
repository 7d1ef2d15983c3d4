"""A deployment in a project, as tests ask, watch and load it."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbmlops import api
from nbmlops.deploy.folder import DeploymentFolder
from nbmlops.ops.deployment_view import DeploymentView
from tests.services.load import Reply, load
from tests.services.servers import free_port

COLUMNS = ["a", "b"]
ROWS = [[1.0, 2.0], [3.0, 5.0]]
SPLIT = {"dataframe_split": {"columns": COLUMNS, "data": ROWS}}
KITFILE = "manifestVersion: 1.0.0\npackage: {name: sums}\nmodel: {name: sums, path: model}\n"


def folder_of(place: Path, name: str = "sums") -> DeploymentFolder:
    return DeploymentFolder(place / ".nbmlops" / "deployments" / name)


def deploy(place: Path, package: str = "", **more: Any) -> DeploymentView:
    if package and not folder_of(place).exists:
        more = {"port": free_port(), **more}
    made = api.deploy(package=package, name="sums", folder=place, **more)
    (found,) = made.deployments
    assert isinstance(found, DeploymentView)
    return found


def seen(place: Path) -> DeploymentView:
    (found,) = api.deployments(name="sums", folder=place).deployments
    assert isinstance(found, DeploymentView)
    return found


def ask(place: Path, path: str, document: Any = None, **headers: str) -> Any:
    folder = folder_of(place)
    headers = {"Authorization": f"Bearer {folder.token()}", "Content-Type": "application/json", **headers}
    data = None if document is None else json.dumps(document).encode()
    address = f"http://127.0.0.1:{folder.spec().port}{path}"
    with urllib.request.urlopen(urllib.request.Request(address, data, headers), timeout=30) as reply:
        text = reply.read()
    return json.loads(text) if reply.headers.get_content_type() == "application/json" else text.decode()


def loaded(place: Path, midway: Callable[[], object] | None = None, count: int = 10_000) -> list[Reply]:
    folder = folder_of(place)

    async def then() -> None:
        if midway is not None:
            await asyncio.to_thread(midway)

    return asyncio.run(
        load(folder.spec().port, folder.token(), "/invocations", json.dumps(SPLIT).encode(), count=count,
             connections=64, midway=then)
    )  # fmt: skip


def wait_for(what: Callable[[], bool], seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.05)


def pids_of(view: DeploymentView) -> list[int]:
    return [each.pid for revision in view.revisions for each in revision.replicas if each.pid]


def sums(factor: int) -> list[float]:
    return [pytest.approx(factor * sum(row)) for row in ROWS]
