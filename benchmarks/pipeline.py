"""Five tiny steps against ploomber with the same code, and one step against plain papermill: all by command lines.

ploomber is installed into an environment of its own that is thrown away (or taken from NBMLOPS_BENCH_PLOOMBER).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.table import Row

STEPS = {
    "load": "rows = list(range(1000))",
    "clean": "clean = [row for row in rows if row % 3]",
    "square": "squares = [row * row for row in clean]",
    "mean": "mean = sum(squares) / len(squares)",
    "report": "report = {'mean': mean}",
}
GIVES = {"load": "rows", "clean": "clean", "square": "squares", "mean": "mean", "report": "report"}
SECONDS = 20
"""What the one step takes."""
CODE = {"cell_type": "code", "outputs": [], "execution_count": None}
OURS = [sys.executable, "-m", "nbmlops"]


def measure() -> tuple[Row, ...]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return (*_against_ploomber(folder, _ploomber(folder / "environment")), _against_papermill(folder / "one"))


def _against_ploomber(folder: Path, ploomber: str) -> list[Row]:
    ours, theirs = folder / "ours", folder / "theirs"
    _write_ours(ours)
    _write_theirs(theirs)
    run = [*OURS, "run", "pipelines/five"]
    build = [ploomber, "build"]
    first, peer = timed(ours, run), timed(theirs, build)
    again, peer_again = timed(ours, run), timed(theirs, build)
    return [
        Row(what="pipeline of five tiny steps, against `ploomber build`",
            ours=first, peer=peer, value=first / peer, bar=0.35),
        Row(what="the same again, nothing changed, against `ploomber build` again",
            ours=again, peer=peer_again, value=again / peer_again, bar=0.15),
    ]  # fmt: skip


def _against_papermill(folder: Path) -> Row:
    folder.mkdir()
    _write_notebook(folder / "one.ipynb", [f"import time\ntime.sleep({SECONDS})\nvalue = 1"])
    execute(folder, [*OURS, "init"])
    execute(folder, [*OURS, "export", "one.ipynb", "--no-verify"])
    plain = timed(folder, [sys.executable, "-m", "papermill", "one.ipynb", "out.ipynb"])
    ours = timed(folder, [*OURS, "run", "pipelines/one"])
    return Row(
        what=f"pipeline of one step of {SECONDS} s, against plain papermill",
        ours=ours, peer=plain, value=ours / plain, bar=1.1,
    )  # fmt: skip


def _write_ours(folder: Path) -> None:
    folder.mkdir()
    cells = [text for name, code in STEPS.items() for text in (f"# {name}", code)]
    _write_notebook(folder / "five.ipynb", cells)
    execute(folder, [*OURS, "init"])
    execute(folder, [*OURS, "export", "five.ipynb", "--no-verify", "--want", "report"])


def _write_theirs(folder: Path) -> None:
    folder.mkdir()
    tasks = []
    before = ""
    for name, code in STEPS.items():
        take = f"{GIVES[before]} = json.loads(Path(upstream['{before}']['data']).read_text())\n" if before else ""
        (folder / f"{name}.py").write_text(
            f"# %% tags=['parameters']\nupstream = {[before] if before else None}\nproduct = None\n"
            f"# %%\nimport json\nfrom pathlib import Path\n{take}# %%\n{code}\n"
            f"# %%\nPath(product['data']).write_text(json.dumps({GIVES[name]}))\n".replace(
                "'parameters'", '"parameters"'
            )
        )
        tasks.append({"source": f"{name}.py", "product": {"nb": f"out/{name}.ipynb", "data": f"out/{name}.json"}})
        before = name
    (folder / "pipeline.yaml").write_text(json.dumps({"meta": {"extract_product": False}, "tasks": tasks}))


def _write_notebook(path: Path, texts: list[str]) -> None:
    cells = [
        {"cell_type": "markdown", "id": f"c{n}", "metadata": {}, "source": text}
        if text.startswith("# ")
        else {
            "cell_type": "code",
            "id": f"c{n}",
            "metadata": {},
            "source": text,
            "outputs": [],
            "execution_count": None,
        }
        for n, text in enumerate(texts)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    node = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells}
    path.write_text(json.dumps(node))


def timed(folder: Path, command: list[str]) -> float:
    began = time.perf_counter()
    execute(folder, command)
    return time.perf_counter() - began


def execute(folder: Path, command: list[str]) -> None:
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment = {**inherited, "PLOOMBER_STATS_ENABLED": "false", "PYTHONPATH": str(Path(__file__).parents[1])}
    if not command[0].startswith(sys.executable):
        del environment["PYTHONPATH"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")


def _ploomber(place: Path) -> str:
    if ready := os.environ.get("NBMLOPS_BENCH_PLOOMBER"):
        return ready
    python = str(place / "bin" / "python")
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv:
        steps = [
            [uv, "venv", "-q", str(place)],
            [uv, "pip", "install", "-q", "--python", python, "ploomber", "ipykernel"],
        ]
    else:
        steps = [
            [sys.executable, "-m", "venv", str(place)],
            [python, "-m", "pip", "install", "-q", "ploomber", "ipykernel"],
        ]
    for step in steps:
        subprocess.run(step, check=True, stdout=sys.stderr)
    return str(place / "bin" / "ploomber")
