"""One replica: started, asked whether it is ready, watched, and started again when it ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable
from pathlib import Path

from nbmlops.deploy.router.backend import Backend
from nbmlops.deploy.router.message import Asked
from nbmlops.deploy.router.pools import Pool
from nbmlops.deploy.router.upstream import GoneError
from nbmlops.deploy.supervise.launch import Launch
from nbmlops.deploy.supervise.log_file import last_line, open_log
from nbmlops.deploy.supervise.memory import memory_of
from nbmlops.lib.sizes import size_shown
from nbmlops.model.deployment import Replica as Told
from nbmlops.model.deployment import ReplicaState

logger = logging.getLogger("nbmlops.router")

READY_SECONDS = 180.0
"""That loading may take."""
GRACE_SECONDS = 25.0
"""For what is being answered when it is told to stop."""
DEAF_SECONDS = 30.0
"""Without an answer to a probe: then it is killed."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 30.0
_LOOK_SECONDS = 0.05
_PROBE_SECONDS = 5.0
_WELL_SECONDS = 60.0
"""After so long, an end is no longer the last one's consequence."""
_FAR_TOO_LARGE = 2
"""Times what it may take: then it is ended, whether or not another one is ready."""
_TRIES = 2
"""To become ready for the first time."""
_READY = 200
_PROBE = Asked(method=b"GET", target=b"/healthz/ready", headers=[], body=b"", is_kept=True)


class Replica:
    def __init__(
        self,
        number: int,
        launch: Launch,
        pool: Pool,
        log: Path,
        *,
        restarts: int = 0,
        on_large: Callable[[Replica], None] = lambda _: None,
    ) -> None:
        """`on_large` is called once, when it takes more memory than it may: it goes on meanwhile."""
        self.number = number
        self._launch = launch
        self._pool = pool
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._backend: Backend | None = None
        self._task: asyncio.Task[None] | None = None
        self._state = ReplicaState.STARTING
        self._was_ready = False
        self._restarts = self._before = restarts
        self._on_large = on_large
        self._is_large = False
        self._why = ""

    def told(self) -> Told:
        return Told(
            number=self.number,
            state=self._state,
            pid=self._process.pid if self._process is not None and self._process.returncode is None else 0,
            restarts=self._restarts,
            why=self._why,
        )

    @property
    def has_failed(self) -> bool:
        return self._state is ReplicaState.FAILED

    @property
    def is_ready(self) -> bool:
        return self._state is ReplicaState.READY

    @property
    def restarts(self) -> int:
        return self._restarts

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._keep_up())

    async def stop(self) -> None:
        """When it has answered what it was asked; whoever still waits after the grace does so in vain."""
        self._state = ReplicaState.STOPPING
        if self._backend is not None:
            self._pool.remove(self._backend)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GRACE_SECONDS):
                    while self._backend.under_way:
                        await asyncio.sleep(_LOOK_SECONDS)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._end()

    async def _keep_up(self) -> None:
        pause = _FIRST_PAUSE
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            self._is_large = False
            try:
                await self._run()
            except OSError as error:
                self._why = str(error)
            finally:
                self._withdraw()
            if not self._was_ready and self._restarts - self._before + 1 >= _TRIES:
                self._state = ReplicaState.FAILED
                return
            if loop.time() - began > _WELL_SECONDS:
                pause = _FIRST_PAUSE
            logger.warning("Replica %d of revision %d has ended: %s", self.number, self._pool.revision, self._why)
            self._state = ReplicaState.WAITING
            await asyncio.sleep(pause)
            pause = min(_LONGEST_PAUSE, pause * 2)
            self._restarts += 1
            self._state = ReplicaState.STARTING

    async def _run(self) -> None:
        """Until it ends, by itself or because it is deaf."""
        self._launch.socket.unlink(missing_ok=True)
        with open_log(self._log) as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._launch.command,
                cwd=self._launch.folder,
                env=self._launch.environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        ended = asyncio.ensure_future(self._process.wait())
        watching = asyncio.ensure_future(self._watch())
        try:
            await asyncio.wait((ended, watching), return_when=asyncio.FIRST_COMPLETED)
            if not watching.done():
                self._why = self._last_words(self._process.returncode or 0)
            else:
                self._why = watching.result()
        finally:
            ended.cancel()
            watching.cancel()
            self._withdraw()
            await self._end()

    async def _watch(self) -> str:
        """Why it should be ended."""
        backend = Backend(str(self._launch.socket), self.number)
        self._backend = backend
        loop = asyncio.get_running_loop()
        until = loop.time() + READY_SECONDS
        while await self._status(backend) != _READY:
            if loop.time() > until:
                return f"It was not ready within {READY_SECONDS:.0f} seconds."
            await asyncio.sleep(_LOOK_SECONDS)
        if problem := await self._too_large(1):
            return f"{problem} It has just started."
        self._pool.add(backend)
        self._was_ready, self._state, self._why = True, ReplicaState.READY, ""
        until = loop.time() + DEAF_SECONDS
        while loop.time() < until:
            await asyncio.sleep(_PROBE_SECONDS)
            status = await self._status(backend)
            if status == _READY:
                until = loop.time() + DEAF_SECONDS
                self._pool.add(backend)
            elif status:
                # It says itself that it cannot: others are asked, until it can or is started again.
                self._pool.remove(backend)
            if problem := await self._too_large(_FAR_TOO_LARGE):
                return problem
            if not self._is_large and (problem := await self._too_large(1)):
                self._is_large = True
                logger.warning("Replica %d of revision %d: %s", self.number, self._pool.revision, problem)
                self._on_large(self)
        return f"It did not answer for {DEAF_SECONDS:.0f} seconds."

    async def _too_large(self, times: int) -> str:
        """Why it has to go; empty where it takes no more than so many times what it may."""
        limit = self._launch.memory
        if not limit or self._process is None:
            return ""
        # Its children are found among all processes of the machine.
        taken = await asyncio.to_thread(memory_of, self._process.pid)
        if taken <= limit * times:
            return ""
        return f"It takes {taken >> 20} MiB of memory, where {size_shown(limit)} are allowed."

    async def _status(self, backend: Backend) -> int:
        """What it says of itself; 0 where it says nothing."""
        try:
            async with asyncio.timeout(_PROBE_SECONDS):
                return await backend.ask(_PROBE, lambda data: None)
        except (TimeoutError, GoneError):
            return 0

    def _last_words(self, code: int) -> str:
        if code < 0:
            return f"It was ended by {signal.Signals(-code).name}."
        said = last_line(self._log) if code else ""
        return said or f"It ended with {code}."

    def _withdraw(self) -> None:
        if self._backend is not None:
            self._pool.remove(self._backend)
            self._backend.close()
            self._backend = None

    async def _end(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        for number, seconds in ((signal.SIGTERM, GRACE_SECONDS), (signal.SIGKILL, 10.0)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await process.wait()
                return
