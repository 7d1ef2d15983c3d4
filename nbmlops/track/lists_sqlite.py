"""Read-only queries on MLflow's SQLite schema. Which columns we rely on is seen here and nowhere else."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from nbmlops.model.run import DatasetUse, ModelView, RunView, Tags
from nbmlops.track.trouble import explaining

_BUSY_SECONDS = 20.0
ACTIVE, DELETED = "active", "deleted"
"""Stages of a run's life."""
_IDS_PER_QUERY = 500
_FEW_ROWS = 100
COLUMNS = "r.run_uuid, r.name, r.status, e.name, r.start_time, r.end_time"
FROM = "FROM runs r JOIN experiments e ON e.experiment_id = r.experiment_id"


def runs_by_id(path: Path, ids: Sequence[str], stage: str = ACTIVE) -> tuple[RunView, ...]:
    with reading(path) as database:
        return views(database, rows_by_id(database, ids, stage))


def rows_by_id(database: sqlite3.Connection, ids: Sequence[str], stage: str) -> list[tuple[Any, ...]]:
    """For `views`, in no order."""
    found = []
    for start in range(0, len(ids), _IDS_PER_QUERY):
        part = ids[start : start + _IDS_PER_QUERY]
        marks = ", ".join("?" * len(part))
        found += database.execute(
            f"SELECT {COLUMNS} {FROM} WHERE r.run_uuid IN ({marks}) AND r.lifecycle_stage = ?", [*part, stage]
        ).fetchall()
    return found


def artifact_uri(path: Path, run: str) -> str:
    """Where the run's artifacts are; empty for a run that is not there."""
    with reading(path) as database:
        row = database.execute("SELECT artifact_uri FROM runs WHERE run_uuid = ?", (run,)).fetchone()
    return str(row[0] or "") if row is not None else ""


def ids_starting(path: Path, prefix: str, stage: str = ACTIVE) -> tuple[str, ...]:
    """All ids with that beginning; the id itself alone when it is one."""
    with reading(path) as database:
        rows = database.execute(
            "SELECT run_uuid FROM runs WHERE run_uuid >= ? AND run_uuid < ? AND lifecycle_stage = ? "
            "ORDER BY run_uuid LIMIT 50",
            (prefix, prefix + "\U0010ffff", stage),
        ).fetchall()
    ids = tuple(identity for (identity,) in rows)
    return (prefix,) if prefix in ids else ids


def ids_named(path: Path, name: str, stage: str = ACTIVE) -> tuple[str, ...]:
    with reading(path) as database:
        rows = database.execute(
            "SELECT run_uuid FROM runs WHERE name = ? AND lifecycle_stage = ? ORDER BY start_time DESC",
            (name, stage),
        ).fetchall()
    return tuple(identity for (identity,) in rows)


def names(path: Path, stage: str = ACTIVE) -> tuple[str, ...]:
    with reading(path) as database:
        rows = database.execute(
            "SELECT DISTINCT name FROM runs WHERE name IS NOT NULL AND lifecycle_stage = ?", (stage,)
        )
        return tuple(name for (name,) in rows)


def children(path: Path, run_id: str, stage: str = ACTIVE) -> tuple[RunView, ...]:
    with reading(path) as database:
        rows = database.execute(
            f"SELECT {COLUMNS} {FROM} JOIN tags t ON t.run_uuid = r.run_uuid AND t.key = ? AND t.value = ? "
            "WHERE r.lifecycle_stage = ? ORDER BY r.start_time, r.run_uuid",
            (Tags.MLFLOW_PARENT, run_id, stage),
        ).fetchall()
        return views(database, rows)


def datasets(path: Path, run_id: str) -> tuple[DatasetUse, ...]:
    with reading(path) as database:
        rows = database.execute(
            "SELECT d.name, d.digest, d.dataset_source, d.dataset_profile, t.value FROM inputs i "
            "JOIN datasets d ON d.dataset_uuid = i.source_id "
            "LEFT JOIN input_tags t ON t.input_uuid = i.input_uuid AND t.name = 'mlflow.data.context' "
            "WHERE i.source_type = 'DATASET' AND i.destination_type = 'RUN' AND i.destination_id = ? "
            "ORDER BY d.name, d.digest",
            (run_id,),
        ).fetchall()
    return tuple(dataset_view(*row) for row in rows)


def dataset_view(name: str, digest: str, source: str, profile: str | None, context: str | None) -> DatasetUse:
    """Our profile carries the whole digest and the size; a dataset that MLflow made has neither."""
    place, ours = _json(source), _json(profile)
    return DatasetUse(
        name=name,
        path=str(place.get("uri") or place.get("url") or ""),
        digest=str(ours.get("digest") or digest),
        size=int(ours.get("bytes") or 0),
        context=context or "read",
    )


