"""An MLflow database of many runs: one real run and its clones by SQL, for making them one by one takes minutes."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from nbmlops.track import address, lists
from nbmlops.track.messages import Point
from nbmlops.track.writer import Writer

METRICS = 10
PARAMETERS = 20
NOW = 1_760_000_000_000


def fill(root: Path, runs: int, *, metrics: int = METRICS, parameters: int = PARAMETERS) -> str:
    """Metrics m0, m1, ... with values of their own in each run, parameters p0, p1, ...; the address of the database."""
    os.environ.update(address.own_environment())
    uri = address.tracking_uri(root)
    address.prepare(root, uri)
    writer = Writer(uri, root)
    params = {f"p{number}": str(number) for number in range(parameters)}
    run = writer.open_run("r", "e", tags={"kind": "fit"}, params=params, started_ms=NOW)
    writer.log_metrics(run, [Point(f"m{number}", number / 10, 0, NOW) for number in range(metrics)])
    path = address.sqlite_path(uri)
    assert path is not None
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.create_function("digest", 1, lambda number: f"{int(number):032x}")
        database.execute("CREATE TEMP TABLE n (i)")
        database.executemany("INSERT INTO n VALUES (?)", [(number,) for number in range(1, runs)])
        for table, changed in (
            ("runs", {"run_uuid": "digest(i)", "start_time": "start_time + i", "name": "name || i"}),
            ("params", {"run_uuid": "digest(i)"}),
            ("tags", {"run_uuid": "digest(i)"}),
            ("metrics", {"run_uuid": "digest(i)", "value": "value + (i * 7919 % 10007) / 10007.0"}),
            ("latest_metrics", {"run_uuid": "digest(i)", "value": "value + (i * 7919 % 10007) / 10007.0"}),
        ):  # fmt: skip
            columns = [name for _, name, *_ in database.execute(f"PRAGMA table_info({table})")]
            values = ", ".join(changed.get(name, f'"{name}"') for name in columns)
            names = ", ".join(f'"{name}"' for name in columns)
            copy = f"INSERT INTO {table} ({names}) SELECT {values} FROM {table}, n WHERE run_uuid = ?"
            database.execute(copy, (run,))
    lists.analyze_if_grown(uri)
    return uri
