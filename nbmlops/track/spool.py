"""Sending what dead sessions left behind: their server was away, or their scribe was killed.

send_pending(spool, root, uri)      # at the start of every scribe
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

import msgspec

from nbmlops.lib.redact import redact
from nbmlops.track.desk import Desk, ExtraHandler
from nbmlops.track.journal import Journal, sessions
from nbmlops.track.trouble import is_for_later

KILLED = "the kernel ended without a goodbye"

_log = logging.getLogger("nbmlops")


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome for one session's journal."""

    session: str
    runs: dict[str, str]
    done: bool
    reason: str = ""
    """Why it has to wait."""
    errors: tuple[str, ...] = ()


def pending(spool: Path) -> tuple[str, ...]:
    """Sessions whose kernel is gone and whose journal is still there."""
    return tuple(session for session in sessions(spool) if not Journal(spool, session).kernel_lives())


def send_pending(
    spool: Path,
    root: Path,
    uri: str,
    *,
    extras: Mapping[str, ExtraHandler] | None = None,
    own: str = "",
    awaited: str = "",
) -> tuple[Sent, ...]:
    """Write the journals of dead sessions to MLflow. One that another scribe works on is left to it.

    Of the session `awaited` all is sent when this returns, whoever sends it.
    """
    outcomes: list[Sent] = []
    for session in sessions(spool):
        if session == own:
            continue
        journal = Journal(spool, session)
        if journal.kernel_lives() or not journal.acquire(wait=session == awaited):
            continue
        try:
            outcomes.append(finish(journal, root, uri, extras or {}))
        finally:
            journal.release()
    return tuple(outcomes)


def finish(journal: Journal, root: Path, uri: str, extras: Mapping[str, ExtraHandler]) -> Sent:
    """Bring one journal, whose lock we hold, to its end."""
    from nbmlops.track.server import check_server
    from nbmlops.track.writer import Writer

    state, begun = journal.load(uri)
    size = journal.size()
    if begun and size == 0 and not state.open:
        journal.remove()
        return Sent(session=journal.session, runs={}, done=True)
    done = state.offset
    try:
        check_server(state.uri)
        desk = Desk(Writer(state.uri, root), state, extras)
        for line, after in journal.lines(state.offset):
            desk.handle(line, again=begun)
            done = after
            if desk.is_settled:
                state.offset = after
        desk.settle()
        state.offset = done
        end_session(desk, journal)
    except Exception as error:
        if not is_for_later(error):
            raise
        journal.save(state)
        return Sent(session=journal.session, runs=state.runs, done=False, reason=redact(str(error)))
    errors = desk.take_errors()
    journal.remove()
    return Sent(session=journal.session, runs=state.runs, done=True, errors=errors)


def end_session(desk: Desk, journal: Journal, *, now_ms: int | None = None) -> None:
    """End the open runs: finished after a goodbye, else killed, when the kernel was last heard of."""
    from nbmlops.track.orphans import end_orphans

    state = desk.state
    if state.goodbye_ms is not None:
        desk.end_open(status="FINISHED", why="", ended_ms=state.goodbye_ms)
        return
    desk.end_open(status="KILLED", why=KILLED, ended_ms=now_ms or journal.last_written_ms())
    # Runs that the user's own mlflow opened in that kernel carry the session's tag.
    end_orphans(state.uri, lambda session: session != journal.session)
