"""Snapshots against DVC: the same files, the same machine, the same minutes; both by their command lines.

DVC is installed into an environment of its own that is thrown away (or taken from NBMLOPS_BENCH_DVC). Each command is a
process of its own, so start-up counts.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.table import Row

GIB = 1 << 30
MB = 1_000_000
FILES = 20_000
CSV_BYTES = 100 * MB
OURS = [sys.executable, "-c", "from nbmlops.doors.cli.main import main; main()", "--json"]


def measure() -> tuple[Row, ...]:
    with tempfile.TemporaryDirectory() as folder:
        dvc = _dvc(Path(folder) / "dvc-environment")
        rows = [*_large(Path(folder) / "large", dvc), *_many(Path(folder) / "many", dvc), *_table(Path(folder) / "csv")]
    return tuple(rows)


class Pair:
    """One tree kept by both: a project of ours and one of DVC's, with the same files."""

    def __init__(self, folder: Path, dvc: str) -> None:
        self.ours, self.theirs = folder / "nbmlops", folder / "dvc"
        self._dvc = dvc
        for place in (self.ours, self.theirs):
            (place / "data").mkdir(parents=True)
        _run(self.ours, [*OURS, "init"])
        _run(self.theirs, [dvc, "init", "--no-scm", "-q"])

    def both(self) -> tuple[Path, Path]:
        return self.ours / "data", self.theirs / "data"

    def keep(self) -> tuple[float, float, dict[str, Any]]:
        """Seconds of ours and of DVC's, and what ours says."""
        os.sync()
        ours, said = _timed(self.ours, [*OURS, "snapshot", "data"])
        os.sync()
        theirs, _ = _timed(self.theirs, [self._dvc, "add", "-q", "data"])
        return ours, theirs, json.loads(said)


def _large(folder: Path, dvc: str) -> list[Row]:
    pair = Pair(folder, dvc)
    for data in pair.both():
        generator = random.Random(1)
        with (data / "large.bin").open("wb") as file:
            for _ in range(GIB >> 20):
                file.write(generator.randbytes(1 << 20))
    first, peer, _ = pair.keep()
    again, _, _ = pair.keep()
    for data in pair.both():
        _insert(data / "large.bin", GIB // 2, random.Random(2).randbytes(MB))
    _, _, said = pair.keep()
    stored = said["record"]["stored"] / MB
    shutil.rmtree(folder)
    return [
        Row(what="snapshot of 1 GiB of noise, against `dvc add`", ours=first, peer=peer, value=first / peer, bar=0.5),
        Row(what="again, unchanged, against the first `dvc add`", ours=again, peer=peer, value=again / peer, bar=0.1),
        Row(what="stored after 1 MB was inserted in its middle", ours=stored, value=stored, bar=4, unit="MB"),
    ]


def _many(folder: Path, dvc: str) -> list[Row]:
    pair = Pair(folder, dvc)
    for data in pair.both():
        generator = random.Random(3)
        for number in range(FILES):
            place = data / f"{number % 40:02}"
            place.mkdir(exist_ok=True)
            (place / f"{number:05}.bin").write_bytes(generator.randbytes(4096))
    first, peer, _ = pair.keep()
    for data in pair.both():
        (data / "07" / "00007.bin").write_bytes(b"changed")
    one, peer_one, _ = pair.keep()
    shutil.rmtree(folder)
    return [
        Row(what=f"snapshot of {FILES:,} files of 4 kB, against `dvc add`",
            ours=first, peer=peer, value=first / peer, bar=0.1),
        Row(what="again with one of them changed, against `dvc add` of the same",
            ours=one, peer=peer_one, value=one / peer_one, bar=0.1),
    ]  # fmt: skip


def _table(folder: Path) -> list[Row]:
    """A block of rows inserted; and as many rows scattered, which no chunking of 64 KiB can make cheap."""
    (folder / "data").mkdir(parents=True)
    _run(folder, [*OURS, "init"])
    generator = random.Random(4)
    lines = []
    size = 0
    while size < CSV_BYTES:
        line = f"{len(lines)},{generator.random():.6f},{generator.gauss(0, 1):.6f},{generator.choice('abcdef')}\n"
        lines.append(line)
        size += len(line)
    fresh = [f"new,{generator.random():.6f},0,z\n" for _ in range(len(lines) // 1000)]
    half = len(lines) // 2
    scattered = lines.copy()
    for row in fresh:
        scattered[generator.randrange(len(lines))] += row
    path = folder / "data" / "table.csv"
    stored = []
    for rows in (lines, [*lines[:half], *fresh, *lines[half:]], scattered):
        path.write_text("".join(rows))
        _, said = _timed(folder, [*OURS, "snapshot", "data"])
        stored.append(json.loads(said)["record"]["stored"] / CSV_BYTES * 100)
    shutil.rmtree(folder)
    what = "stored after 0.1 % of rows were inserted into a CSV of 100 MB"
    return [
        Row(what=f"{what}, together", ours=stored[1], value=stored[1], bar=1, unit="% of the file"),
        Row(what=f"{what}, scattered", ours=stored[2], value=stored[2], bar=None, unit="% of the file"),
    ]


def _insert(path: Path, place: int, data: bytes) -> None:
    aside = path.with_suffix(".new")
    with path.open("rb") as source, aside.open("wb") as target:
        while rest := place - target.tell():
            target.write(source.read(min(rest, 1 << 22)))
        target.write(data)
        shutil.copyfileobj(source, target, 1 << 22)
    aside.replace(path)


def _timed(folder: Path, command: list[str]) -> tuple[float, str]:
    began = time.perf_counter()
    said = _run(folder, command)
    return time.perf_counter() - began, said


def _run(folder: Path, command: list[str]) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=_environment())
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
    return done.stdout


def _environment() -> dict[str, str]:
    """DVC without its messages home; ours from this checkout. Both with compiled modules, as they are installed."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**inherited, "DVC_NO_ANALYTICS": "1", "PYTHONPATH": str(Path(__file__).parents[1])}


def _dvc(place: Path) -> str:
    if ready := os.environ.get("NBMLOPS_BENCH_DVC"):
        return ready
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    python = str(place / "bin" / "python")
    if uv:
        steps = [[uv, "venv", "-q", str(place)], [uv, "pip", "install", "-q", "--python", python, "dvc"]]
    else:
        steps = [[sys.executable, "-m", "venv", str(place)], [python, "-m", "pip", "install", "-q", "dvc"]]
    for step in steps:
        subprocess.run(step, check=True, stdout=sys.stderr)
    return str(place / "bin" / "dvc")
