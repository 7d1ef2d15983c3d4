"""Metric points written into MLflow's SQLite tables, in the rows that its own `log_batch` would have left.

MLflow's object mapper spends a tenth of a second on a thousand points; these two statements spend a hundredth of
that. Databases whose tables are not as we know them are refused with `UnknownTables`, and go through MLflow.
"""

from __future__ import annotations

import contextlib
import math
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from nbmlops.errors import StateError
from nbmlops.track.messages import Point
from nbmlops.track.unknown_tables import UnknownTables

BUSY_SECONDS = 60.0
LARGEST = 1.7976931348623157e308
"""What MLflow stores for infinity, which SQL has not."""

_INSERT = (
    "INSERT OR IGNORE INTO metrics (key, value, timestamp, run_uuid, step, is_nan) "
    "VALUES (:key, :value, :timestamp, :run, :step, :is_nan)"
)
# The latest value is that of the greatest (step, timestamp, value), as in MLflow; of equal ones the first.
_LATEST = (
    "INSERT INTO latest_metrics (key, value, timestamp, run_uuid, step, is_nan) "
    "VALUES (:key, :value, :timestamp, :run, :step, :is_nan) "
    "ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value, timestamp = excluded.timestamp, "
    "step = excluded.step, is_nan = excluded.is_nan "
    "WHERE (excluded.step, excluded.timestamp, excluded.value) "
    "> (latest_metrics.step, latest_metrics.timestamp, latest_metrics.value)"
)


def write(path: Path, run: str, points: Sequence[Point]) -> None:
    """Add the points in one transaction; those that are there already stay once.

    Raises StateError for a run that is deleted or unknown, UnknownTables, and sqlite3.OperationalError while another
    writer holds the database for longer than a minute.
    """
    rows = [_row(run, point) for point in points]
    with contextlib.closing(sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        try:
            found = database.execute("SELECT lifecycle_stage FROM runs WHERE run_uuid = ?", (run,)).fetchone()
            if found is None or found[0] != "active":
                raise StateError(
                    f"Run {run[:8]} is {'deleted' if found else 'not in MLflow'}: {len(rows)} metric values are lost.",
                    kind="run-deleted",
                    hint="Restore it in MLflow before logging more.",
                )
            database.executemany(_INSERT, rows)
            database.executemany(_LATEST, rows)
            database.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if any(phrase in str(error) for phrase in ("no such table", "no such column", "has no column")):
                raise UnknownTables(str(error)) from error
            raise
        finally:
            if database.in_transaction:
                database.execute("ROLLBACK")


def _row(run: str, point: Point) -> dict[str, str | float | int]:
    value = float(point.value)
    is_nan = math.isnan(value)
    if is_nan:
        value = 0.0
    elif math.isinf(value):
        value = math.copysign(LARGEST, value)
    return {
        "key": point.name, "value": value, "timestamp": point.time_ms, "run": run, "step": point.step, "is_nan": is_nan,
    }  # fmt: skip
