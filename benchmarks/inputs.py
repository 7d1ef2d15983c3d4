"""What it costs to see the inputs: 10,000 opens in a cell, recorded against not; cells with inputs on against off."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile

from benchmarks.table import Row

ROUNDS = 7
MOST_OPENS = 1.05
MOST_CELL_MS = 1.0

OPENS = """
import csv, json, statistics, sys, time
from pathlib import Path
from nbmlops.capture.files import FileWatch
rounds = int(sys.argv[1])
root = Path.cwd()
data = root / "data"
data.mkdir()
names = [str(data / f"{number}.csv") for number in range(10_000)]
for name in names:
    Path(name).write_text("12,0.5,abc,7\\n" * 512)
few = names[:100] * 100
def parse(names):
    for name in names:
        with open(name) as file:
            list(csv.reader(file))
def read(names):
    for name in names:
        with open(name, "rb") as file:
            file.read()
watch = FileWatch(root)
def plain(act, names):
    began = time.perf_counter()
    act(names)
    return time.perf_counter() - began
def seen(act, names):
    watch.start()
    began = time.perf_counter()
    watch.begin()
    act(names)
    found = watch.end()
    took = time.perf_counter() - began
    watch.close()
    assert len(found.inputs) == len(set(names)), len(found.inputs)
    assert found.completeness == "full", found.incomplete
    return took
sides = {"off": plain, "on": seen}
found = {}
for kind, act, chosen in (("parse", parse, few), ("few", read, few), ("many", read, names)):
    for number in range(rounds + 1):
        for side in sides if number % 2 else reversed(sides):
            took = sides[side](act, chosen)
            if number:  # the first round warms up
                found.setdefault(f"{kind} {side}", []).append(took)
found["empty"] = []
watch.start()
for _ in range(2000):
    began = time.perf_counter()
    watch.begin()
    watch.end()
    found["empty"].append(time.perf_counter() - began)
watch.close()
print(json.dumps({name: statistics.median(times) for name, times in found.items()}))
"""


def measure() -> tuple[Row, ...]:
    with tempfile.TemporaryDirectory() as folder:
        child = subprocess.run(
            [sys.executable, "-c", OPENS, str(ROUNDS)], cwd=folder, check=True, capture_output=True, text=True
        )
    found = json.loads(child.stdout.splitlines()[-1])
    rows = []
    for kind, what, bar in (
        ("parse", "10,000 CSV files of 7 kB read and parsed, 100 different ones, inputs seen", MOST_OPENS),
        ("few", "10,000 bare opens and reads, 100 different files, inputs seen", None),
        ("many", "10,000 bare opens and reads, all different files, inputs seen", None),
    ):
        ours, peer = found[f"{kind} on"], found[f"{kind} off"]
        rows.append(Row(what=what, ours=ours, peer=peer, value=ours / peer, bar=bar))
    ours = found["empty"] * 1000
    rows.append(
        Row(what="inputs, added to a cell that opens nothing", ours=ours, value=ours, bar=MOST_CELL_MS, unit="ms")
    )
    return tuple(rows)
