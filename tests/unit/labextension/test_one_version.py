"""The two halves of nbmlops say the same of themselves, and Jupyter finds both."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import nbmlops
from nbmlops.doors.server.documents import API

ROOT = Path(__file__).resolve().parents[3]


def listed(module: str) -> str:
    command = [sys.executable, "-m", module, "list"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)


def test_the_version_is_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    package = json.loads((ROOT / "labextension" / "package.json").read_text(encoding="utf-8"))
    assert project["version"] == package["version"] == nbmlops.__version__


def test_the_page_knows_the_shape_of_the_servers_answers() -> None:
    types = (ROOT / "labextension" / "src" / "api" / "types.ts").read_text(encoding="utf-8")
    assert f"export const API = {API};" in types.splitlines()


def test_jupyterlab_lists_the_page() -> None:
    assert re.search(rf"nbmlops v{re.escape(nbmlops.__version__)} +enabled +OK", listed("jupyterlab.labextensions"))


def test_the_server_lists_its_half() -> None:
    text = listed("jupyter_server.extension.serverextension")
    assert re.search(r"^ *nbmlops +enabled$", text, re.MULTILINE)
    assert re.search(rf"nbmlops +{re.escape(nbmlops.__version__)} +OK", text)
