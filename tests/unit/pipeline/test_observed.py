"""What a step rested on beside its key, and whether it still holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nbmlops.lib.clock import utc_now
from nbmlops.model.cell import Execution, FileUse
from nbmlops.model.step_cache import Observed
from nbmlops.pipeline.module_code import beside
from nbmlops.pipeline.observed import changes, observe
from nbmlops.pipeline.plain_code import StepCell, parsed


def ran(*cells: tuple[tuple[str, ...], tuple[str, ...]]) -> tuple[Execution, ...]:
    """Executions, each with the files it read and those it wrote."""
    return tuple(
        Execution(
            id=str(number), session="s", notebook="n", order=number, source="", started=utc_now(), seconds=0.0,
            inputs=tuple(FileUse(path=path) for path in reads),
            outputs=tuple(FileUse(path=path) for path in writes),
        )
        for number, (reads, writes) in enumerate(cells, start=1)
    )  # fmt: skip


class Place:
    """A folder with files, and a step with code."""

    def __init__(self, folder: Path, code: str) -> None:
        self.folder = folder
        self.cells = [StepCell("c", code, parsed(code))]
        self.versions = {"pandas": "2.1"}

    def digest_of(self, name: str) -> str | None:
        path = self.folder / name
        return path.read_text() if path.is_file() else None

    def observe(self, executions: tuple[Execution, ...] = (), modules: tuple[Path, ...] = (), **more: Any) -> Observed:
        return observe(
            self.cells, executions, file_of=beside(self.folder), modules=modules, packages=more.get("packages", {}),
            digest_of=self.digest_of, relative=lambda path: path.name,
        )  # fmt: skip

    def changes(self, observed: Observed) -> str:
        return changes(
            observed, self.cells, file_of=beside(self.folder), digest_of=self.digest_of, version_of=self.versions.get
        )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "data.csv").write_text("1")
    (tmp_path / "helpers.py").write_text("def scale(x):\n    return x\ndef other(x):\n    return x\n")
    return Place(tmp_path, "import os\nfrom helpers import scale\nscale(os.environ['MODE'], os.getenv('LEVEL'))")


def test_nothing_changed(place: Place) -> None:
    assert place.changes(place.observe(ran((("data.csv",), ("out.csv",))), packages={"pandas": "2.1"})) == ""


def test_a_file_that_was_read(place: Place) -> None:
    observed = place.observe(ran((("data.csv",), ())))
    (place.folder / "data.csv").write_text("2")
    assert place.changes(observed) == "data.csv changed"
    (place.folder / "data.csv").unlink()
    assert place.changes(observed) == "data.csv is gone"


def test_a_file_that_the_step_itself_wrote_first_is_none_of_its_inputs(place: Place) -> None:
    executions = ran(((), ("data.csv",)), (("data.csv",), ()))
    assert place.observe(executions).files == {}
    assert set(place.observe(ran((("data.csv",), ()), ((), ("data.csv",)))).files) == {"data.csv"}


def test_an_address_cannot_be_looked_at_again(place: Place) -> None:
    observed = place.observe(ran((("https://example.org/x.csv?token=1",), ())))
    assert place.changes(observed) == "reads https://example.org/x.csv, which may have changed"


def test_a_function_of_a_helper_module(place: Place) -> None:
    observed = place.observe()
    (place.folder / "helpers.py").write_text("def scale(x):\n    return x  # same\ndef other(x):\n    return -x\n")
    assert place.changes(observed) == ""
    (place.folder / "helpers.py").write_text("def scale(x):\n    return -x\ndef other(x):\n    return x\n")
    assert place.changes(observed) == "helpers.scale changed"


def test_a_module_from_elsewhere_counts_as_a_whole(place: Place) -> None:
    (place.folder / "far.py").write_text("x = 1")
    observed = place.observe(modules=(place.folder / "far.py", place.folder / "helpers.py"))
    assert set(observed.files) == {"far.py"}
    (place.folder / "far.py").write_text("x = 2")
    assert place.changes(observed) == "far.py changed"


def test_a_package(place: Place) -> None:
    observed = place.observe(packages={"pandas": "2.1"})
    place.versions["pandas"] = "2.2"
    assert place.changes(observed) == "pandas 2.1 → 2.2"
    del place.versions["pandas"]
    assert place.changes(observed) == "pandas 2.1 → not installed"


@pytest.mark.parametrize("name", ["MODE", "LEVEL"])
def test_an_environment_variable_that_the_code_names(place: Place, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(name, raising=False)
    observed = place.observe()
    assert place.changes(observed) == ""
    monkeypatch.setenv(name, "secret-value")
    assert place.changes(observed) == f"environment variable {name} changed"
    assert "secret-value" not in str(place.observe())
