"""`kit` itself, where it is on the PATH: each reads what the other has packed, in the storage that they share."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from nbmlops import api
from tests.unit.package.kits import FILES, KITFILE, folder_of

pytestmark = pytest.mark.skipif(
    shutil.which("kit") is None, reason="kit is not on the PATH: it is a program of KitOps, in no package of Debian's"
)


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITOPS_HOME", str(tmp_path / "kitops"))
    monkeypatch.setenv("DO_NOT_TRACK", "1")
    monkeypatch.chdir(tmp_path)


def kit(*words: str) -> str:
    nobody = subprocess.DEVNULL
    done = subprocess.run(["kit", *words], stdin=nobody, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def content(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "Kitfile")
    return {path.relative_to(folder).as_posix(): path.read_text() for path in files}


@pytest.mark.parametrize("exact", [True, False])
def test_kit_reads_what_we_pack(exact: bool, tmp_path: Path) -> None:
    folder = folder_of(FILES, tmp_path / "wine", KITFILE)
    packed = api.pack(source="wine", tag="wine:v1", exact=exact)
    assert json.loads(kit("inspect", "wine:v1"))["digest"] == packed.package.digest
    kit("unpack", "wine:v1", "-d", "out")
    ours = content(folder)
    found = content(tmp_path / "out")
    assert "model/model.skops" in found
    assert found.items() <= ours.items()


def test_we_read_what_kit_packs(tmp_path: Path) -> None:
    folder_of(FILES, tmp_path / "wine", KITFILE)
    kit("pack", "wine", "-t", "wine:theirs")
    api.pack(source="wine", tag="wine:ours", exact=True)
    theirs, ours = (api.inspect(package=f"wine:{tag}") for tag in ("theirs", "ours"))
    assert [layer.digest for layer in theirs.package.layers] == [layer.digest for layer in ours.package.layers]
    assert {tag for each in api.packages().packages for tag in each.tags} == {"ours", "theirs"}
    api.unpack(package="wine:theirs", dir="out")
    assert "model/model.skops" in content(tmp_path / "out")
