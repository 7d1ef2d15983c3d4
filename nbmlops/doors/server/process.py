"""A job's process, from the server's side: started, listened to, and ended in order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import msgspec

from nbmlops.doors.server.child import Line, Order
from nbmlops.errors import InternalError, NbmlopsError
from nbmlops.lib.child import Ended, python_module

PATIENCE = (30.0, 10.0)
"""Seconds between interrupting a process and terminating it, and between that and killing it."""
LARGEST_LINE = 256 << 20
_TAIL_BYTES = 8 << 10
_CHUNK = 1 << 16
_LAST_WORDS_SECONDS = 2.0
"""For what a process has written before it ended; a process of its own may hold the pipe open for longer."""
_SECRETS = ("TOKEN", "PASSWORD", "SECRET")
_lines = msgspec.json.Decoder(Line)


class Process:
    """One call of a verb. `run` returns when the process has ended, however that came about."""

    def __init__(self, order: Order, folder: Path, on_line: Callable[[Line], None]) -> None:
        self._order = order
        self._folder = folder
        self._on_line = on_line
        self._process: asyncio.subprocess.Process | None = None
        self._ending: asyncio.Task[None] | None = None
        self._patience: Sequence[float] | None = None
        self._problem: NbmlopsError | None = None
        self.output = ""
        """The last of its standard error, once it has ended."""

    async def run(self) -> Ended:
        """Raises InternalError where it said what nobody understands; the process is stopped then."""
        with tempfile.TemporaryFile() as errors:
            process = await asyncio.create_subprocess_exec(
                *command(),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                cwd=self._folder,
                env=environment(os.environ),
                start_new_session=True,
            )
            self._process = process
            if self._patience is not None:
                self.stop(self._patience)
            listening = asyncio.create_task(self._listen(process))
            try:
                await self._give(process)
                await process.wait()
                await asyncio.wait([listening], timeout=_LAST_WORDS_SECONDS)
            finally:
                self._process = None
                await _cancelled(listening)
                if self._ending is not None:
                    await _cancelled(self._ending)
            self.output = _tail(errors.fileno())
        if self._problem is not None:
            raise self._problem
        assert process.returncode is not None
        last = next((line for line in reversed(self.output.splitlines()) if line.strip()), "")
        return Ended(code=process.returncode, tail=last)

    def stop(self, patience: Sequence[float] = PATIENCE) -> None:
        """Interrupt it as Ctrl-C does, and insist where it does not end. Returns at once, also before it runs."""
        self._patience = patience
        if self._process is not None and self._ending is None:
            self._ending = asyncio.get_running_loop().create_task(self._insist(self._process, patience))

    async def _insist(self, process: asyncio.subprocess.Process, patience: Sequence[float]) -> None:
        for wanted, seconds in zip((signal.SIGINT, signal.SIGTERM), patience, strict=True):
            _signal(process, wanted)
            await asyncio.sleep(seconds)
        _signal(process, signal.SIGKILL)

    async def _give(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it ended first: that is told elsewhere
            process.stdin.write(msgspec.json.encode(self._order))
            await process.stdin.drain()
        process.stdin.close()

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        try:
            async for line in lines_of(process.stdout):
                self._on_line(_lines.decode(line))
        except (msgspec.MsgspecError, ValueError) as error:
            self._problem = InternalError(f"A job cannot be understood: {error}.", kind="bug")
            self.stop()


def command() -> list[str]:
    """`-P`: no module of the user's folder takes the place of one of Python's."""
    python, *rest = python_module("nbmlops.doors.server.child")
    return [python, "-P", *rest]


def environment(given: dict[str, str] | os._Environ[str]) -> dict[str, str]:
    """Without what opens this server: a verb executes the user's code."""
    return {name: value for name, value in given.items() if not _is_of_server(name)}


def _is_of_server(name: str) -> bool:
    return name.startswith("JPY_") or (name.startswith("JUPYTER") and any(word in name for word in _SECRETS))


async def lines_of(stream: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Whole lines, as long as they may be. Raises ValueError for one that is longer."""
    parts: list[bytes] = []
    size = 0
    while chunk := await stream.read(_CHUNK):
        first, *more = chunk.split(b"\n")
        parts.append(first)
        size += len(first)
        if size > LARGEST_LINE:
            raise ValueError(f"a line of more than {LARGEST_LINE >> 20} MiB")
        for part in more:
            yield b"".join(parts)
            parts, size = [part], len(part)


def _signal(process: asyncio.subprocess.Process, number: int) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _tail(file: int) -> str:
    size = os.fstat(file).st_size
    return os.pread(file, _TAIL_BYTES, max(0, size - _TAIL_BYTES)).decode(errors="replace")
