"""What tracking adds to cells: per cell in one shell, hooks on against off; and to a whole notebook under papermill."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path

from benchmarks.table import Row

CELLS = 400
NOTEBOOK_REPEATS = 5
MOST_CELL_MS = 1.0
MOST_NOTEBOOK = 1.02

SHELL = """
import json, statistics, sys, time
from pathlib import Path
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
count = int(sys.argv[1])
Path("input.csv").write_text("a,b\\n1,2\\n" * 50)
trivial = "x = 1"
ordinary = '''
import csv
rows = []
with open("input.csv") as file:
    for row in csv.reader(file):
        rows.append(row)
columns = [list(column) for column in zip(*rows)]
def widest(names):
    return max(names, key=len)
total = sum(len(cell) for row in rows for cell in row)
{name: len(widest(column)) for name, column in zip("ab", columns)}
'''
def seconds(source):
    began = time.perf_counter()
    shell.run_cell(source, store_history=True, silent=False)
    took = time.perf_counter() - began
    # A kernel's cells come one message at a time. Without a pause IPython's history thread, still busy with
    # the cell before, decides the figure: on either side it is one millisecond or nothing, by chance.
    time.sleep(0.005)
    return took
import io, contextlib
found = {}
with contextlib.redirect_stdout(io.StringIO()):
    for source in (trivial, ordinary):
        for _ in range(20):
            seconds(source)
    for side in ("off", "on", "off again", "on again"):
        shell.run_line_magic("load_ext" if side.startswith("on") else "unload_ext", "nbmlops")
        for name, source in (("trivial", trivial), ("ordinary", ordinary)):
            for _ in range(20):
                seconds(source)
            found.setdefault(f"{name} {side.split()[0]}", []).extend(seconds(source) for _ in range(count // 2))
print(json.dumps({name: statistics.median(times) for name, times in found.items()}))
"""


def measure() -> tuple[Row, ...]:
    return (*_cells(), _notebook())


def _cells() -> tuple[Row, ...]:
    with tempfile.TemporaryDirectory() as folder:
        child = subprocess.run(
            [sys.executable, "-c", SHELL, str(CELLS)], cwd=folder, check=True, capture_output=True, text=True
        )
    found = json.loads(child.stdout.splitlines()[-1])
    rows = []
    for name in ("trivial", "ordinary"):
        added = (found[f"{name} on"] - found[f"{name} off"]) * 1000
        rows.append(
            Row(what=f"capture, added to each {name} cell", ours=added, value=added, bar=MOST_CELL_MS, unit="ms")
        )
    return tuple(rows)


def _notebook() -> Row:
    """wine.ipynb by papermill: from the start of its first cell to the end of its last one."""
    source = Path(__file__).parent.parent / "example-notebooks" / "wine.ipynb"
    times: dict[str, list[float]] = {"plain": [], "tracked": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(source, folder)
        for number in range(NOTEBOOK_REPEATS + 1):
            for side in times if number % 2 else reversed(times):
                took = _executed(folder, is_tracked=side == "tracked")
                if number:  # the first round warms up
                    times[side].append(took)
    ours, peer = statistics.median(times["tracked"]), statistics.median(times["plain"])
    print(f"whole notebook: {times}", file=sys.stderr)
    return Row(what="wine.ipynb tracked, against plain papermill", ours=ours, peer=peer, value=ours / peer,
               bar=MOST_NOTEBOOK)  # fmt: skip


def _executed(folder: Path, *, is_tracked: bool) -> float:
    output = folder / "out.ipynb"
    command = [sys.executable, "-m", "papermill", "wine.ipynb", str(output), "--no-progress-bar"]
    environment = {**os.environ, "NBMLOPS_TRACKING": "on" if is_tracked else "off", "PYTHONWARNINGS": "ignore"}
    subprocess.run(
        [*command, *(["--engine", "nbmlops"] if is_tracked else [])],
        cwd=folder, check=True, capture_output=True, env=environment,
    )  # fmt: skip
    cells = [
        found
        for cell in json.loads(output.read_text())["cells"]
        if cell["cell_type"] == "code" and (found := cell["metadata"].get("papermill", {})).get("end_time")
        and "load_ext" not in "".join(cell["source"])
    ]  # fmt: skip
    return sum(
        (datetime.fromisoformat(cell["end_time"]) - datetime.fromisoformat(cell["start_time"])).total_seconds()
        for cell in cells
    )
