"""Steps on the workers of a Dask cluster that see the project's folder under the same path.

With no address, a cluster of this process: threads that wait for the steps' processes, and nothing that listens.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import logging
import os
import platform
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.errors import ExternalError, MissingDependencyError, StateError, UnavailableError
from nbmlops.lib.child import STOP_SECONDS
from nbmlops.lib.clock import new_id
from nbmlops.lib.stop import Stop
from nbmlops.model.pipeline import Step, StepResult, StepState
from nbmlops.pipeline.engines.dask_worker import Facts, News, Order, died, end, execute, failed, look
from nbmlops.pipeline.needs import refusal, visible_cards
from nbmlops.ports import StepProgress, StepSpec

ADDRESS = "DASK_SCHEDULER_ADDRESS"
CONNECT_SECONDS = 10
WORKER_SECONDS = 30
"""How long a cluster may take to have a first worker."""
LOOK_SECONDS = 2.0
"""How often we ask whether the worker of a running step is still there."""
PASSED = ("MLFLOW_TRACKING_URI", "NBMLOPS_OWN_URI", "NBMLOPS_EXPERIMENT")
"""Variables of ours that a step has to see wherever it runs."""
RESOURCES = {"cpu": "CPU", "gpu": "GPU"}
"""What a step may ask for, and what Dask's workers call it."""


