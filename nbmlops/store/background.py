"""Records written a moment later, by a thread: what a kernel does after every cell.

    later = BackgroundRecords(records)
    later.put(execution, id=..., subject=...)     # microseconds
    later.flush()                                  # before somebody reads them

A commit in the kernel's own thread lets other threads run (IPython's history saver among them) and waits for its turn
again: about a millisecond per cell. Records of the last PAUSE_SECONDS are lost if the process is killed outright.
"""

from __future__ import annotations

import logging
import queue
import threading

from nbmlops.errors import NbmlopsError
from nbmlops.model.documents import Document
from nbmlops.store.records import Records

PAUSE_SECONDS = 0.5
FLUSH_SECONDS = 30.0

logger = logging.getLogger("nbmlops")
Row = tuple[Document, str, str]


class BackgroundRecords:
    def __init__(self, records: Records) -> None:
        self.records = records
        self._queue: queue.SimpleQueue[Row | threading.Event] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._is_awaited = threading.Event()
        self._has_complained = False

    def put(self, document: Document, *, id: str, subject: str = "") -> None:
        self._queue.put((document, id, subject))
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="nbmlops-records", daemon=True)
            self._thread.start()

    def flush(self) -> None:
        """Wait until everything put before is on the disk, or could not be written."""
        if self._thread is not None:
            done = threading.Event()
            self._queue.put(done)
            self._is_awaited.set()
            done.wait(FLUSH_SECONDS)

    def _work(self) -> None:
        while True:
            found = [self._queue.get()]
            if not isinstance(found[0], threading.Event):
                self._is_awaited.wait(PAUSE_SECONDS)  # cells that follow quickly share a commit
            self._is_awaited.clear()
            while not self._queue.empty():
                found.append(self._queue.get())
            self._write([item for item in found if not isinstance(item, threading.Event)])
            for item in found:
                if isinstance(item, threading.Event):
                    item.set()

    def _write(self, rows: list[Row]) -> None:
        try:
            if rows:
                self.records.put_many(rows)
        except NbmlopsError as error:
            # A full disk must not end the thread: room may come back, and the user's cells go on meanwhile.
            if not self._has_complained:
                self._has_complained = True
                logger.warning("cells could not be recorded: %s", error)
