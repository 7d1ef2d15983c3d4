"""A package that takes its model from another one is unpacked with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbmlops import api
from nbmlops.errors import IntegrityError, NotFoundError
from tests.unit.package.kits import folder_of

BASE = "package: {name: base}\nmodel: {path: model}\ncode:\n- path: train.py\n"


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITOPS_HOME", str(tmp_path / "kitops"))
    monkeypatch.chdir(tmp_path)


def kit(name: str, base: str, place: Path) -> None:
    files = {f"{name}.py": f"# {name}\n", "model/weights": name, "train.py": "# base\n"}
    kitfile = BASE if not base else f"model: {{path: '{base}'}}\ncode:\n- path: {name}.py\n"
    api.pack(source=str(folder_of(files, place / name, kitfile)), tag=f"{name}:v1")


def files(folder: str) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file()}


def test_the_model_comes_along_over_several_packages(tmp_path: Path) -> None:
    kit("base", "", tmp_path)
    kit("tuned", "base:v1", tmp_path)
    kit("served", "tuned:v1", tmp_path)
    done = api.unpack(package="served:v1", dir="out")
    assert done.bases == ("tuned:v1", "base:v1")
    assert files("out") == {"Kitfile", "served.py", "model/weights"}
    assert Path("out/model/weights").read_text() == "base"
    api.unpack(package="served:v1", dir="model-only", filter=("model",))
    assert files("model-only") == {"model/weights"}
    assert api.unpack(package="served:v1", dir="code-only", filter=("code",)).bases == ()
    assert files("code-only") == {"served.py"}


def test_a_base_that_is_not_there_leaves_nothing(tmp_path: Path) -> None:
    kit("tuned", "base:v1", tmp_path)
    with pytest.raises(NotFoundError, match="There is no package base:v1"):
        api.unpack(package="tuned:v1", dir="out")
    assert not Path("out").exists()


def test_packages_that_take_their_model_from_each_other(tmp_path: Path) -> None:
    kit("tuned", "served:v1", tmp_path)
    kit("served", "tuned:v1", tmp_path)
    with pytest.raises(IntegrityError, match="takes its model from a package that takes its own from it"):
        api.unpack(package="served:v1", dir="out")
    assert not Path("out").exists()
