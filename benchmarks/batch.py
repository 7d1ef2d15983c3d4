"""Ten million rows of Parquet through a model: `nbmlops batch` against a loop over `mlflow.pyfunc` with pandas.

The same pipeline as in benchmarks/serve.py. The loop reads a piece, predicts it and writes it, in one process, as one
writes it by hand; both sides are whole processes, from their start to their end. Memory is that of all processes.
"""

from __future__ import annotations

import compileall
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import nbmlops
from benchmarks.serve import _MAKE, COLUMNS
from benchmarks.table import Row

ROWS = int(os.environ.get("NBMLOPS_BENCH_ROWS", "10000000"))
_GROUP_ROWS = 1_000_000
_GIGABYTE = 1000
ROUNDS = 2
"""Of which the best counts."""
_LOOP = """
import sys, warnings
warnings.simplefilter("ignore")
import mlflow.pyfunc, pandas as pd, pyarrow as pa, pyarrow.parquet as pq
model = mlflow.pyfunc.load_model(sys.argv[1])
writer = None
for batch in pq.ParquetFile(sys.argv[2]).iter_batches(65536):
    table = pa.Table.from_pandas(pd.DataFrame({"prediction": model.predict(batch.to_pandas())}), preserve_index=False)
    writer = writer or pq.ParquetWriter(sys.argv[3], table.schema)
    writer.write_table(table)
writer.close()
"""


class Run(NamedTuple):
    seconds: float
    memory: float
    """MB that were resident at most, of it and all its descendants."""
    processor: float
    """Seconds of all cores."""


def measure() -> tuple[Row, ...]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _prepare(folder)
        source = str(folder / "in.parquet")
        command = [sys.executable, "-m", "nbmlops"]
        _run([*command, "init"], folder)
        _run([*command, "pack", "kit", "-t", "measured:v1"], folder)
        loop = [sys.executable, "-c", _LOOP, "kit/model", source, "peer.parquet"]
        batch = [*command, "batch", "measured:v1", source, "ours.parquet", "--overwrite"]
        sides = [batch, [*batch, "--no-track"], loop]
        rounds = [[_run(side, folder) for side in sides] for _ in range(ROUNDS)]
        ours, bare, peer = (min(runs) for runs in zip(*rounds, strict=True))
        found, wanted = (
            pq.read_table(folder / f"{each}.parquet")["prediction"].to_numpy() for each in ("ours", "peer")
        )
        assert np.allclose(found, wanted, rtol=1e-10, atol=1e-10)
    for what, run in {"with its run and snapshot": ours, "without": bare, "the loop": peer}.items():
        figures = f"{run.seconds:.1f} s, {run.processor:.1f} s of processors, {run.memory:.0f} MB"
        print(f"batch, {what}: {figures}", file=sys.stderr)
    return (
        Row(what=f"batch of {ROWS:,} rows, against a loop over mlflow.pyfunc", ours=bare.seconds, peer=peer.seconds,
            value=bare.seconds / peer.seconds, bar=1 / 3),
        Row(what="the same with its MLflow run and a snapshot of the output", ours=ours.seconds, peer=peer.seconds,
            value=ours.seconds / peer.seconds, bar=1.0),
        Row(what="its memory at most, all processes (MB), against 1 GB", ours=ours.memory, peer=_GIGABYTE,
            value=ours.memory / _GIGABYTE, bar=1.0),
    )  # fmt: skip


def _prepare(folder: Path) -> None:
    # As installed packages have it.
    compileall.compile_dir(Path(nbmlops.__file__).parent, quiet=1)
    (folder / "kit").mkdir()
    make = [sys.executable, "-c", _MAKE.format(columns=COLUMNS), str(folder / "kit" / "model")]
    subprocess.run(make, check=True, capture_output=True)
    (folder / "kit" / "Kitfile").write_text("package: {name: measured}\nmodel: {path: model}\n")
    chance = np.random.default_rng(0)
    names = [f"c{n}" for n in range(COLUMNS)]
    schema = pa.schema([(name, pa.float64()) for name in names])
    with pq.ParquetWriter(folder / "in.parquet", schema) as writer:
        for start in range(0, ROWS, _GROUP_ROWS):
            rows = min(_GROUP_ROWS, ROWS - start)
            writer.write_table(pa.table({name: chance.normal(size=rows) for name in names}))


def _run(command: Sequence[str], folder: Path) -> Run:
    env = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true",
           "KITOPS_HOME": str(folder / "kitops"), "NBMLOPS_HOME": str(folder / "home")}  # fmt: skip
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    before, began = _processor(), time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    most = [0.0]
    watch = threading.Thread(target=_watch, args=(process, most), daemon=True)
    watch.start()
    _, said = process.communicate()
    seconds = time.perf_counter() - began
    watch.join()
    assert process.returncode == 0, said.decode()
    return Run(seconds, most[0], _processor() - before)


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _watch(process: subprocess.Popen[bytes], most: list[float]) -> None:
    while process.poll() is None:
        most[0] = max(most[0], _memory(process.pid))
        time.sleep(0.05)


def _memory(root: int) -> float:
    """MB that are resident, of a process and its descendants; what several of them share counts for each."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(fields[1]), []).append(int(path.parent.name))
    found, total = [root], 0
    for pid in found:
        found += parents.get(pid, [])
        try:
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except OSError:
            continue
    return total * os.sysconf("SC_PAGE_SIZE") / 1e6
