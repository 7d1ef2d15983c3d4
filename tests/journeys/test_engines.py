"""A pipeline whose steps ask for something runs on Dask as at home: results are kept across, and no secret is left."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.dask_cluster import DaskCluster
from tests.journeys.conftest import Terminal, write

NOTEBOOK = """
# %% [markdown]
# # Load
# %% tags=["keep"]
import os
from pathlib import Path
rows = [int(row) for row in Path("rows.txt").read_text().split()]
greeting = os.environ.get("GREETING", "")
token = len(os.environ.get("WAREHOUSE_TOKEN", ""))
# %% [markdown]
# # Sum
# %% tags=["keep"]
total = sum(rows), greeting, token
Path("total.txt").write_text(repr(total))
"""
SECRET = "swordfish-of-1932"


@pytest.fixture
def terminal(tmp_path: Path, variables: dict[str, str]) -> Iterator[Terminal]:
    folder = tmp_path / "asking"
    folder.mkdir()
    (folder / "rows.txt").write_text("1 2 3")
    write(folder, "asking.ipynb", NOTEBOOK)
    terminal = Terminal(folder, variables)
    terminal.good("init")
    terminal.good("export", "asking.ipynb", "--no-verify")
    document = folder / "pipelines" / "asking" / "pipeline.yaml"
    raw = yaml.safe_load(document.read_text())
    raw["steps"][0] |= {"env": {"GREETING": "hello"}, "secrets": ["WAREHOUSE_TOKEN"], "cpu": 1}
    document.write_text(yaml.safe_dump(raw, sort_keys=False))
    yield terminal
    terminal.close()


def run(terminal: Terminal, *words: str, **variables: str) -> tuple[int, dict[str, Any]]:
    done = terminal.run("nbmlops", "run", "pipelines/asking", *words, "--json", **variables)
    return done.returncode, json.loads(done.stdout)


def kept(answer: dict[str, Any]) -> list[bool]:
    return [step["is_kept"] for step in answer["result"]["steps"]]


def test_a_pipeline_that_asks_for_something_runs_on_dask_as_at_home(
    terminal: Terminal, tmp_path: Path, variables: dict[str, str]
) -> None:
    code, answer = run(terminal)
    assert code != 0
    assert answer["message"] == (
        "The engine local cannot give step load its secrets: the environment variable WAREHOUSE_TOKEN is not set."
    )
    assert not (terminal.folder / "total.txt").exists()

    (tmp_path / "dask").mkdir()
    with DaskCluster(tmp_path / "dask", {**variables, "WAREHOUSE_TOKEN": SECRET}, workers=1, resources="CPU=1") as dask:
        code, answer = run(terminal, "--engine", "dask", "--engine-option", f"address={dask.address}")
    assert code == 0, json.dumps(answer)
    assert kept(answer) == [False, False]
    assert (terminal.folder / "total.txt").read_text() == "(6, 'hello', 17)"
    assert all(step["run"] for step in answer["result"]["steps"]), "each has its MLflow run"

    # What Dask has computed is kept for this machine, and what a step asks for is part of it.
    code, answer = run(terminal, "--engine", "local", WAREHOUSE_TOKEN="other-" + SECRET)
    assert (code, answer["is_new"]) == (0, False)
    document = terminal.folder / "pipelines" / "asking" / "pipeline.yaml"
    document.write_text(document.read_text().replace("hello", "hallo"))
    code, answer = run(terminal, WAREHOUSE_TOKEN=SECRET)
    assert code == 0, json.dumps(answer)
    assert answer["result"]["steps"][0]["why"] == "environment variable GREETING changed"
    assert (terminal.folder / "total.txt").read_text() == "(6, 'hallo', 17)"

    files = [path for path in terminal.folder.rglob("*") if path.is_file()]
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []


@pytest.mark.slow
def test_the_engine_of_the_settings_is_used_and_an_unreachable_one_is_one_line(terminal: Terminal) -> None:
    settings = terminal.folder / "nbmlops.toml"
    settings.write_text('[pipeline]\nengine = "dask"\n[engine.dask]\naddress = "tcp://127.0.0.1:1"\n')
    code, answer = run(terminal, WAREHOUSE_TOKEN=SECRET)
    assert code != 0
    assert answer["kind"] == "dask-unavailable"
    assert "tcp://127.0.0.1:1" in answer["message"]
    code, answer = run(terminal, "--engine", "local", WAREHOUSE_TOKEN=SECRET)
    assert code == 0, json.dumps(answer)
