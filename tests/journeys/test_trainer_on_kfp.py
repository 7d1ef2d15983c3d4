"""A Trainer whose pipeline Kubeflow Pipelines executes: compiled by its SDK, submitted to a server of ours (see
tests/ports/kfp_server.py), and executed there by the SDK's local runner.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.conftest import write
from tests.journeys.reconciled import NOTEBOOK, TRAINER, Team, copied, template
from tests.journeys.test_trainer_on_tekton import attempts, runs
from tests.kfp_python import kfp_python
from tests.ports.kfp_server import TOKEN, KfpServer

pytestmark = pytest.mark.slow

LOAD = "# %% [markdown]\n# # Load\n# %%"
TRAIN = "# %% [markdown]\n# # Train\n# %%\nmodel = "


@pytest.fixture
def team(tmp_path: Path, variables: dict[str, str]) -> Iterator[Team]:
    made = template(tmp_path / "template", variables)
    team = copied(made, tmp_path, {**variables, "NBMLOPS_KFP_TOKEN": TOKEN})
    # The local runner takes a pipeline of one step for a component.
    write(team.work, "kinds.ipynb", NOTEBOOK.replace("# %%", LOAD, 1).replace("model = ", TRAIN, 1))
    team.terminal.good("export", "kinds.ipynb", "--no-verify", "--force")
    yield team
    team.terminal.close()


@pytest.fixture
def server(team: Team, tmp_path: Path, variables: dict[str, str]) -> Iterator[KfpServer]:
    tracking = f"sqlite:///{team.work / '.nbmlops' / 'mlflow.db'}"
    server = KfpServer(tmp_path / "volumes", kfp_python(), {**variables, "MLFLOW_TRACKING_URI": tracking})
    options = {
        "address": server.address,
        "python": kfp_python(),
        "image": "registry.example.org/kinds:1",
        "project_folder": str(team.work),
    }
    lines = "".join(f'{name} = "{value}"\n' for name, value in options.items())
    (team.work / "nbmlops.toml").write_text(f'[pipeline]\nengine = "kfp"\n[engine.kfp]\n{lines}')
    yield server
    server.close()


def test_a_step_that_fails_is_named_and_what_is_mended_becomes_the_champion(team: Team, server: KfpServer) -> None:
    trouble = team.work / "data" / "trouble.txt"
    trouble.write_text("fails\n")
    team.document(TRAINER)
    assert team.reconcile(code=10)["state"] == "BackOff"
    error = attempts(team)[0]["error"]
    assert error.startswith("Step load failed on kfp: "), server.logs
    assert "no luck today" in error
    trouble.write_text("none\n")
    # Other data is another attempt at once.
    (team.work / "data" / "rows.csv").write_text((team.work / "data" / "rows.csv").read_text() + "0.5,0\n")
    assert team.reconcile(code=10)["state"] == "InSync"
    assert team.aliases() == {"champion": "1"}
    assert len(server.runs) == 2
    (newest,) = (run for run in runs(team) if run["status"] == "FINISHED" and run["parent"] is None)
    assert newest["tags"]["nbmlops.orchestrated"] == list(server.runs)[-1]
    assert team.versions()["1"]["nbmlops.run"] == newest["id"]
