"""Somebody keeps to a contract: at a terminal, in a notebook, in the pipeline that is made of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.journeys.conftest import Terminal, one_line, write
from tests.kernels import Kernel

NOTEBOOK = """
# %% [markdown]
# # Wines
# %%
%load_ext nbmlops
# %% tags=["parameters"]
source = "data/wines.csv"
# %% [markdown]
# ## Load
# %%
import pandas as pd
import pytest

wines = pd.read_csv(source)
# %% [markdown]
# ## Check
# %%
%mlops validate wines --schema contract.yaml
# %% [markdown]
# ## Train
# %%
from sklearn.linear_model import LinearRegression

model = LinearRegression().fit(wines[["alcohol"]], wines["price"])
slope = float(model.coef_[0])
with open("slope.txt", "w") as file:
    file.write(str(slope))
"""


def wines(folder: Path, **changes: Any) -> pd.DataFrame:
    chance = np.random.default_rng(0)
    alcohol = chance.uniform(9, 15, 60).round(2)
    table = pd.DataFrame({"alcohol": alcohol, "price": (3 * alcohol).round(2), "kind": ["red", "white"] * 30}).assign(
        **changes
    )
    (folder / "data").mkdir(exist_ok=True)
    table.to_csv(folder / "data" / "wines.csv", index=False)
    return table


def test_from_the_first_table_to_the_one_that_breaks_its_contract(terminal: Terminal) -> None:
    folder = terminal.folder
    table = wines(folder)
    unnamed = terminal.nbmlops("validate", "data/wines.csv")
    assert unnamed.returncode == 2
    assert "Infer one: nbmlops validate data/wines.csv --infer contract.yaml" in one_line(unnamed)
    inferred = terminal.nbmlops("validate", "data/wines.csv", "--infer", "contract.yaml")
    assert inferred.returncode == 0, inferred.stderr
    assert "The contract is kept." in inferred.stdout
    assert terminal.nbmlops("validate", "data/wines.csv", "--infer", "contract.yaml").returncode == 4
    assert terminal.good("validate", "data/wines.csv")["outcomes"]
    bad = table.copy()
    bad.loc[7, "alcohol"] = 140
    bad.loc[[3, 4], "kind"] = ["rosé", None]
    bad.rename(columns={"price": "Price"}).to_parquet(folder / "bad.parquet")
    done = terminal.nbmlops("validate", "bad.parquet", "--sample", "1")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    for told in (
        "broken: there has to be a column price, and there is none; is it Price?",
        "broken: alcohol has to be at most",
        "broken: kind has to be one of red, white; 1 of 59 rows (1.69 %) are not.",
        "The contract is broken: 4 rules.",
    ):
        assert told in done.stdout
    found = json.loads(terminal.nbmlops("validate", "bad.parquet", "--json").stdout)
    offenders = {each["kind"]: each["offenders"] for each in found["outcomes"] if not each["passed"]}
    assert offenders["max"] == [{"row": 7, "column": "alcohol", "value": "140.0"}]
    assert terminal.nbmlops("validate", "bad.parquet", "--no-fail").returncode == 0
    digest = "data"
    terminal.good("snapshot", "data")
    (folder / "contract.yaml").unlink()
    assert terminal.good("validate", "data/wines.csv", "--from", f"{digest}:data/wines.csv")["checked"]
    assert terminal.nbmlops("validate", "bad.parquet", "--from", f"{digest}:data/wines.csv").returncode == 1


def test_a_file_needs_no_project(tmp_path: Path, variables: dict[str, str]) -> None:
    terminal = Terminal(tmp_path, variables)
    wines(tmp_path)
    assert terminal.nbmlops("validate", "data/wines.csv", "--infer", "data/contract.yaml").returncode == 0
    assert terminal.nbmlops("validate", "data/wines.csv").returncode == 0
    wines(tmp_path, kind="rosé")
    assert terminal.nbmlops("validate", "data/wines.csv").returncode == 1
    assert "There is no project" in one_line(terminal.nbmlops("validate", "4f2a:wines.csv", "-s", "data/contract.yaml"))
    assert not (tmp_path / ".nbmlops").exists()


def test_contracts_for_other_libraries(terminal: Terminal) -> None:
    wines(terminal.folder)
    terminal.good("validate", "data/wines.csv", "--infer", "contract.yaml")
    module = terminal.good("validate", "--export", "pandera", "-o", "schema.py")
    assert module["written"].endswith("schema.py")
    assert "pa.DataFrameSchema" in (terminal.folder / "schema.py").read_text()
    suite = terminal.nbmlops("validate", "--export", "gx", "-o", "suite.json")
    assert "Not translated: alcohol has to be finite." in suite.stdout
    imported = terminal.good("validate", "data/wines.csv", "--import", "suite.json", "-o", "again.yaml")
    assert imported["checked"]
    assert all(each["passed"] for each in imported["outcomes"])
    assert "Imported from suite.json" in (terminal.folder / "again.yaml").read_text()


def test_at_the_keyboard_a_table_of_the_notebook(terminal: Terminal) -> None:
    wines(terminal.folder).drop(columns="price").to_csv(terminal.folder / "wines.csv", index=False)
    with Kernel(terminal.folder, terminal.variables) as kernel:
        kernel.good("%load_ext nbmlops\nimport pandas as pd, polars\nwines = pd.read_csv('wines.csv')")
        kernel.good("%mlops validate wines --infer rules/contract.yaml")
        kept = kernel.good("found = %mlops validate wines --schema rules/contract.yaml\nfound")
        assert kept.shown.splitlines()[0] == "wines against contract.yaml: 60 rows, 2 columns, 10 rules"
        assert "The contract is kept." in kept.value["text/html"]
        broken = kernel.run(
            "wines = polars.from_pandas(wines.assign(kind='rosé'))\n%mlops validate wines -s rules/contract.yaml"
        )
        assert broken.error.startswith(
            "BrokenContractError: wines breaks contract.yaml: kind has to be one of red, white;"
        )
        assert "(row 0: rosé, row 1: rosé, row 2: rosé)" in broken.error
        assert "\n" not in broken.error.strip()
        assert "The contract is broken: 1 rule." in broken.displayed[-1]["text/plain"]
        told = kernel.good("found = %mlops validate wines -s rules/contract.yaml --no-fail\nlen(found.broken)")
        assert told.shown == "1"
        for line, error in (
            ("kernel_absent", "There is neither a DataFrame nor a file"),
            ("pd", "pd is a module, and no table"),
        ):
            assert error in kernel.run(f"%mlops validate {line} -s rules/contract.yaml").error
        # A look at a table makes no run.
        assert kernel.good("runs = %mlops runs\nruns.total").shown == "0"


@pytest.mark.slow
def test_a_step_of_a_pipeline_that_lets_no_bad_data_be_learned_from(terminal: Terminal) -> None:
    folder = terminal.folder
    table = wines(folder)
    terminal.good("validate", "data/wines.csv", "--infer", "contract.yaml")
    write(folder, "wines.ipynb", NOTEBOOK)
    exported = terminal.good("export", "wines.ipynb")
    assert exported["certificate"]["verdict"] in ("EXACT", "EQUIVALENT"), exported["certificate"]
    run = terminal.good("run", "pipelines/wines", "--name", "first")
    assert {each["state"] for each in run["result"]["steps"]} <= {"done", "kept"}, run
    assert (folder / "slope.txt").exists()
    # A contract that is edited is asked again.
    contract = (folder / "contract.yaml").read_text()
    (folder / "contract.yaml").write_text(contract + "table: {rows: {min: 61}}\n")
    stricter = terminal.nbmlops("run", "pipelines/wines", "--name", "stricter")
    assert stricter.returncode == 6, stricter.stdout + stricter.stderr
    assert "the table has to have at least 61 rows; it has 60" in stricter.stdout + stricter.stderr
    (folder / "contract.yaml").write_text(contract)
    bad = table.copy()
    bad.loc[7, "alcohol"] = 140
    bad.to_csv(folder / "data" / "wines.csv", index=False)
    (folder / "slope.txt").unlink()
    done = terminal.nbmlops("run", "pipelines/wines", "--name", "second")
    assert done.returncode == 6, done.stdout + done.stderr
    told = done.stdout + done.stderr
    assert "wines breaks contract.yaml: alcohol has to be at most" in told
    assert "(row 7: 140.0)" in told
    assert not (folder / "slope.txt").exists()
    terminal.good("executed", "second", "-o", "second.ipynb")
    executed = (folder / "second.ipynb").read_text()
    assert "The contract is broken: 1 rule." in executed
    assert "BrokenContractError" in executed


@pytest.mark.slow
def test_in_a_notebook_the_cell_fails_and_the_run_says_why(terminal: Terminal) -> None:
    folder = terminal.folder
    wines(folder)
    terminal.good("validate", "data/wines.csv", "--infer", "contract.yaml")
    write(folder, "wines.ipynb", NOTEBOOK)
    done = terminal.papermill("wines.ipynb", "good.ipynb")
    assert done.returncode == 0, done.stderr
    wines(folder, kind="rosé")
    assert terminal.papermill("wines.ipynb", "bad.ipynb").returncode != 0
    runs = [each for each in terminal.good("runs")["runs"] if each["tags"]["nbmlops.kind"] == "batch"]
    assert [(each["status"], each["tags"].get("nbmlops.contract")) for each in runs] == [
        ("FAILED", "broken"),
        ("FINISHED", "kept"),
    ]
    assert runs[0]["metrics"]["validation_broken_rules"] == 1
    # Against what the good run was trained on, which is in its snapshot.
    held = terminal.nbmlops("validate", "data/wines.csv", "--from", runs[1]["id"][:12])
    assert held.returncode == 1, held.stderr
    assert "kind has to be one of red, white; 60 of 60 rows (100 %) are not." in held.stdout
    assert terminal.good("validate", f"{runs[1]['id'][:12]}:data/wines.csv")["checked"]
    assert "wines breaks contract.yaml: kind has to be one of red, white" in runs[0]["tags"]["nbmlops.failure"]
    assert "(row 0: rosé, row 1: rosé, row 2: rosé)" in runs[0]["tags"]["nbmlops.failure"]
