"""Folders and Kitfiles, and what `kit` 1.7.0 packs from them: the same digests, manifest included."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nbmlops.package.kitfile import config_json, read_kitfile
from nbmlops.package.layout import Layout, written
from nbmlops.package.pack import Options, pack

CASES = sorted((Path(__file__).parents[2] / "golden" / "modelkit").glob("*.json"))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_digests_are_those_of_kit(case: Path, tmp_path: Path) -> None:
    golden = json.loads(case.read_text())
    folder = laid_out(golden, tmp_path / "folder")
    packed = pack(folder, read_kitfile(folder / "Kitfile"), Layout(tmp_path / "layout"), Options(exact=True))
    assert config_json(packed.kitfile).decode() == golden["config"]
    assert [layer.digest for layer in packed.manifest.layers or ()] == golden["layers"]
    assert written(packed.manifest).decode() == golden["manifest"]
    assert packed.descriptor.digest == golden["manifest_digest"]


def laid_out(golden: dict, folder: Path) -> Path:
    folder.mkdir()
    (folder / "Kitfile").write_text(golden["kitfile"])
    for file in golden["files"]:
        path = folder / file["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file["text"])
        path.chmod(int(file["mode"], 8))
    for path in folder.rglob("*"):
        if path.is_dir():
            path.chmod(int(golden["directory_mode"], 8))
    return folder
