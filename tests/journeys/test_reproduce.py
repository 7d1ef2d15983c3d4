"""From a number in a notebook back to the code and data that made it: keep, stale, reproduce."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbmlops.model.run import Tags
from nbmlops.project import Project
from nbmlops.testing.notebooks import notebook_file
from tests.journeys.conftest import Terminal, one_line
from tests.kernels import Kernel

ROWS = "x,y\n" + "".join(f"{n},{3 * n + n % 3}\n" for n in range(30))
CELLS = {
    "load": "import pandas as pd, numpy as np\ntable = pd.read_csv('data.csv')",
    "helper": "from rates import rate\nalpha = 0.5",
    "noise": "noise = np.random.rand(len(table)) * rate()",
    "fit": "from sklearn.linear_model import Ridge\nmodel = Ridge(alpha=alpha).fit(table[['x']], table['y'] + noise)",
    "score": "error = float(abs(model.predict(table[['x']]) - table['y']).mean())\nprint(f'error {error:.6f}')",
    "write": "table.describe().to_csv('summary.csv')",
}


MODULE = "def rate():\n    return 0.25\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, variables: dict[str, str]) -> Path:
    """A project whose notebook was executed once in a live kernel, without seeds, and kept."""
    root = tmp_path_factory.mktemp("replayed")
    Project.init(root)
    (root / "data.csv").write_text(ROWS)
    (root / "rates.py").write_text(MODULE)
    save(root, CELLS)
    kernel = Kernel(root, variables, notebook=root / "study.ipynb")
    try:
        kernel.good("%load_ext nbmlops", cell_id="ext")
        for name, source in CELLS.items():
            kernel.good(source, cell_id=name)
        kept = kernel.good("%mlops keep --as study").shown
        assert "Kept 7 cells as run study" in kept
        assert "error" in kept
        refused = kernel.run("%mlops keep 99")
        assert "In [99] was not executed to its end." in refused.error
        part = kernel.good("%mlops keep 2-5 --as part --metric alpha").shown
        assert "Kept 4 cells as run part" in part
    finally:
        kernel.close()
    return root


def save(root: Path, cells: dict[str, str]) -> None:
    text = "".join(f"# %%\n{source}\n" for source in ("%load_ext nbmlops", *cells.values()))
    node = json.loads(notebook_file(text))
    for cell, name in zip(node["cells"], ("ext", *cells), strict=True):
        cell["id"] = name
    (root / "study.ipynb").write_text(json.dumps(node))


@pytest.fixture
def terminal(folder: Path, variables: dict[str, str]) -> Iterator[Terminal]:
    terminal = Terminal(folder, variables)
    yield terminal
    terminal.close()
    (folder / "data.csv").write_text(ROWS)
    (folder / "rates.py").write_text(MODULE)
    save(folder, CELLS)


def outcome(terminal: Terminal, *words: str) -> dict[str, Any]:
    done = terminal.nbmlops("reproduce", *words, "--json")
    assert done.stdout, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (0 if result["reproduction"]["verdict"] == "REPRODUCED" else 1)
    return result


def first(result: dict[str, Any]) -> tuple[int, str]:
    difference = result["reproduction"]["differences"][0]
    return difference["cell"], difference["what"]


def test_what_was_kept_has_its_figures_inputs_code_and_the_executed_notebook(terminal: Terminal) -> None:
    shown = terminal.good("show", "study")
    assert shown["run"]["params"] == {"alpha": "0.5"}
    assert set(shown["run"]["metrics"]) == {"error"}
    assert [use["path"] for use in shown["datasets"]] == ["data.csv"]
    assert {"rates.py", "study.executed.ipynb", "study.requirements.lock"} <= set(shown["code"])
    assert shown["run"]["tags"][Tags.KIND] == "keep"
    artifacts = list((terminal.folder / ".nbmlops" / "artifacts").rglob("executed.ipynb"))
    printed = [json.loads(path.read_text())["cells"][5]["outputs"][0]["text"] for path in artifacts
               if len(json.loads(path.read_text())["cells"]) > 5]  # fmt: skip
    assert f"error {shown['run']['metrics']['error']:.6f}\n" in printed


def test_a_part_of_a_session_has_the_figures_that_were_named(terminal: Terminal) -> None:
    run = terminal.good("show", "part")["run"]
    assert run["metrics"] == {"alpha": 0.5}
    assert run["tags"][Tags.CELL] == "fit"


def test_an_unseeded_run_is_reproduced_to_the_last_digit_and_says_so(terminal: Terminal) -> None:
    result = outcome(terminal, "study")
    assert result["reproduction"]["verdict"] == "REPRODUCED", result["reproduction"]
    assert result["reproduction"]["differences"] == []
    assert result["reproduction"]["cells"] == 7
    assert terminal.good("show", "study")["run"]["tags"][Tags.REPRODUCED].startswith("REPRODUCED 20")


def test_the_run_of_a_fit_is_found_again_among_the_runs_of_the_replay(terminal: Terminal) -> None:
    result = outcome(terminal, "Ridge")
    assert result["reproduction"]["verdict"] == "REPRODUCED", result["reproduction"]
    assert "1 metric" not in result["reproduction"]["compared"] or result["run"]["metrics"]


def test_the_data_of_the_run_comes_back_though_the_file_is_another_now(terminal: Terminal) -> None:
    (terminal.folder / "data.csv").write_text("x,y\n1,1\n2,2\n")
    assert outcome(terminal, "study")["reproduction"]["verdict"] == "REPRODUCED"


def test_one_changed_row_differs_at_the_cell_that_read_it_and_at_the_value(terminal: Terminal) -> None:
    rows = ROWS.splitlines()
    rows[4] = "3,999"
    (terminal.folder / "data.csv").write_text("\n".join(rows) + "\n")
    result = outcome(terminal, "study", "--new-data")
    assert result["reproduction"]["verdict"] == "DIFFERS"
    assert first(result) == (2, "value table")
    assert "999" in result["reproduction"]["differences"][0]["actual"]
    whats = {difference["what"] for difference in result["reproduction"]["differences"]}
    assert {"value model", "output", "metric error", "file summary.csv"} <= whats


@pytest.mark.slow
def test_the_grid_tells_code_from_data(terminal: Terminal) -> None:
    save(terminal.folder, {**CELLS, "helper": "from rates import rate\nalpha = 500.0"})
    (row,) = outcome(terminal, "study", "--grid")["grid"]
    assert row["moved_by"] == "code"
    assert row["old_code_old_data"] == row["old_code_new_data"]
    assert row["new_code_old_data"] == row["new_code_new_data"] != row["old_code_old_data"]


def test_stale_tells_which_file_which_module_and_how_many_cells(terminal: Terminal) -> None:
    assert all(run["reasons"] == [] for run in terminal.good("stale")["runs"])
    (terminal.folder / "data.csv").write_text(ROWS + "30,90\n")
    (terminal.folder / "rates.py").write_text("def rate():\n    return 0.5\n")
    save(terminal.folder, {**CELLS, "write": "table.describe().to_csv('other.csv')"})
    reasons = {run["name"]: run["reasons"] for run in terminal.good("stale")["runs"]}
    assert reasons["study"] == ["data.csv changed", "rates.py changed", "1 cell of study.ipynb edited"]
    cells = {cell["cell"]: cell["reasons"] for cell in terminal.good("stale")["cells"]}
    assert cells["load"] == ["data.csv changed since it was read"]
    assert cells["write"][0] == "edited since it ran"


def test_a_folder_that_was_asked_for_is_kept_and_one_that_is_not_empty_is_refused(terminal: Terminal) -> None:
    outcome(terminal, "study", "--to", "again")
    assert (terminal.folder / "again" / "data.csv").read_text() == ROWS
    assert (terminal.folder / "again" / "summary.csv").is_file()
    refused = terminal.nbmlops("reproduce", "study", "--to", "again")
    assert "is not empty" in one_line(refused)


@pytest.mark.slow
def test_in_a_clean_environment_too(terminal: Terminal) -> None:
    result = outcome(terminal, "study", "--env")
    assert result["reproduction"]["verdict"] == "REPRODUCED", result["reproduction"]


def test_two_runs_side_by_side_with_what_explains_them(terminal: Terminal) -> None:
    found = terminal.good("diff", "part", "study")
    assert found["runs"]["before"] == "part"
    assert [pair["name"] for pair in found["runs"]["metrics"]] == ["alpha", "error"]
    assert "score" in {change["cell"] for change in found["runs"]["cells"]}
    assert found["runs"]["suspects"][0]["kind"] in ("code", "parameter")
    shown = terminal.nbmlops("diff", "part", "study").stdout
    assert "What may explain it" in shown


def test_a_table_is_looked_into_where_it_changed(terminal: Terminal) -> None:
    (terminal.folder / "data.csv").write_text(ROWS.replace("\n3,", "\n300,"))
    (detail,) = terminal.good("diff", "study")["details"]
    (column,) = detail["table"]["columns"]
    assert (detail["path"], column["name"], column["cells"]) == ("data.csv", "x", 1)
