"""What a Dask worker does for us: execute a step in a process of its own, and end it when it is told to.

The process is the same as on this machine; the worker's thread only waits for it. What crosses the wire is JSON.
"""

from __future__ import annotations

import os
import platform
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path

import msgspec

from nbmlops.lib.stop import Stop
from nbmlops.model.pipeline import StepResult, StepState
from nbmlops.pipeline.engines.process import run_step
from nbmlops.ports import StepProgress, StepSpec

_lock = threading.Lock()
_running: dict[str, Stop] = {}
_unwanted: deque[str] = deque(maxlen=1000)
"""Orders that were taken back before they had begun here."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One try of a step."""

    id: str
    topic: str
    """Where progress is told."""
    spec: StepSpec

    @property
    def claim(self) -> Path:
        """The file in which the worker that executes it has left its address."""
        return Path(f"{self.spec.output}.{self.id}.worker")


class News(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker tells while it executes an order."""

    id: str
    worker: str
    progress: StepProgress | None = None
    """None: it has begun."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker is asked before anything runs."""

    token: str
    """What it read in the file it was asked to read; empty: it does not see it."""
    python: str
    missing: tuple[str, ...]
    """Secrets that its environment does not hold."""


def look(path: str, secrets: Sequence[str]) -> bytes:
    """Facts as JSON."""
    try:
        token = Path(path).read_text(encoding="utf-8")
    except OSError:
        token = ""
    missing = tuple(name for name in secrets if not os.environ.get(name))
    return msgspec.json.encode(Facts(token=token, python=platform.python_version(), missing=missing))


def execute(data: bytes) -> bytes:
    """Takes an Order and gives a StepResult, both as JSON."""
    from distributed import get_worker

    order = msgspec.json.decode(data, type=Order)
    worker = get_worker()
    result = _execute(order, worker.address, lambda news: worker.log_event(order.topic, _text(news)))
    return msgspec.json.encode(result)


def end(id: str) -> bool:
    """Ask an order's step to end; whether it runs here. One that has not begun will not."""
    with _lock:
        stop = _running.get(id)
        if stop is None:
            _unwanted.append(id)
            return False
    stop.ask()
    return True


def _execute(order: Order, worker: str, tell: object) -> StepResult:
    spec, stop = order.spec, Stop()
    assert callable(tell)
    with _lock:
        if order.id in _unwanted:
            return StepResult(step=spec.step, state=StepState.KILLED, error="stopped before it began")
        _running[order.id] = stop
    try:
        before = _claim(order, worker)
        if before:
            # Dask gives what a dead worker had to another one; whether it is tried again is decided elsewhere.
            return failed(spec, died(before))
        tell(News(id=order.id, worker=worker))
        return run_step(spec, lambda progress: tell(News(id=order.id, worker=worker, progress=progress)), stop)
    except OSError as error:
        return failed(spec, f"the Dask worker {worker} could not execute it: {error}")
    finally:
        with _lock:
            del _running[order.id]


def _claim(order: Order, worker: str) -> str:
    """Who has claimed the order before; empty: nobody, and it is ours now."""
    order.claim.parent.mkdir(parents=True, exist_ok=True)
    try:
        with order.claim.open("x", encoding="utf-8") as file:
            file.write(worker)
    except FileExistsError:
        return order.claim.read_text(encoding="utf-8") or "before this one"
    return ""


def failed(spec: StepSpec, error: str) -> StepResult:
    return StepResult(
        step=spec.step,
        state=StepState.FAILED,
        notebook=spec.output if Path(spec.output).is_file() else "",
        error=error,
    )


def died(worker: str) -> str:
    return f"the Dask worker {worker} died while it executed the step"


def _text(news: News) -> str:
    return msgspec.json.encode(news).decode()
