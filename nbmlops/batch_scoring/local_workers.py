"""Worker processes on this machine."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import tempfile
import threading
from typing import IO

import msgspec

from nbmlops.batch_scoring.scoring import Place
from nbmlops.batch_scoring.worker import Answer
from nbmlops.errors import ExternalError, NbmlopsError
from nbmlops.lib.child import Ended, last_line, python_module
from nbmlops.model.batch_scoring import ScoredPart

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def cores() -> int:
    return len(os.sched_getaffinity(0))


class LocalWorkers:
    """Each loads the model once. What is submitted first is scored first; a worker that is free takes the next part."""

    def __init__(self, place: Place, count: int) -> None:
        self.places = count
        self._tasks: queue.Queue[int | None] = queue.Queue()
        self._answers: queue.Queue[ScoredPart | NbmlopsError] = queue.Queue()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._is_closed = False
        command = python_module("nbmlops.batch_scoring.worker", msgspec.json.encode(place).decode())
        # Several processes share the cores already.
        threads = str(max(1, cores() // count))
        environment = {**dict.fromkeys(_THREADS, threads), **os.environ}
        try:
            for _ in range(count):
                self._start(command, environment)
        except BaseException:
            self.close()
            raise

    def submit(self, number: int) -> None:
        self._tasks.put(number)

    def next(self) -> ScoredPart:
        """Waits for any part that is scored. Raises what scoring has raised, ExternalError for a worker that died."""
        answer = self._answers.get()
        if isinstance(answer, NbmlopsError):
            raise answer
        return answer

    def close(self) -> None:
        """Ends them at once: what they have not finished is scored anew another time. May be called twice."""
        self._is_closed = True
        for process in self._processes:
            # The number of one that has ended may be another's by now.
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        for process in self._processes:
            process.wait()
            self._tasks.put(None)

    def _start(self, command: list[str], environment: dict[str, str]) -> None:
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - its conversation closes it
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
            # Ctrl-C in a terminal reaches the whole group; they are ended by us.
            start_new_session=True,
        )
        self._processes.append(process)
        threading.Thread(target=self._serve, args=(process, errors), daemon=True).start()

    def _serve(self, process: subprocess.Popen[bytes], errors: IO[bytes]) -> None:
        """One worker's conversation."""
        assert process.stdin is not None
        assert process.stdout is not None
        with errors, process.stdin, process.stdout, contextlib.suppress(BrokenPipeError):
            while (number := self._tasks.get()) is not None:
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.write(b"%d\n" % number)
                    process.stdin.flush()
                line = process.stdout.readline()
                if not line:
                    if not self._is_closed:
                        self._answers.put(_death(process, errors))
                    return
                answer = msgspec.json.decode(line, type=Answer)
                if answer.done is None:
                    assert answer.failure is not None
                    self._answers.put(answer.failure.to_error())
                    return
                self._answers.put(answer.done)


def _death(process: subprocess.Popen[bytes], errors: IO[bytes]) -> ExternalError:
    ended = Ended(code=process.wait(), tail=last_line(errors))
    return ExternalError(
        f"{ended.death('A process that scores')}.",
        kind="worker-died",
        hint="What is scored is kept: go on with the same command, with fewer --workers if memory is short.",
    )
