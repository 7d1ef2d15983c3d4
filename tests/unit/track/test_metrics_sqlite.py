"""Points written past MLflow's object mapper are the points that MLflow would have written."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mlflow.entities import Metric

from nbmlops.errors import StateError
from nbmlops.track import address, metrics_sqlite
from nbmlops.track.messages import Point
from nbmlops.track.unknown_tables import UnknownTables
from nbmlops.track.writer import Writer

NOW = 1_760_000_000_000

POINTS = st.lists(
    st.builds(
        Point,
        st.sampled_from(["loss", "a/b", "été"]),
        st.one_of(st.floats(), st.sampled_from([0.0, -0.0, float("nan"), float("inf"), float("-inf")])).map(
            lambda value: value if value - value == 0 else str(value)
        ),
        st.sampled_from([0, 0, 1, 7, -3, 2**62]),
        st.sampled_from([NOW, NOW + 1, 0]),
    ),
    min_size=1,
    max_size=30,
)


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Writer:
    root = tmp_path_factory.mktemp("metrics")
    uri = address.tracking_uri(root)
    address.prepare(root, uri)
    return Writer(uri, root)


def rows(writer: Writer, run: str, table: str) -> list[tuple[object, ...]]:
    path = address.sqlite_path(writer.uri)
    assert path is not None
    with contextlib.closing(sqlite3.connect(path)) as database:
        columns = "key, value, timestamp, step, is_nan"
        found = database.execute(f"SELECT {columns} FROM {table} WHERE run_uuid = ? ORDER BY {columns}", (run,))
        return found.fetchall()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(points=POINTS, cut=st.integers(0, 30))
def test_the_tables_are_as_after_log_batch(writer: Writer, points: list[Point], cut: int) -> None:
    ours = writer.open_run("ours", "e", tags={}, params={})
    theirs = writer.open_run("theirs", "e", tags={}, params={})
    path = address.sqlite_path(writer.uri)
    assert path is not None
    for part in (points[:cut], points[cut:]):
        if part:
            metrics_sqlite.write(path, ours, part)
        # One by one: what `mlflow.log_metric` in a loop leaves.
        for point in part:
            metric = Metric(point.name, float(point.value), point.time_ms, point.step)
            writer.client.log_batch(theirs, metrics=[metric])
    for table in ("metrics", "latest_metrics"):
        assert rows(writer, ours, table) == rows(writer, theirs, table)


def test_a_deleted_run_takes_no_points(writer: Writer) -> None:
    run = writer.open_run("gone", "e", tags={}, params={})
    writer.client.delete_run(run)
    with pytest.raises(StateError, match="is deleted: 1 metric value"):
        writer.log_metrics(run, [Point("loss", 1.0, 0, NOW)])
    assert rows(writer, run, "metrics") == []


def test_tables_of_another_layout_are_left_to_mlflow(writer: Writer, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with contextlib.closing(sqlite3.connect(other)) as database:
        database.execute("CREATE TABLE runs (run_uuid, lifecycle_stage)")
        database.execute("INSERT INTO runs VALUES ('r', 'active')")
        database.commit()
    with pytest.raises(UnknownTables, match="metrics"):
        metrics_sqlite.write(other, "r", [Point("loss", 1.0, 0, NOW)])

    run = writer.open_run("other", "e", tags={}, params={})
    cautious = Writer(writer.uri, writer.root)
    cautious._database = other
    with contextlib.closing(sqlite3.connect(other)) as database:
        database.execute("UPDATE runs SET run_uuid = ?", (run,))
        database.commit()
    cautious.log_metrics(run, [Point("loss", 1.0, 0, NOW)])
    assert rows(writer, run, "latest_metrics") == [("loss", 1.0, NOW, 0, 0)]
