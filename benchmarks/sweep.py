"""Fifty trials of a pipeline's last step against what people do without a sweep: a loop over papermill.

The notebook prepares data for some seconds and fits a model with one parameter; both take one process at a time. Of the
loop, which tracks nothing, three rounds are executed and the rest is reckoned, since all take the same time.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.pipeline import OURS, execute, timed
from benchmarks.table import Row

TRIALS = 50
ROUNDS = 3
SECONDS = 15
"""What the preparation takes."""
CELLS = (
    ("code", "%load_ext nbmlops", []),
    ("code", "alpha = 1.0", ["parameters"]),
    ("markdown", "# Prepare", []),
    (
        "code",
        "import time\nfrom sklearn.datasets import load_diabetes\n"
        "from sklearn.model_selection import train_test_split\n"
        f"time.sleep({SECONDS})\nX, y = load_diabetes(return_X_y=True)\n"
        "X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)",
        [],
    ),
    ("markdown", "# Fit", []),
    (
        "code",
        "from sklearn.linear_model import Ridge\n"
        "score = Ridge(alpha=alpha).fit(X_train, y_train).score(X_test, y_test)\nprint(score)",
        [],
    ),
    ("code", "%mlops log score={score}", []),
)


def measure() -> tuple[Row, ...]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder / "tune.ipynb", CELLS)
        _write(folder / "plain.ipynb", [cell for cell in CELLS if not cell[1].startswith("%")])
        execute(folder, [*OURS, "init"])
        execute(folder, [*OURS, "export", "tune.ipynb", "--no-verify"])
        loop = sum(_round(folder, 0.1 * number) for number in range(1, ROUNDS + 1)) * TRIALS / ROUNDS
        space = ["--space", "alpha=loguniform(1e-3, 10)", "--metric", "score"]
        ours = timed(folder, [*OURS, "sweep", "pipelines/tune", *space, "--trials", str(TRIALS)])
    return (
        Row(what=f"sweep of {TRIALS} trials, {SECONDS} s of preparation before, against a loop over papermill",
            ours=ours, peer=loop, value=ours / loop, bar=0.1),
    )  # fmt: skip


def _round(folder: Path, alpha: float) -> float:
    command = [sys.executable, "-m", "papermill", "plain.ipynb", f"out-{alpha:.1f}.ipynb", "-p", "alpha", str(alpha)]
    return timed(folder, command)


def _write(path: Path, texts: Sequence[tuple[str, str, list[str]]]) -> None:
    cells = [
        {"cell_type": kind, "id": f"c{number}", "metadata": {"tags": tags}, "source": text}
        | ({"outputs": [], "execution_count": None} if kind == "code" else {})
        for number, (kind, text, tags) in enumerate(texts)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path.write_text(
        json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells})
    )