class DaskEngine:
    """`address`: of the scheduler, as in tcp://10.0.0.5:8786; else DASK_SCHEDULER_ADDRESS, else one of our own."""

    def __init__(self, *, address: str = "") -> None:
        self._address = address or os.environ.get(ADDRESS, "")
        self._lock = threading.Lock()
        self._cluster: Any = None
        self._client: Any = None
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._topic = f"nbmlops-{new_id()}"
        self._listeners: dict[str, Callable[[News], None]] = {}

    def describe(self) -> str:
        return f"Dask at {self._address}"[:59] if self._address else "Dask on this machine"

    def check(self, steps: Sequence[Step], folder: Path) -> None:
        client = self._connected()
        ours = importlib.metadata.version("nbmlops")
        versions = client.run(importlib.metadata.version, "nbmlops", on_error="return")
        for worker, version in versions.items():
            if version != ours:
                has = f"has nbmlops {version}" if isinstance(version, str) else "has no nbmlops"
                raise StateError(
                    f"The Dask worker {worker} {has}, and this is {ours}.",
                    kind="worker-differs",
                    hint=f"Install it there: pip install nbmlops=={ours}",
                )
        self._check_workers(steps, folder)
        self._check_resources(steps)

    def places(self) -> int:
        return sum(self._connected().nthreads().values()) or 1

    def prepare(self, notebooks: Sequence[Path]) -> None: ...

    def run(self, spec: StepSpec, report: Callable[[StepProgress], None], stop: Stop) -> StepResult:
        client = self._connected()
        passed = {name: os.environ[name] for name in PASSED if name in os.environ}
        spec = msgspec.structs.replace(spec, environment={**passed, **spec.environment})
        order = Order(id=new_id(), topic=self._topic, spec=spec)
        resources = {name: amount for field, name in RESOURCES.items() if (amount := getattr(spec, field))}
        with self._hearing(order.id, report) as seen:
            future = client.submit(
                execute,
                msgspec.json.encode(order),
                key=f"{spec.step}-{order.id}",
                pure=False,
                retries=0,
                resources=resources or None,
            )
            ended = threading.Event()
            future.add_done_callback(lambda _: ended.set())
            try:
                with stop.ending(lambda: self._end(order, future)):
                    lost = self._wait(ended, seen)
            except BaseException:
                self._end(order, future)
                ended.wait(2 * STOP_SECONDS)
                raise
            finally:
                with contextlib.suppress(OSError):
                    order.claim.unlink(missing_ok=True)
            if lost:
                client.cancel(future, force=True)
                return failed(spec, lost)
            return self._result(spec, future, seen)

    def close(self) -> None:
        with self._lock:
            for each in (self._client, self._cluster):
                if each is not None:
                    each.close()
            if self._scratch is not None:
                self._scratch.cleanup()
            self._client = self._cluster = self._scratch = None

    def _connected(self) -> Any:
        """The client. Raises MissingDependencyError without Dask, UnavailableError where there is no cluster."""
        with self._lock:
            if self._client is None:
                try:
                    import distributed
                except ImportError:
                    raise MissingDependencyError(
                        "Dask is not installed.", kind="dask-missing", hint="pip install 'nbmlops[dask]'"
                    ) from None
                if not self._address:
                    self._cluster = self._own_cluster()
                self._client = self._connect(distributed)
                self._client.subscribe_topic(self._topic, self._heard)
            return self._client

    def _connect(self, distributed: Any) -> Any:
        where = self._address or "this machine"
        hint = f"Start it, or name another: --engine-option address=tcp://HOST:8786, or {ADDRESS}."
        try:
            client = distributed.Client(self._cluster or self._address, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise UnavailableError(
                f"No Dask scheduler answers at {where}: {_line(error)}.", kind="dask-unavailable", hint=hint
            ) from error
        try:
            client.wait_for_workers(1, timeout=WORKER_SECONDS)
        except OSError as error:
            client.close()
            raise UnavailableError(
                f"The Dask cluster at {where} has no workers.",
                kind="dask-no-workers",
                hint=f"Start one: dask worker {where}",
            ) from error
        return client

    def _own_cluster(self) -> Any:
        """Within this process, so that nobody else can reach it and a Ctrl-C finds one process only."""
        from distributed import Scheduler, SpecCluster, Worker

        self._scratch = tempfile.TemporaryDirectory(prefix="nbmlops-dask-")
        cores = len(os.sched_getaffinity(0))
        # Both insist on a page for people. Other machines need not see it.
        common = {"protocol": "inproc://", "dashboard": False, "dashboard_address": "127.0.0.1:0"}
        worker = {
            "nthreads": cores,
            "memory_limit": 0,
            "resources": {"CPU": cores, "GPU": visible_cards()},
            "local_directory": self._scratch.name,
        }
        return SpecCluster(
            scheduler={"cls": Scheduler, "options": common},
            workers={0: {"cls": Worker, "options": {**common, **worker}}},
            silence_logs=logging.ERROR,
        )

    def _check_workers(self, steps: Sequence[Step], folder: Path) -> None:
        """Each worker reads a file of ours in the project's folder, and says which secrets it has."""
        asked = {name: step for step in steps for name in step.secrets}
        inside = folder / ".nbmlops"
        with tempfile.NamedTemporaryFile("w", prefix=".seen-", dir=inside if inside.is_dir() else folder) as file:
            file.write(self._topic)
            file.flush()
            answers = self._client.run(look, file.name, tuple(asked))
        for worker, answer in answers.items():
            facts = msgspec.json.decode(answer, type=Facts)
            if facts.token != self._topic:
                raise StateError(
                    f"The Dask worker {worker} does not see {folder}.",
                    kind="folder-not-shared",
                    hint="Put the project on a file system that all workers have under the same path.",
                )
            if facts.python.split(".")[:2] != platform.python_version().split(".")[:2]:
                raise StateError(
                    f"The Dask worker {worker} has Python {facts.python}, and this is {platform.python_version()}.",
                    kind="worker-differs",
                    hint="Values travel between steps: start the workers with the same Python.",
                )
            for name in facts.missing:
                why = f"the environment variable {name} is not set on the worker {worker}"
                raise refusal(
                    "dask", asked[name], "secrets", why, f"Set it where workers start: {name}=... dask worker"
                )

    def _check_resources(self, steps: Sequence[Step]) -> None:
        workers = self._client.scheduler_info()["workers"].values()
        offers = [worker.get("resources", {}) for worker in workers]
        for step in steps:
            wanted = {name: (field, getattr(step, field)) for field, name in RESOURCES.items() if getattr(step, field)}
            if any(all(offer.get(name, 0) >= amount for name, (_, amount) in wanted.items()) for offer in offers):
                continue
            short = [name for name, (_, amount) in wanted.items() if all(each.get(name, 0) < amount for each in offers)]
            name = short[0] if short else next(iter(wanted))
            field, amount = wanted[name]
            most = max(offer.get(name, 0) for offer in offers)
            why = f"{amount:g} {name} are asked for, and no worker offers more than {most:g}"
            if not short:
                why = "no single worker offers all that it asks for"
            options = " ".join(f"{each}={count:g}" for each, (_, count) in wanted.items())
            raise refusal("dask", step, field, why, f'Say what workers have: dask worker --resources "{options}"')

    @contextlib.contextmanager
    def _hearing(self, id: str, report: Callable[[StepProgress], None]) -> Iterator[list[str]]:
        """Yields where the step has begun, once it has: the address of its worker."""
        seen: list[str] = []

        def heard(news: News) -> None:
            if news.progress is None:
                seen.append(news.worker)
            else:
                report(news.progress)

        self._listeners[id] = heard
        try:
            yield seen
        finally:
            del self._listeners[id]

    def _heard(self, event: tuple[float, str]) -> None:
        news = msgspec.json.decode(event[1], type=News)
        listener = self._listeners.get(news.id)
        if listener is not None:
            listener(news)

    def _wait(self, ended: threading.Event, seen: list[str]) -> str:
        """Until the step has ended; what has happened where it never will, else empty."""
        while not ended.wait(LOOK_SECONDS):
            try:
                is_there = not seen or seen[0] in self._client.nthreads(workers=seen)
            except (OSError, RuntimeError) as error:
                return f"the Dask scheduler does not answer any more: {_line(error)}"
            if not is_there:
                # Dask may give the step to another worker, which will say the same; or there is none left.
                return "" if ended.wait(LOOK_SECONDS) else died(seen[0])
        return ""

    def _result(self, spec: StepSpec, future: Any, seen: list[str]) -> StepResult:
        if future.status == "finished":
            result: StepResult = msgspec.json.decode(future.result(), type=StepResult)
            return result
        if future.cancelled():
            return StepResult(step=spec.step, state=StepState.KILLED, error="stopped before it began")
        error = future.exception()
        if type(error).__name__ == "KilledWorker":
            return failed(spec, died(seen[-1] if seen else error.last_worker.address))
        return failed(spec, f"Dask could not execute it: {_line(error)}")

    def _end(self, order: Order, future: Any) -> None:
        """The step's processes end on their worker; one that waits in the queue never begins."""
        client = self._client
        if client is None or future.done():
            return
        try:
            is_running = any(client.run(end, order.id, on_error="ignore").values())
            if not is_running:
                client.cancel(future, force=True)
        except (OSError, RuntimeError, ExternalError):
            return  # the scheduler is gone, and with it what could be ended


def _line(error: object) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
