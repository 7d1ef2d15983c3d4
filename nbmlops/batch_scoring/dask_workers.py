"""The workers of a Dask cluster that see the output's folder and the input under the same paths."""

from __future__ import annotations

import queue
import threading
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.batch_scoring.scoring import PartScorer, Place
from nbmlops.batch_scoring.worker import Answer, failure_of
from nbmlops.errors import ExternalError, MissingDependencyError, NbmlopsError, StateError, UnavailableError
from nbmlops.lib.version import VERSION
from nbmlops.model.batch_scoring import ScoredPart

CONNECT_SECONDS = 10
WORKER_SECONDS = 30

_scorers: dict[str, PartScorer] = {}
_loading = threading.Lock()


def score(place: str, number: int) -> bytes:
    """On a worker: an Answer as JSON. The model is loaded once in each process."""
    try:
        with _loading:
            if place not in _scorers:
                _scorers.clear()
                _scorers[place] = PartScorer(msgspec.json.decode(place, type=Place))
        return msgspec.json.encode(Answer(done=_scorers[place].score(number)))
    except Exception as error:  # noqa: BLE001 - whoever has asked tells it
        return msgspec.json.encode(Answer(failure=failure_of(error)))


def sees(path: str) -> str:
    """On a worker: the version of nbmlops where the file is there, else empty."""
    return VERSION if Path(path).is_file() else ""


class DaskWorkers:
    """Raises MissingDependencyError without Dask, UnavailableError where no cluster answers, StateError for a worker
    that has another nbmlops or does not see the output's folder.
    """

    def __init__(self, place: Place, address: str) -> None:
        try:
            import distributed
        except ImportError:
            raise MissingDependencyError(
                "Dask is not installed.", kind="dask-missing", hint="pip install 'nbmlops[dask]'"
            ) from None
        self._place = msgspec.json.encode(place).decode()
        self._answers: queue.Queue[Any] = queue.Queue()
        self._futures: set[Any] = set()
        self._client = _connected(distributed, address)
        try:
            self._check(Path(place.folder))
            self.places = sum(self._client.nthreads().values()) or 1
        except BaseException:
            self._client.close()
            raise

    def submit(self, number: int) -> None:
        # In the order in which they are written; a part is scored twice where its worker has died.
        future = self._client.submit(score, self._place, number, pure=False, retries=1, priority=-number)
        self._futures.add(future)
        future.add_done_callback(self._answers.put)

    def next(self) -> ScoredPart:
        future = self._answers.get()
        self._futures.discard(future)
        if future.status != "finished":
            error = "it was cancelled" if future.cancelled() else " ".join(str(future.exception()).split())[:300]
            raise ExternalError(
                f"Dask could not score a part: {error.rstrip('.')}.",
                kind="worker-died",
                hint="What is scored is kept: go on with the same command.",
            )
        answer = msgspec.json.decode(future.result(), type=Answer)
        if answer.done is None:
            assert answer.failure is not None
            raise answer.failure.to_error()
        return answer.done

    def close(self) -> None:
        """What has begun on a worker ends there by itself; it writes nothing that is not whole."""
        try:
            self._client.cancel(list(self._futures), force=True)
        except (OSError, RuntimeError, NbmlopsError):
            pass  # the scheduler is gone, and with it what could be cancelled
        finally:
            self._client.close()

    def _check(self, folder: Path) -> None:
        for worker, found in self._client.run(sees, str(folder / "plan.json"), on_error="return").items():
            if isinstance(found, Exception) or (found and found != VERSION):
                has = "has no nbmlops of this version" if isinstance(found, Exception) else f"has nbmlops {found}"
                raise StateError(
                    f"The Dask worker {worker} {has}, and this is {VERSION}.",
                    kind="worker-differs",
                    hint=f"Install it there: pip install nbmlops=={VERSION}",
                )
            if not found:
                raise StateError(
                    f"The Dask worker {worker} does not see {folder.parent}.",
                    kind="folder-not-shared",
                    hint="Write to a file system that all workers have under the same path.",
                )


def _connected(distributed: Any, address: str) -> Any:
    try:
        client = distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UnavailableError(
            f"No Dask scheduler answers at {address}: {' '.join(str(error).split())[:200].rstrip('.')}.",
            kind="dask-unavailable",
            hint="Start it, or name another: --scheduler tcp://HOST:8786",
        ) from error
    try:
        client.wait_for_workers(1, timeout=WORKER_SECONDS)
    except OSError as error:
        client.close()
        raise UnavailableError(
            f"The Dask cluster at {address} has no workers.",
            kind="dask-no-workers",
            hint=f"Start one: dask worker {address}",
        ) from error
    return client
