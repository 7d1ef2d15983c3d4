"""Fixtures of the journeys: somebody at a terminal, in a folder, with an empty home."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbmlops.lib.process import process_started
from nbmlops.testing.notebooks import notebook_file
from tests import isolation

TRAINING = """
# %% [markdown]
# # Flowers
# %% tags=["parameters"]
strength = 1.0  # regularization
seed = 3
# %% [markdown]
# ## Load
# %%
import csv
from pathlib import Path

with open("data/flowers.csv", newline="") as file:
    rows = [[float(value) for value in row] for row in csv.reader(file)]
features = [row[:-1] for row in rows]
kinds = [int(row[-1]) for row in rows]
# %%
unused = len(rows) ** 2
unused
# %% [markdown]
# ## Train
# %%
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score

model = LogisticRegression(C=strength, max_iter=500, random_state=seed)
model.fit(features, kinds)
accuracy = accuracy_score(kinds, model.predict(features))
print(accuracy)
"""


def flowers() -> str:
    """Measurements of 60 made-up flowers of two kinds, always the same."""
    lines = []
    for number in range(60):
        kind = number % 2
        lines.append(f"{1 + kind + (number * 7 % 11) / 10},{2 - kind + (number * 5 % 13) / 10},{kind}")
    return "\n".join(lines) + "\n"


class Terminal:
    """Commands as real processes; each that is started is ended by its pid."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self.folder = folder
        self.variables = variables
        self.started: list[subprocess.Popen[str]] = []

    def run(self, module: str, *words: str, seconds: float = 240, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", module, *words],
            cwd=self.folder,
            env={**self.variables, **more},
            capture_output=True,
            text=True,
            timeout=seconds,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    def start(self, module: str, *words: str, **more: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *words],
            cwd=self.folder,
            env={**self.variables, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        self.started.append(process)
        return process

    def nbmlops(self, *words: str, **more: Any) -> subprocess.CompletedProcess[str]:
        return self.run("nbmlops", *words, **more)

    def good(self, *words: str, **more: str) -> Any:
        """The result of a verb that has to succeed, as JSON."""
        import json

        done = self.nbmlops(*words, "--json", **more)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def papermill(self, source: str, target: str, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return self.run("papermill", source, target, "--engine", "nbmlops", "--no-progress-bar", *words, **more)

    def close(self) -> None:
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.communicate()


@pytest.fixture(scope="session")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return isolation.environment(tmp_path_factory.mktemp("home"), isolation.shared_cache(tmp_path_factory))


@pytest.fixture(autouse=True)
def isolated(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    isolation.apply(monkeypatch, variables)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def terminal(tmp_path: Path, variables: dict[str, str]) -> Any:
    """In a new folder that is a project already."""
    folder = tmp_path / "work"
    folder.mkdir()
    terminal = Terminal(folder, variables)
    terminal.good("init")
    yield terminal
    terminal.close()


def write(folder: Path, name: str, source: str) -> Path:
    """A notebook of cells separated by `# %%`."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(notebook_file(source), encoding="utf-8")
    return path


def eventually(is_so: Callable[[], object], seconds: float = 60.0) -> bool:
    """Whether it becomes so within some time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if is_so():
            return True
        time.sleep(0.1)
    return bool(is_so())


def is_gone(pid: int) -> bool:
    return process_started(pid) <= 0


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """What a refused command says: one line (beside marks of progress), and no traceback."""
    said = [line for line in done.stderr.splitlines() if line.startswith("nbmlops: ")]
    assert "Traceback" not in done.stderr, done.stderr
    assert len(said) == 1, done.stderr
    assert done.stderr.rstrip().endswith(said[0])
    return said[0]
