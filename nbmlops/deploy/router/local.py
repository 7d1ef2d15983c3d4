"""What the router answers itself: whether it is ready, and what all replicas count."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import msgspec

from nbmlops.deploy.router.exposition import merged
from nbmlops.deploy.router.message import Asked
from nbmlops.deploy.router.pools import Pool, Pools
from nbmlops.deploy.router.upstream import GoneError

LIVE, READY, METRICS = b"/healthz/live", b"/healthz/ready", b"/metrics"
_SECONDS = 2.0
"""For the figures of one replica."""
_MOST_BYTES = 1 << 20


class Local:
    def __init__(self, pools: Pools, gauges: Path | None = None) -> None:
        """`gauges`: figures that whoever watches over the model leaves there, in Prometheus' words."""
        self._pools = pools
        self._gauges = gauges

    async def answer(self, asked: Asked) -> bytes | None:
        """None where it is not the router's to answer."""
        if asked.method not in (b"GET", b"HEAD"):
            return None
        if asked.path == LIVE:
            return _reply(asked, 200, msgspec.json.encode({"live": True}))
        if asked.path == READY:
            is_ready = self._pools.is_ready
            return _reply(asked, 200 if is_ready else 503, msgspec.json.encode({"ready": is_ready}))
        if asked.path == METRICS:
            return _reply(asked, 200, await self._figures(asked), b"text/plain; version=0.0.4; charset=utf-8")
        return None

    async def _figures(self, asked: Asked) -> bytes:
        """Each replica's, with its revision and its number; whoever does not answer in time is left out."""
        told = await asyncio.gather(*(self._of(pool, asked) for pool in self._pools.all()))
        return merged([each for replicas in told for each in replicas] + [self._own(), *self._watched()]).encode()

    async def _of(self, pool: Pool, asked: Asked) -> list[tuple[dict[str, str], str]]:
        found = []
        for number, backend in pool.ready:
            answer = bytearray()
            try:
                async with asyncio.timeout(_SECONDS):
                    status = await backend.ask(
                        Asked(method=b"GET", target=METRICS, headers=[], body=b"", is_kept=True), answer.extend
                    )
            except (TimeoutError, GoneError):
                continue
            if status == 200:
                text = bytes(answer).partition(b"\r\n\r\n")[2].decode("utf-8", "replace")
                found.append(({"revision": str(pool.revision), "replica": str(number)}, text))
        return found

    def _own(self) -> tuple[dict[str, str], str]:
        lines = ["# HELP nbmlops_routed_requests_total Requests that a revision was given.",
                 "# TYPE nbmlops_routed_requests_total counter"]  # fmt: skip
        lines += [f'nbmlops_routed_requests_total{{revision="{each.revision}"}} {each.requests}'
                  for each in self._pools.all()]  # fmt: skip
        lines += ["# HELP nbmlops_routed_failures_total Of these, answered with a status of 500 or more.",
                  "# TYPE nbmlops_routed_failures_total counter"]  # fmt: skip
        lines += [f'nbmlops_routed_failures_total{{revision="{each.revision}"}} {each.failed}'
                  for each in self._pools.all()]  # fmt: skip
        return {}, "\n".join(lines)

    def _watched(self) -> list[tuple[dict[str, str], str]]:
        """What the last look has found, and how long ago that was."""
        if self._gauges is None:
            return []
        try:
            age = max(0.0, time.time() - self._gauges.stat().st_mtime)
            with self._gauges.open("rb") as file:
                data = file.read(_MOST_BYTES)
        except OSError:
            return []
        head = "# HELP nbmlops_monitor_age_seconds Since the last look.\n# TYPE nbmlops_monitor_age_seconds gauge\n"
        return [({}, f"{head}nbmlops_monitor_age_seconds {age:.1f}\n{data.decode('utf-8', 'replace')}")]


def _reply(asked: Asked, status: int, body: bytes, kind: bytes = b"application/json") -> bytes:
    phrase = b"OK" if status == 200 else b"Service Unavailable"
    end = b"" if asked.is_kept else b"connection: close\r\n"
    head = b"HTTP/1.1 %d %s\r\ncontent-type: %s\r\ncontent-length: %d\r\n%s\r\n"
    told = head % (status, phrase, kind, len(body), end)
    return told if asked.method == b"HEAD" else told + body
