"""Packing that is killed anywhere leaves no name on anything partial, and is finished by doing it again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nbmlops.lib import failpoints
from nbmlops.package.layout import Layout
from nbmlops.package.opened import open_package
from nbmlops.package.reference import parse
from nbmlops.package.unpack import unpack
from tests.unit.package.kits import FILES, folder_of, kit_of, tar_of

POINTS = [*(f"{number}:package-blob" for number in (1, 2, 4)), *(f"{number}:file-rename" for number in range(1, 9))]


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_anywhere(point: str, tmp_path: Path) -> None:
    folder = folder_of(FILES, tmp_path / "wine")
    env = {**os.environ, "KITOPS_HOME": str(tmp_path / "kitops")}
    pack = [sys.executable, "-m", "nbmlops", "pack", str(folder), "-t", "wine:v1", "--json"]
    killed = subprocess.run(
        pack, env={**env, failpoints.VARIABLE: f"kill@{point}"}, cwd=tmp_path, capture_output=True, check=False
    )
    layout = Layout(tmp_path / "kitops" / "storage")
    assert killed.returncode == -signal.SIGKILL
    for repo in layout.repos():
        for descriptor in (*layout.packages(repo), *layout.tags(repo).values()):
            unpack(layout, open_package(layout, descriptor), tmp_path / "seen")
    subprocess.run(pack, env=env, cwd=tmp_path, capture_output=True, check=True)
    unpack(layout, open_package(layout, layout.resolve(parse("wine:v1"))), tmp_path / "out")
    assert (tmp_path / "out" / "README.md").read_text() == FILES["README.md"]


def test_what_nobody_has_gone_on_with_is_swept(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    package = kit_of(layout, tar_of(("model", None)))
    (tmp_path / "ingest").mkdir(exist_ok=True)
    old, new = tmp_path / "ingest" / "nbmlops-old", tmp_path / "ingest" / "nbmlops-new"
    old.touch()
    new.touch()
    os.utime(old, (1, 1))
    layout.add("localhost/wine", package, ["v1"])
    assert not old.exists()
    assert new.exists()