def models(path: Path, run_id: str) -> tuple[ModelView, ...]:
    with reading(path) as database:
        rows = database.execute(
            "SELECT model_id, name, status, artifact_location, source_run_id, creation_timestamp_ms "
            "FROM logged_models WHERE source_run_id = ? AND lifecycle_stage = 'active' "
            "ORDER BY creation_timestamp_ms DESC, model_id",
            (run_id,),
        ).fetchall()
        found = []
        for identity, name, status, location, run, created in rows:
            tags = database.execute("SELECT tag_key, tag_value FROM logged_model_tags WHERE model_id = ?", (identity,))
            found.append(
                ModelView(
                    id=identity,
                    name=name,
                    status=_model_status(status),
                    location=location,
                    run=run,
                    created=_time(created),
                    tags=dict(tags.fetchall()),
                )
            )
    return tuple(found)


def analyze_if_grown(path: Path) -> bool:
    if not path.exists():
        return False
    with contextlib.closing(sqlite3.connect(path, timeout=_BUSY_SECONDS)) as database:
        if not any(_has_doubled(database, table) for table in ("runs", "latest_metrics")):
            return False
        database.execute("ANALYZE")
    return True


def _has_doubled(database: sqlite3.Connection, table: str) -> bool:
    """Whether the table has twice the rows of SQLite's last count, and so many that it matters."""
    (rows,) = database.execute(f"SELECT count(*) FROM {table}").fetchone()
    if rows < _FEW_ROWS:
        return False
    if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'").fetchone():
        return True
    counted = database.execute("SELECT stat FROM sqlite_stat1 WHERE tbl = ?", (table,)).fetchall()
    return bool(rows >= 2 * max((int(stat.split()[0]) for (stat,) in counted), default=0))


def views(
    database: sqlite3.Connection, rows: Sequence[tuple[Any, ...]], longest_tag: int | None = None
) -> tuple[RunView, ...]:
    ids = [row[0] for row in rows]
    params = _grouped(database, "SELECT run_uuid, key, value FROM params WHERE run_uuid IN", ids)
    few = "" if longest_tag is None else f"length(value) <= {longest_tag} AND"
    tags = _grouped(database, f"SELECT run_uuid, key, value FROM tags WHERE {few} run_uuid IN", ids)
    # MLflow keeps not-a-number as a flag beside the value 0.
    figures = "CASE WHEN is_nan THEN NULL ELSE value END"
    metrics = _grouped(database, f"SELECT run_uuid, key, {figures} FROM latest_metrics WHERE run_uuid IN", ids)
    return tuple(
        RunView(
            id=identity,
            name=name or "",
            status=status,
            experiment=experiment,
            started=_time(started),
            ended=_time(ended),
            parent=tags.get(identity, {}).get(Tags.MLFLOW_PARENT),
            params=params.get(identity, {}),
            metrics={key: float("nan") if value is None else value for key, value in metrics.get(identity, {}).items()},
            tags=tags.get(identity, {}),
        )
        for identity, name, status, experiment, started, ended in rows
    )


def _grouped(database: sqlite3.Connection, select: str, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(ids), _IDS_PER_QUERY):
        part = ids[start : start + _IDS_PER_QUERY]
        for identity, key, value in database.execute(f"{select} ({', '.join('?' * len(part))})", part):
            found.setdefault(identity, {})[key] = value
    return found


@contextlib.contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that cannot write. A project without runs has no database yet: an empty answer."""
    if not path.exists():
        with contextlib.closing(_empty()) as nothing:
            yield nothing
        return
    address = f"file:{quote(str(path))}?mode=ro"
    with (
        explaining(path),
        contextlib.closing(sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS)) as database,
    ):
        yield database


def _empty() -> sqlite3.Connection:
    database = sqlite3.connect(":memory:")
    database.executescript(
        "CREATE TABLE runs (run_uuid, name, status, experiment_id, start_time, end_time, lifecycle_stage);"
        "CREATE TABLE experiments (experiment_id, name);"
        "CREATE TABLE tags (run_uuid, key, value); CREATE TABLE params (run_uuid, key, value);"
        "CREATE TABLE latest_metrics (run_uuid, key, value, is_nan);"
        "CREATE TABLE inputs (input_uuid, source_type, source_id, destination_type, destination_id);"
        "CREATE TABLE input_tags (input_uuid, name, value);"
        "CREATE TABLE datasets (dataset_uuid, name, digest, dataset_source, dataset_profile);"
        "CREATE TABLE logged_models (model_id, name, status, artifact_location, source_run_id,"
        " creation_timestamp_ms, lifecycle_stage);"
        "CREATE TABLE model_versions (name, version, current_stage, creation_time, run_id, source);"
        "CREATE TABLE registered_model_aliases (name, alias, version);"
        "CREATE TABLE model_version_tags (name, version, key, value);"
    )
    return database


def _time(milliseconds: int | None) -> datetime | None:
    return None if not milliseconds else datetime.fromtimestamp(milliseconds / 1000, UTC)


def _json(text: str | None) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(text or "{}")
    except msgspec.DecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _model_status(number: Any) -> str:
    return {1: "PENDING", 2: "READY", 3: "FAILED"}.get(number, str(number))
