"""A step of a notebook's pipeline in front of its model: what is served takes rows as they come."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from sklearn.linear_model import LogisticRegression

from nbmlops.ops.package_store import opened, store
from nbmlops.ops.trusted_model import programs
from tests.journeys.conftest import Terminal, one_line, write

NOTEBOOK = """
# %% tags=["parameters"]
smoothing = 1.0
# %% tags=["step:read"]
import pandas as pd

flowers = pd.read_csv("flowers.csv")
middle = flowers["width"].mean()
# %% tags=["step:shape"]
from shapes import ratio
# %%
print("columns:", list(flowers.columns))
# %%
X = pd.DataFrame({"ratio": ratio(flowers, smoothing), "off": flowers["width"] - middle})
X["is_tall"] = (flowers["name"].str.upper() == "TALL").astype(float)
# %%
y = flowers["kind"]
# %% tags=["step:fit"]
from sklearn.linear_model import LogisticRegression

model = LogisticRegression().fit(X, y)
print(model.score(X, y))
"""
MODULE = """
def ratio(table, smoothing):
    return table["length"] / (table["width"] + smoothing)
"""
SERVED = """
import json, sys
from pathlib import Path
from starlette.testclient import TestClient
from nbmlops.serve.app import service
from nbmlops.serve.model import load_model
from nbmlops.serve.slot import Slot
sys.path.append(sys.argv[1])
client = TestClient(service(Slot("flowers", load_model(Path(sys.argv[1], "model"), "flowers")), token=""))
for body in json.loads(sys.argv[2]):
    answer = client.post("/invocations", json=body)
    print(json.dumps([answer.status_code, answer.json()]))
"""


def flowers() -> list[dict[str, Any]]:
    return [
        {"length": 1 + n % 2 + (n * 7 % 11) / 10, "width": 2 - n % 2 + (n * 5 % 13) / 10,
         "name": "tall" if n % 3 else "Short", "kind": n % 2}
        for n in range(60)
    ]  # fmt: skip


def expected() -> list[int]:
    """What the notebook's model says of its own rows."""
    table = pd.DataFrame(flowers())
    x = pd.DataFrame({"ratio": table["length"] / (table["width"] + 0.5), "off": table["width"] - table["width"].mean()})
    x["is_tall"] = (table["name"] == "tall").astype(float)
    return list(map(int, LogisticRegression().fit(x, table["kind"]).predict(x)))


@pytest.fixture
def ran(terminal: Terminal) -> Terminal:
    rows = flowers()
    lines = [",".join(rows[0]), *(",".join(map(str, row.values())) for row in rows)]
    (terminal.folder / "flowers.csv").write_text("\n".join(lines) + "\n")
    (terminal.folder / "shapes.py").write_text(MODULE)
    write(terminal.folder, "flowers.ipynb", NOTEBOOK)
    terminal.good("export", "flowers.ipynb", "--no-verify", "--force")
    terminal.good("run", "pipelines/flowers", "-p", "smoothing=0.5")
    return terminal


def pack(terminal: Terminal, step: str = "shape") -> subprocess.CompletedProcess[str]:
    return terminal.nbmlops("pack", "pipelines/flowers", "--transform", step, "-t", "flowers:raw")


def test_a_package_takes_raw_rows(ran: Terminal, tmp_path: Path) -> None:
    done = pack(ran)
    assert done.returncode == 0, done.stderr
    ran.good("unpack", "flowers:raw", "-d", str(tmp_path / "there"), "--filter", "model", "--filter", "code")
    # It runs code where it is loaded: who may, is asked as it is of a pickle.
    layout = store()
    found = programs(layout, opened(layout, "flowers:raw")[1])
    assert {"model/transform.py", "model/values.pkl", "model/code/nbmlops_raw_rows.py"} <= set(found)
    model = tmp_path / "there" / "model"
    about = yaml.safe_load((model / "MLmodel").read_text())
    # `kind`, which the step does not need, is none of what callers send.
    assert [each["name"] for each in json.loads(about["signature"]["inputs"])] == ["length", "width", "name"]
    code = (model / "transform.py").read_text()
    assert "is_tall" in code
    assert "kind" not in code
    assert "columns:" not in code
    assert "scikit-learn" in (model / "requirements.txt").read_text()
    rows = [{name: row[name] for name in ("length", "width", "name")} for row in flowers()]
    bodies = [
        {"dataframe_records": rows},
        *({"dataframe_records": [row]} for row in rows[:5]),
        {"dataframe_records": [{}]},
    ]
    asked = subprocess.run([sys.executable, "-W", "ignore", "-c", SERVED, str(tmp_path / "there"), json.dumps(bodies)],
                           capture_output=True, text=True, cwd=tmp_path, check=False)  # fmt: skip
    assert asked.returncode == 0, asked.stderr
    answers = [json.loads(line) for line in asked.stdout.splitlines() if line.startswith("[")]
    (status, whole), *alone, refused = answers
    assert status == 200
    assert whole["predictions"] == expected()
    assert [answer["predictions"] for _, answer in alone] == [[each] for each in whole["predictions"][:5]]
    assert refused[0] == 400


@pytest.mark.slow
def test_what_has_no_such_step_says_so(ran: Terminal) -> None:
    assert "no table with the columns that the model takes" in one_line(pack(ran, "read"))
    assert "has no step 'shapes'" in one_line(pack(ran, "shapes"))
    run = ran.good("pack", "pipelines/flowers", "-t", "flowers:v1")["run"]
    (ran.folder / "Kitfile").write_text("manifestVersion: 1.0.0\npackage: {name: flowers}\n")
    done = ran.nbmlops("pack", ".", "--transform", "shape")
    assert "a Kitfile says what is packed" in one_line(done)
    assert ran.good("pack", run, "--transform", "shape", "-t", "flowers:raw")["run"] == run
