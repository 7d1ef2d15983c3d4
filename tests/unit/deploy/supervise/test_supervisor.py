"""Replicas that grow, and that say they cannot answer: real processes, which do what a request asks of them."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nbmlops.deploy.folder import DeploymentFolder
from nbmlops.deploy.router.message import Asked
from nbmlops.deploy.router.router import Router
from nbmlops.deploy.router.upstream import GoneError
from nbmlops.deploy.supervise import replica as module
from nbmlops.deploy.supervise.launch import Launch
from nbmlops.deploy.supervise.supervisor import Supervisor
from nbmlops.errors import UnavailableError
from nbmlops.model.deployment import Replica, ReplicaState, Revision, Spec

MIB = 1 << 20
SERVICE = """
import pathlib, socketserver, sys
from http.server import BaseHTTPRequestHandler
taken = []
class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        ready, _, count = self.path.partition("?")
        if count:
            taken.append(b"x" * (int(count) << 20))
        is_away = ready == "/healthz/ready" and pathlib.Path(sys.argv[2]).exists()
        self.send_response(503 if is_away else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *words):
        pass
class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    def get_request(self):
        return self.socket.accept()[0], ("replica", 0)
Server(sys.argv[1], Answers).serve_forever()
"""


class Watched:
    """A supervisor of one revision, and the router before it."""

    def __init__(self, folder: Path) -> None:
        self.folder = DeploymentFolder(folder / "sums")
        self.away = folder / "away"
        self.router = Router("")
        self.supervisor = Supervisor(self.folder, self.router.pools)

    def apply(self, replicas: int = 1, memory: int = 0) -> None:
        revision = Revision(number=1, package="sums:v1", digest="", created=datetime(2026, 3, 1, tzinfo=UTC))
        self.supervisor.apply(Spec(name="sums", replicas=replicas, memory=memory, stable=1, revisions=(revision,)))

    @property
    def replicas(self) -> tuple[Replica, ...]:
        return self.supervisor.told()[0].replicas

    async def ask(self, target: str = "/") -> int:
        """The status that a caller gets."""
        told = bytearray()
        asked = Asked(method=b"GET", target=target.encode(), headers=[], body=b"", is_kept=True)
        try:
            await self.router.answer(asked, told.extend, [])
        except (UnavailableError, GoneError):
            return 503
        return int(told.split(b" ", 2)[1])

    async def until(self, what: Callable[[], bool]) -> None:
        end = time.monotonic() + 60
        while not what():
            assert time.monotonic() < end, self.replicas
            await asyncio.sleep(0.02)

    async def until_ready(self, count: int = 1) -> None:
        await self.until(lambda: [each.state for each in self.replicas] == [ReplicaState.READY] * count)


@asynccontextmanager
async def watched(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watched]:
    found = Watched(folder)

    def launch(folder: DeploymentFolder, spec: Spec, revision: Revision, replica: int) -> Launch:
        socket = folder.sockets() / f"{revision.number}-{replica}.sock"
        return Launch(command=(sys.executable, "-c", SERVICE, str(socket), str(found.away)), folder=found.away.parent,
                      environment=dict(os.environ), socket=socket, memory=spec.memory)  # fmt: skip

    monkeypatch.setattr("nbmlops.deploy.supervise.supervisor.launch_of", launch)
    monkeypatch.setattr(module, "_PROBE_SECONDS", 0.3)
    try:
        yield found
    finally:
        await found.supervisor.close()


def test_one_that_has_grown_too_large_is_replaced_and_no_request_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play() -> None:
        async with watched(tmp_path, monkeypatch) as place:
            place.apply(memory=100 * MIB)
            await place.until_ready()
            before = place.replicas[0].pid
            assert await place.ask("/?120") == 200
            statuses = []
            while not place.replicas or place.replicas[0].pid == before:
                statuses.append(await place.ask())
                await asyncio.sleep(0.01)
            statuses += [await place.ask() for _ in range(50)]
            assert set(statuses) == {200}
            await place.until_ready()
            (now,) = place.replicas
            assert (now.restarts, now.number) == (1, 1)
            # What it leaves behind is taken up by the next one.
            assert await place.ask("/?120") == 200
            await place.until(lambda: place.replicas[0].pid not in (0, now.pid))
            await place.until_ready()
            assert place.replicas[0].restarts == 2

    asyncio.run(play())


def test_one_that_grows_faster_than_another_comes_up_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        async with watched(tmp_path, monkeypatch) as place:
            place.apply(memory=100 * MIB)
            await place.until_ready()
            before = place.replicas[0].pid
            await place.ask("/?250")
            await place.until(lambda: place.replicas[0].pid not in (0, before))
            await place.until_ready()
            assert await place.ask() == 200

    asyncio.run(play())


def test_one_that_is_too_large_from_the_start_does_not_come_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        async with watched(tmp_path, monkeypatch) as place:
            place.apply(memory=MIB)
            await place.until(lambda: place.replicas[0].state is ReplicaState.FAILED)
            assert "where 1 MiB are allowed. It has just started." in place.replicas[0].why

    asyncio.run(play())


def test_one_that_says_it_cannot_answer_is_not_asked_until_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play() -> None:
        async with watched(tmp_path, monkeypatch) as place:
            place.apply()
            await place.until_ready()
            place.away.touch()
            await place.until(lambda: not place.router.pools.is_ready)
            waiting = asyncio.ensure_future(place.ask())
            await asyncio.sleep(0.2)
            assert not waiting.done()
            place.away.unlink()
            assert await waiting == 200
            assert place.replicas[0].restarts == 0

    asyncio.run(play())


def test_whoever_waits_for_a_successor_can_be_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        async with watched(tmp_path, monkeypatch) as place:
            place.apply(memory=100 * MIB)
            await place.until_ready()
            place.away.touch()
            assert await place.ask("/?120") == 200
            await asyncio.sleep(1.5)
            await place.supervisor.close()
            assert place.supervisor.told() == ()
            assert not place.router.pools.all()

    asyncio.run(play())
