"""Runs whose kernel is gone must not stay RUNNING for ever.

    end_orphans(uri, alive)     # alive(session id) -> bool

Any run with our session tag counts, also one that the user's own `mlflow.start_run()` made. For SQLite it
is one small transaction, without importing MLflow.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable
from typing import Any

from nbmlops.model.run import Tags
from nbmlops.track.address import sqlite_path
from nbmlops.track.client import connect
from nbmlops.track.trouble import asking, explaining

WHY = "the kernel that opened this run is gone"
_BUSY_SECONDS = 20.0


def end_orphans(uri: str, alive: Callable[[str], bool]) -> tuple[str, ...]:
    """Mark the RUNNING runs of dead sessions KILLED, and return their ids."""
    path = sqlite_path(uri)
    if path is None:
        return _end_through_client(uri, alive)
    if not path.exists():
        return ()
    with explaining(path), contextlib.closing(sqlite3.connect(path, timeout=_BUSY_SECONDS)) as database:
        rows = database.execute(
            "SELECT r.run_uuid, t.value FROM runs r JOIN tags t ON t.run_uuid = r.run_uuid AND t.key = ? "
            "WHERE r.status = 'RUNNING' AND r.lifecycle_stage = 'active'",
            (Tags.SESSION,),
        ).fetchall()
        dead = {session for session in {session for _, session in rows} if not alive(session)}
        runs = [run for run, session in rows if session in dead]
        now = int(time.time() * 1000)
        with database:
            for run in runs:
                changed = database.execute(
                    "UPDATE runs SET status = 'KILLED', end_time = ? WHERE run_uuid = ? AND status = 'RUNNING'",
                    (now, run),
                )
                if changed.rowcount:
                    database.execute(
                        "INSERT OR REPLACE INTO tags (key, value, run_uuid) VALUES (?, ?, ?)",
                        (Tags.FAILURE, WHY, run),
                    )
    return tuple(runs)


def _end_through_client(uri: str, alive: Callable[[str], bool]) -> tuple[str, ...]:
    with asking(uri):
        return _end_in(connect(uri), alive)


def _end_in(client: Any, alive: Callable[[str], bool]) -> tuple[str, ...]:
    ended: list[str] = []
    verdicts: dict[str, bool] = {}
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    page = None
    while experiments:
        found = client.search_runs(
            experiments, f"attributes.status = 'RUNNING' AND tags.`{Tags.SESSION}` != ''", page_token=page
        )
        for run in found:
            session = run.data.tags[Tags.SESSION]
            if session not in verdicts:
                verdicts[session] = alive(session)
            if not verdicts[session]:
                client.set_tag(run.info.run_id, Tags.FAILURE, WHY)
                client.set_terminated(run.info.run_id, "KILLED")
                ended.append(run.info.run_id)
        page = found.token
        if not page:
            break
    return tuple(ended)
