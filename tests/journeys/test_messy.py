"""The messy example: cut to what matters, proven equivalent; and a pipeline that is not is found out."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest

from nbmlops.ops.demo import examples_folder
from tests.journeys.conftest import Terminal, one_line, write


@pytest.mark.slow
def test_the_messy_notebook_exports_equivalent_and_is_left_as_it_was(terminal: Terminal) -> None:
    before = take_messy(terminal.folder)
    exported = terminal.good("export", "messy.ipynb")
    assert exported["certificate"]["verdict"] == "EQUIVALENT"
    assert len(exported["pipeline"]["steps"]) > 1
    dropped = {each["preview"]: each["why"] for each in exported["pipeline"]["dropped"]}
    assert all(dropped.values())
    for dead in ("df.head(3)", "df.dtypes.value_counts()", "scaled = (df - df.mean()) / df.std()"):
        assert any(preview.startswith(dead) for preview in dropped), dead
    assert {name: (terminal.folder / name).read_bytes() for name in before} == before
    assert not (terminal.folder / "out").exists(), "proving must not write where the person works"
    terminal.good("run", "pipelines/messy", "-p", "rounds=10")


@pytest.mark.slow
def test_a_skipped_cell_that_changes_a_value_is_found_out(terminal: Terminal) -> None:
    take_messy(terminal.folder)
    path = terminal.folder / "messy.ipynb"
    node = nbformat.read(path, as_version=4)
    place = next(n for n, cell in enumerate(node.cells) if cell.source.startswith("features = ["))
    cell = nbformat.v4.new_code_cell("df['mean_area'] = df['mean_area'] * 2.0")
    cell.metadata["tags"] = ["skip"]
    node.cells.insert(place, cell)
    nbformat.write(node, path)
    done = terminal.nbmlops("export", "messy.ipynb")
    assert done.returncode == 1
    assert "DIVERGES" in done.stdout
    assert "df" in done.stdout


def test_a_pipeline_that_computes_something_else_diverges_and_names_step_and_variable(terminal: Terminal) -> None:
    source = '# %%\nvalues = [1, 2]\n# %% tags=["skip"]\nvalues.append(3)\n# %%\ntotal = sum(values)'
    write(terminal.folder, "skipped.ipynb", source)
    done = terminal.nbmlops("export", "skipped.ipynb", "--json")
    assert done.returncode == 1
    import json

    certificate = json.loads(done.stdout)["certificate"]
    assert certificate["verdict"] == "DIVERGES"
    assert "at step skipped, total" in certificate["reason"]
    different = {
        each["name"]: each["difference"] for each in certificate["comparisons"] if each["verdict"] == "DIVERGES"
    }
    assert "6" in different["total"]
    assert "3" in different["total"]
    shown = terminal.nbmlops("export", "skipped.ipynb")
    assert shown.returncode == 1
    assert "DIVERGES" in shown.stdout
    assert "total" in shown.stdout


def test_a_pipeline_that_was_edited_by_hand_is_not_replaced_unasked(terminal: Terminal) -> None:
    write(terminal.folder, "small.ipynb", "x = 1\ny = x + 1")
    terminal.good("export", "small.ipynb", "--no-verify")
    page = terminal.folder / "pipelines" / "small" / "pipeline.yaml"
    page.write_text(page.read_text() + "# mine\n")
    done = terminal.nbmlops("export", "small.ipynb", "--no-verify")
    assert done.returncode == 4
    assert "pipeline.yaml" in one_line(done)
    assert page.read_text().endswith("# mine\n")
    kept = terminal.good("export", "small.ipynb", "--no-verify", "--force")["kept_snapshot"]
    terminal.good("restore", kept, "--to", "before")
    found = list((terminal.folder / "before").rglob("pipeline.yaml"))
    assert [path.read_text().endswith("# mine\n") for path in found] == [True]


def take_messy(folder: Path) -> dict[str, bytes]:
    """The example and its module; what their files hold."""
    names = ("messy.ipynb", "messy_helpers.py")
    for name in names:
        shutil.copyfile(examples_folder() / name, folder / name)
    return {name: (folder / name).read_bytes() for name in names}
