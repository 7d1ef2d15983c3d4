"""What is published: a source archive that needs neither Node.js nor npm, and the wheel that comes of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "nbmlops" / "labextension"
NOWHERE = "http://127.0.0.1:9"
NODE = {"node", "nodejs", "npm", "npx", "yarn", "jlpm", "corepack"}


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of the tree, as it is with the sidebar built; the wheel from the source archive."""
    place = tmp_path_factory.mktemp("package")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in names:
        if (ROOT / name).is_file():
            (place / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place / "tree" / name)
    shutil.copytree(BUILT, place / "tree" / "nbmlops" / "labextension")
    without = {**os.environ, "PATH": str(_programs(place / "bin")), "YARN_NPM_REGISTRY_SERVER": NOWHERE}
    done = subprocess.run(
        [sys.executable, "-m", "build", "--outdir", str(place / "dist"), str(place / "tree")],
        env=without, capture_output=True, text=True, timeout=1500, check=False,
    )  # fmt: skip
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return place / "dist"


def _programs(folder: Path) -> Path:
    """Those of the PATH, but for Node.js."""
    folder.mkdir()
    for place in os.environ["PATH"].split(os.pathsep):
        for program in Path(place).glob("*"):
            if program.name not in NODE and not (folder / program.name).is_symlink():
                (folder / program.name).symlink_to(program)
    return folder


def built() -> set[str]:
    return {str(path.relative_to(BUILT)) for path in BUILT.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_the_source_archive_holds_the_sidebar_built_and_as_source(dist: Path) -> None:
    (path,) = dist.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {f"nbmlops/labextension/{name}" for name in built()} <= names
    assert {
        "labextension/src/plugin.ts",
        "labextension/yarn.lock",
        "jupyter-config/server-config/nbmlops.json",
    } <= names
    assert not [name for name in names if "node_modules" in name or name.startswith("labextension/lib/")]


@pytest.mark.slow
def test_the_wheel_holds_the_sidebar_once_and_no_typescript(dist: Path) -> None:
    (path,) = dist.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    data = f"{'-'.join(path.name.split('-')[:2])}.data/data"
    shared = f"{data}/share/jupyter/labextensions/nbmlops/"
    assert {name.removeprefix(shared) for name in names if name.startswith(shared)} == built() | {"install.json"}
    assert f"{data}/etc/jupyter/jupyter_server_config.d/nbmlops.json" in names
    assert not [name for name in names if name.startswith("nbmlops/labextension/") or name.endswith((".ts", ".tsx"))]
    assert not [name for name in names if name.startswith(("tests/", "labextension/", "benchmarks/"))]
    assert len(names) == len(set(names))
