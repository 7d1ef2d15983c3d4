"""The scribe: a child process of the kernel that writes what the kernel tells it to MLflow.

    python -m nbmlops.track.scribe --root PROJECT --session ID [--uri URI]

The kernel must not pay for importing MLflow, nor wait for its database. The scribe lives as long as the
other end of its standard input; when that closes it finishes the journal, ends what the session left
open, and exits. It is not a daemon: no kernel, no scribe.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import logging
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from nbmlops.errors import UnavailableError
from nbmlops.lib.waiting import readable
from nbmlops.track import address, lists, messages, spool
from nbmlops.track.desk import Desk, ExtraHandler
from nbmlops.track.journal import Journal
from nbmlops.track.server import check_server
from nbmlops.track.trouble import is_for_later

SPOOL = "spool"
LOG = "scribe.log"
_PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_LOG_BYTES = 1 << 20
_BATCH_SECONDS = 0.5
_OBJECTS_BETWEEN_COLLECTIONS = 50_000
_SECONDS_BETWEEN_COUNTS = 60.0
LOOKS_AGAIN_AFTER = 0.25
"""Seconds after a ring; longer than the kernel's SECONDS_BETWEEN_RINGS."""

_log = logging.getLogger("nbmlops")


class Scribe:
    def __init__(
        self, root: Path, session: str, uri: str, *, spool_folder: Path, extras: Mapping[str, ExtraHandler]
    ) -> None:
        self.root = root
        self.uri = uri
        self.spool = spool_folder
        self.extras = extras
        self.journal = Journal(spool_folder, session)
        self.desk: Desk | None = None
        self._requests: list[messages.FlushRequest] = []
        self._stalled = ""
        self._stalls = 0
        self._rung = False
        self._counts_at = 0.0

    def serve(self, incoming: int, outgoing: int) -> None:
        """Work until the kernel's end of `incoming` closes, then finish."""
        self.journal.acquire(wait=True)
        self.state, begun = self.journal.load(self.uri)
        self.journal.save(self.state)
        self._again_until = self.journal.size() if begun else 0
        self._rest = b""
        swept = False
        while True:
            self._advance()
            self._answer(outgoing)
            if not self._stalled and self._waits(incoming, 0.0):
                if not swept:
                    swept = True
                    self._sweep()
                self._count()
            if not self._listen(incoming):
                break
        self._finish()
        if not self._stalled and not swept:
            self._sweep()  # a short session has had no quiet moment
            self._count()

    def _advance(self) -> None:
        """Handle what the journal holds; stop at trouble that may pass."""
        started = time.monotonic()
        done = before = self.state.offset
        try:
            desk = self._ready()
            self._stalled = ""
            for line, after in self.journal.lines(self.state.offset):
                desk.handle(line, again=after <= self._again_until)
                done = after
                if desk.is_settled:
                    self.state.offset = after
                if time.monotonic() - started > _BATCH_SECONDS:
                    self.journal.save(self.state)
                    started = time.monotonic()
            desk.settle()
            self.state.offset = done
            self._stalls = 0
        except Exception as error:
            if not is_for_later(error) and self.desk is not None:
                raise
            self._stalled = str(error)
            self._stalls += 1
            _log.warning("runs are kept in %s for later: %s", self.journal.path, error)
        if self.state.offset != before:
            self.journal.save(self.state)

    def _ready(self) -> Desk:
        """MLflow is imported and the database prepared at the first message, not before."""
        if self.desk is None:
            address.prepare(self.root, self.uri)
            from nbmlops.track.writer import Writer

            self.desk = Desk(Writer(self.state.uri, self.root), self.state, self.extras)
        elif self._stalled:
            check_server(self.uri)
        return self.desk

    def _answer(self, outgoing: int) -> None:
        waiting = []
        for request in self._requests:
            done = self.state.offset >= request.upto
            if not done and not self._stalled:
                waiting.append(request)
                continue
            errors = self.desk.take_errors() if self.desk else ()
            reply = messages.Flushed(
                id=request.id,
                done=done,
                runs=self.state.runs,
                errors=(*errors, *([] if done else [self._stalled])),
            )
            with contextlib.suppress(BrokenPipeError):
                _write_all(outgoing, msgspec.json.encode(reply) + b"\n")
        self._requests = waiting

    def _listen(self, incoming: int) -> bool:
        """Wait for the kernel (or for the time to try again). False when it is gone."""
        pause = LOOKS_AGAIN_AFTER if self._rung else None
        if self._stalled:
            pause = _PAUSES[min(self._stalls, len(_PAUSES)) - 1]
        elif self._requests:
            pause = 0.0
        self._rung = False
        if self._waits(incoming, pause):
            return True
        self._rung = True
        data = os.read(incoming, 1 << 16)
        if not data:
            return False
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if line:
                self._requests.append(msgspec.json.decode(line, type=messages.FlushRequest))
        return True

    @staticmethod
    def _waits(incoming: int, seconds: float | None) -> bool:
        """True when nothing came within that time."""
        return not readable(incoming, seconds)

    def _sweep(self) -> None:
        for sent in spool.send_pending(self.spool, self.root, self.uri, extras=self.extras, own=self.journal.session):
            _log.info("session %s: %d runs sent, %s", sent.session, len(sent.runs), sent.reason or "done")

    def _count(self) -> None:
        """In a quiet moment, once a minute at most: SQLite plans by the sizes that its tables had when it was told."""
        if time.monotonic() < self._counts_at:
            return
        self._counts_at = time.monotonic() + _SECONDS_BETWEEN_COUNTS
        try:
            lists.analyze_if_grown(self.uri)
        except sqlite3.Error as error:
            _log.info("not analyzed: %s", error)

    def _finish(self) -> None:
        self._advance()
        if self._stalled or self.desk is None:
            return  # the journal stays for the next scribe
        try:
            spool.end_session(self.desk, self.journal, now_ms=int(time.time() * 1000))
        except Exception as error:
            if not is_for_later(error):
                raise
            self.journal.save(self.state)
            return
        self.journal.remove()


