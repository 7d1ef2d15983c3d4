"""A look at a day of requests: a million rows of ten columns in files of ten minutes, without and with labels.

The first look reads all; the next one what has come since. Each is a process of its own. Its seconds are from the call
to its result, with libraries imported before, as in a notebook and with --watch (at a terminal they take most of
another second); its memory is all that it ever had.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.table import Row
from nbmlops import api
from nbmlops.deploy.folder import DeploymentFolder
from nbmlops.model.deployment import Revision, Spec
from nbmlops.model.profile import ModelProfile
from nbmlops.profile.model_file import FILE
from nbmlops.profile.table import profile_of
from nbmlops.serve.request_log.labels import SCHEMA

ROWS, FILES = 1_000_000, 144
ROUNDS = 3
"""Of a first look, of which the best counts."""
_NUMBERS, _CATEGORIES = 7, 2
_LABELLED = 10
"""Every so many rows."""
_LOOK = """
import json, resource, sys, time
import pandas, pyarrow.compute, pyarrow.parquet, scipy.special, sklearn.utils
import nbmlops.ops.monitor_look
from nbmlops import api
began = time.perf_counter()
found = api.monitor(name="wine", folder=sys.argv[1], clear=sys.argv[2:] == ["clear"])
took = time.perf_counter() - began
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([took, memory, found.rows_read, len(found.findings)]))
"""


def measure() -> tuple[Row, ...]:
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        api.init(folder=place)
        folder = DeploymentFolder(place / ".nbmlops" / "deployments" / "wine")
        _deploy(folder)
        names = _requests(folder.requests)
        firsts = [_look(place, is_first=True) for _ in range(ROUNDS)]
        assert {rows for _, _, rows, _ in firsts} == {ROWS}
        first, memory = min(each[0] for each in firsts), max(each[1] for each in firsts)
        again, _, _, _ = _look(place)
        _labels(folder.requests, names)
        labelled, more, _, _ = _look(place)
    print(f"a look: {first:.2f} s, {memory:.0f} MB; again {again:.2f} s; labels {labelled:.2f} s", file=sys.stderr)
    return (
        Row(what="monitor: a first look, 1M rows x 10", ours=first, value=first, bar=3.0),
        Row(what="monitor: the next look", ours=again, value=again, bar=1.0),
        Row(what="monitor: a look with 100,000 labels", ours=labelled, value=labelled, bar=10.0),
        Row(what="monitor: memory at most", ours=max(memory, more), value=max(memory, more), bar=1000.0, unit="MB"),
    )


def _look(place: Path, *, is_first: bool = False) -> tuple[float, float, int, int]:
    words = [sys.executable, "-c", _LOOK, str(place), *(["clear"] if is_first else [])]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    took, memory, rows, findings = json.loads(done.stdout)
    return took, memory, rows, findings


def _deploy(folder: DeploymentFolder) -> None:
    created = datetime.now(UTC) - timedelta(days=2)
    revision = Revision(number=1, package="wine:v1", digest="sha256:0", created=created, model="model")
    folder.path.mkdir(parents=True)
    folder.write(Spec(name="wine", stable=1, monitored=True, is_wanted=False, revisions=(revision,)))
    frame = pd.DataFrame({name.partition(".")[2]: each for name, each in _values(0, 20_000).items()})
    said = frame[["prediction"]]
    found = ModelProfile(inputs=profile_of(frame.drop(columns="prediction")), outputs=profile_of(said), rows=20_000)
    model = folder.files(1) / "model"
    model.mkdir(parents=True)
    (model / FILE).write_bytes(msgspec.json.encode(found))


def _values(seed: int, count: int) -> dict[str, np.ndarray]:
    chance = np.random.default_rng(seed)
    numbers = {f"input.number{place}": chance.normal(place, 1, count) for place in range(_NUMBERS)}
    names = {f"input.name{place}": chance.choice(list("abcdefgh"), count) for place in range(_CATEGORIES)}
    return {**numbers, **names, "output.prediction": chance.integers(0, 3, count)}


def _requests(folder: Path) -> list[tuple[str, int]]:
    """As services leave them; and every tenth row's id, with what it was answered."""
    folder.mkdir()
    began = datetime.now(UTC) - timedelta(hours=23, minutes=50)
    told = []
    sizes = np.diff(np.linspace(0, ROWS, FILES + 1).astype(int))
    for number, count in enumerate(sizes.tolist()):
        start = began + timedelta(minutes=9.9 * number)
        values = _values(number + 1, count)
        ids = [f"{number:03}-{row:06}" for row in range(count)]
        table = pa.table(
            {
                "request_id": ids,
                "row": np.zeros(count, np.int32),
                "time": pa.array(
                    int(start.timestamp() * 1e6) + np.arange(count) * (590_000_000 // count),
                    pa.timestamp("us", tz="UTC"),
                ),
                "protocol": ["mlflow"] * count,
                "revision": ["1"] * count,
                "milliseconds": np.full(count, 2.0, np.float32),
                **values,
            }
        )
        pq.write_table(table, folder / f"requests-{start:%Y%m%dT%H%M%S}-r1-{number:04}.parquet", compression="zstd")
        said = values["output.prediction"].tolist()
        told += [(ids[row], said[row]) for row in range(0, count, _LABELLED)]
    return told


def _labels(folder: Path, told: list[tuple[str, int]]) -> None:
    """Nine of ten are what was answered."""
    count = len(told)
    truth = [float(said if place % 10 else (said + 1) % 3) for place, (_, said) in enumerate(told)]
    now = pa.array([datetime.now(UTC)] * count, pa.timestamp("us", tz="UTC"))
    table = pa.table(
        {
            "request_id": [name for name, _ in told],
            "row": pa.array(np.zeros(count, np.int32)),
            "time": now,
            "number": truth,
            "text": pa.nulls(count, pa.string()),
        },
        schema=SCHEMA,
    )
    pq.write_table(table, folder / "labels-1.parquet")
