"""Several blobs at once."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from nbmlops.model.oci import Descriptor
from nbmlops.package.registry.watch import Watch

T = TypeVar("T")

_LEAVE_SECONDS = 2.0


def together(work: Callable[[Descriptor], T], blobs: Sequence[Descriptor], watch: Watch, *, most: int) -> dict[str, T]:
    """What was made of each, by digest. The first failure stops the others and is raised.

    A user who interrupts does not wait for a server that is silent: what still waits for it ends by itself later.
    """
    todo: queue.SimpleQueue[Descriptor] = queue.SimpleQueue()
    for blob in blobs:
        todo.put(blob)
    made: dict[str, T] = {}
    errors: list[BaseException] = []

    def go_on() -> None:
        try:
            while not watch.stop.is_asked:
                blob = todo.get_nowait()
                made[blob.digest] = work(blob)
        except queue.Empty:
            pass
        except BaseException as error:  # noqa: BLE001
            errors.append(error)
            watch.stop.ask()

    # Of threads that are no daemons Python would wait for the end.
    count = min(most, len(blobs))
    threads = [threading.Thread(target=go_on, daemon=True, name=f"nbmlops-registry-{n}") for n in range(count)]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    except BaseException:
        watch.stop.ask()
        for thread in threads:
            thread.join(_LEAVE_SECONDS / count)
        raise
    if errors:
        raise errors[0]
    return made