def main(arguments: list[str] | None = None, *, extras: Mapping[str, ExtraHandler] | None = None) -> int:
    """The process. `extras` are the composition layer's own messages, by name."""
    parser = argparse.ArgumentParser(prog="nbmlops.track.scribe")
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--session", required=True)
    parser.add_argument("--uri", default="")
    chosen = parser.parse_args(arguments)
    root = chosen.root.resolve()
    folder = root / address.FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    _settle(folder / LOG)
    uri = address.tracking_uri(root, chosen.uri)
    scribe = Scribe(root, chosen.session, uri, spool_folder=folder / SPOOL, extras=extras or {})
    # Replies have a pipe of their own: what libraries print must not land among them.
    replies = os.dup(1)
    os.dup2(2, 1)
    try:
        scribe.serve(0, replies)
    except UnavailableError as error:
        _log.warning("%s", error)
        return 1
    return 0


def _settle(log: Path) -> None:
    """Manners of the process: quiet, undisturbed by Ctrl-C, behind the user's own work in priority."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        os.nice(10)
    # MLflow's half a million objects stay: to look through them again and again while it is imported takes a second.
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 50, 50)
    for name, value in address.own_environment().items():
        os.environ.setdefault(name, value)
    # The scribe names experiments and runs itself; the kernel's choices are for the user's own calls.
    for name in ("MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME", "NBMLOPS_TAGS"):
        os.environ.pop(name, None)
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        os.replace(log, log.with_suffix(".log.1"))
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(handle, 2)
    os.close(handle)
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(process)d %(levelname)s %(message)s"
    )


def _write_all(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]


if __name__ == "__main__":
    raise SystemExit(main())
