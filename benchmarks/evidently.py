"""A million rows of 15 numbers and 5 categories: our drift against evidently's drift preset, on the same Parquet files.

Evidently lives in an environment of its own, made below `build/` when it is first needed: it does not import on today's
pandas. Both read two files and compare them; what is told is the time of the comparison, without imports and reading.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from benchmarks.drift import both
from benchmarks.table import Row

_PACKAGES = ("evidently>=0.7,<0.8", "pandas<3", "pyarrow>=15")
_START = "import sys, time, pandas as pd; before, now = (pd.read_parquet(name) for name in sys.argv[1:])\n"
_OURS = """
from nbmlops.drift.compare import compare_tables
compare_tables(before[:1000], now[:1000])
started = time.perf_counter(); compare_tables(before, now); print(time.perf_counter() - started)
"""
_THEIRS = """
import warnings; warnings.simplefilter("ignore")
from evidently import Report
from evidently.presets import DataDriftPreset
Report([DataDriftPreset()]).run(now[:1000], before[:1000])
started = time.perf_counter(); Report([DataDriftPreset()]).run(now, before).dict(); print(time.perf_counter() - started)
"""


def measure() -> tuple[Row, ...]:
    python = _environment(Path(__file__).parents[1] / "build" / "evidently")
    with tempfile.TemporaryDirectory() as name:
        files = [str(Path(name) / f"{place}.parquet") for place in ("before", "now")]
        for table, file in zip(both(), files, strict=True):
            table.to_parquet(file)
        ours = min(_seconds(Path(sys.executable), _OURS, files) for _ in range(3))
        peer = _seconds(python, _THEIRS, files)
    return (Row(what="drift, 1M x 20 / evidently's preset", ours=ours, peer=peer, value=ours / peer, bar=1 / 30),)


def _seconds(python: Path, code: str, files: list[str]) -> float:
    quiet = {**os.environ, "DO_NOT_TRACK": "1"}
    done = subprocess.run(
        [str(python), "-c", _START + code, *files], check=True, capture_output=True, text=True, env=quiet
    )
    return float(done.stdout.split()[-1])


def _environment(folder: Path) -> Path:
    python = folder / "bin" / "python"
    if not (folder / ".made").exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *_PACKAGES], check=True)
        (folder / ".made").touch()
    return python
