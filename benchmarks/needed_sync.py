"""What one needed sync adds to the run of its pipeline, all by command lines: `nbmlops reconcile`, in which a Trainer
sees that its data has changed, against `nbmlops run` of the same pipeline over data as new to it.

With a proposal the version is written into git as well, and with a gate the model is asked and compared with the
champion: work that the pipeline itself does not have, told without a bar.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.pipeline import OURS, execute
from benchmarks.table import Row

ROUNDS = 3
CELLS = [
    "import pandas as pd\nfrom sklearn.linear_model import LogisticRegression",
    'rows = pd.read_csv("data/rows.csv")',
    'model = LogisticRegression()\nmodel.fit(rows[["x"]], rows["kind"])',
]
TRAINER = """\
apiVersion: nbmlops.dev/v1
kind: Trainer
metadata: {name: train}
spec:
  model: kinds
  pipeline: pipelines/kinds
  needs: {any: [{dataChanged: {data: data/rows.csv}}]}
"""
PUBLISH = "  publish: {edit: {file: prod.yaml, pointer: /version}}\n"
GATE = "  gate: {file: gate.yaml, data: data/rows.csv, target: kind}\n"
CASES = {"": TRAINER, ", proposed in git": TRAINER + PUBLISH, ", with a gate": TRAINER + GATE}


def measure() -> tuple[Row, ...]:
    rows = []
    for what, document in CASES.items():
        with tempfile.TemporaryDirectory() as name:
            added = _added(Path(name), document)
        print(f"a needed sync{what} adds {added:.2f} s", file=sys.stderr)
        told = f"reconcile: a needed sync adds to its pipeline's run{what}"
        rows.append(Row(what=told, ours=added, value=added, bar=None if what else 1.0))
    return tuple(rows)


def _added(place: Path, document: str) -> float:
    work = _project(place, document)
    rows, runs, syncs = 40, [], []
    # The first of each warms what is cached.
    for _ in range(ROUNDS + 1):
        rows += 1
        _write_rows(work, rows)
        runs.append(_took(work, ["run", "pipelines/kinds"], 0))
        rows += 1
        _write_rows(work, rows)
        syncs.append(_took(work, ["reconcile"], 10))
        if PUBLISH in document:
            # What waits for somebody to agree is not proposed again.
            execute(work, [*OURS, "approve", "train"])
    return statistics.median(sync - run for sync, run in zip(syncs[1:], runs[1:], strict=True))


def _took(work: Path, words: list[str], code: int) -> float:
    began = time.perf_counter()
    done = subprocess.run(
        [*OURS, *words],
        cwd=work,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    took = time.perf_counter() - began
    if done.returncode != code:
        raise RuntimeError(f"{words}: {done.returncode}: {done.stdout}{done.stderr}")
    return took


def _project(place: Path, document: str) -> Path:
    work = place / "work"
    for folder in ("data", "reconcilers"):
        (work / folder).mkdir(parents=True)
    _git(place, "init", "--quiet", "--bare", "--initial-branch=main", "remote.git")
    _git(work, "init", "--quiet", "--initial-branch=main")
    _git(work, "config", "user.name", "bench")
    _git(work, "config", "user.email", "bench@example.org")
    _git(work, "remote", "add", "origin", "../remote.git")
    cells = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "source": text, "outputs": [], "execution_count": None}
        for n, text in enumerate(CELLS)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells}
    (work / "kinds.ipynb").write_text(json.dumps(notebook))
    (work / "reconcilers" / "train.yaml").write_text(document)
    (work / "prod.yaml").write_text('version: "0"\n')
    (work / "gate.yaml").write_text("metrics: {accuracy: {min: 0.5}}\n")
    _write_rows(work, 40)
    execute(work, [*OURS, "init"])
    execute(work, [*OURS, "export", "kinds.ipynb", "--no-verify"])
    _git(work, "add", "--all")
    _git(work, "commit", "--quiet", "-m", "The first")
    _git(work, "push", "--quiet", "-u", "origin", "main")
    return work


def _write_rows(work: Path, count: int) -> None:
    text = "".join(f"{number % 2 * 5 + number / 100},{number % 2}\n" for number in range(count))
    (work / "data" / "rows.csv").write_text(f"x,kind\n{text}")


def _git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, stdout=sys.stderr)
