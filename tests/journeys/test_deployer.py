"""A Deployer as a real process: what git says answers, whatever somebody does by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.conftest import eventually
from tests.journeys.reconciled import DEPLOYER, TRAINER, Team, copied, template

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, variables: dict[str, str]) -> Path:
    """Two versions of the model, and a remote that says 1."""
    folder = template(tmp_path_factory.mktemp("deployed") / "team", variables)
    team = Team(folder, variables)
    for row in ("9.0,1\n", "8.0,1\n"):
        team.document(TRAINER)
        with (team.work / "data" / "rows.csv").open("a") as file:
            file.write(row)
        assert team.reconcile(code=10)["state"] == "InSync"
    assert list(team.versions()) == ["2", "1"] or list(team.versions()) == ["1", "2"]
    team.document(DEPLOYER)
    team.wanted("1")
    return folder


@pytest.fixture
def team(made: Path, tmp_path: Path, variables: dict[str, str]) -> Iterator[Team]:
    team = copied(made, tmp_path, variables)
    yield team
    team.terminal.close()
    team.terminal.nbmlops("undeploy", "kinds")


def answers(team: Team) -> bool:
    return team.terminal.nbmlops("predict", "kinds", "-d", "[[5.0]]").returncode == 0


def revisions(team: Team) -> list[tuple[str, int]]:
    """What answers a share, and how much of it."""
    (found,) = team.terminal.good("deployments", "kinds")["deployments"]
    spec = json.loads((team.work / ".nbmlops" / "deployments" / "kinds" / "spec.json").read_text())
    versions = {each["number"]: each["version"] for each in spec["revisions"]}
    return [(versions[each["number"]], each["percent"]) for each in found["revisions"] if each["percent"]]


def test_what_git_says_answers_and_what_cannot_be_is_told(team: Team) -> None:
    assert team.reconcile(code=10)["state"] == "InSync"
    assert revisions(team) == [("kinds/1", 100)]
    team.wanted("2")
    assert team.reconcile(code=10)["state"] == "InSync"
    assert revisions(team) == [("kinds/2", 100)]
    team.wanted("7")
    assert team.reconcile(code=10)["state"] == "BackOff"
    assert eventually(lambda: json.loads(team.terminal.nbmlops("reconcile", "--json").stdout)["outcome"] == "stalled")
    assert "7" in team.remembered("kinds-deploy")["attempts"][-1]["error"]
    assert revisions(team) == [("kinds/2", 100)]
    assert answers(team)
    # A revision that is kept answers again: nothing is packed or made for that.
    team.wanted("1")
    assert team.reconcile(code=10)["state"] == "InSync"
    assert revisions(team) == [("kinds/1", 100)]
    spec = json.loads((team.work / ".nbmlops" / "deployments" / "kinds" / "spec.json").read_text())
    assert len(spec["revisions"]) == 2


def test_what_somebody_changes_by_hand_is_changed_back(team: Team) -> None:
    assert team.reconcile(code=10)["state"] == "InSync"
    team.terminal.good("deploy", "models:/kinds/2", "--name", "kinds")
    assert revisions(team) == [("kinds/2", 100)]
    back = team.reconcile(code=10)
    assert (back["action"], back["state"], back["why"]) == ("deploy", "InSync", "1 is wanted, 2 runs")
    team.terminal.good("undeploy", "kinds")
    again = team.reconcile(code=10)
    assert (again["action"], again["state"]) == ("deploy", "InSync")
    assert answers(team)


def test_a_canary_is_deployed_when_it_answers_its_share(team: Team) -> None:
    assert team.reconcile(code=10)["state"] == "InSync"
    team.document(DEPLOYER + "  deploy: {canary: 20}\n")
    team.wanted("2")
    assert team.reconcile(code=10)["state"] == "InSync"
    assert sorted(revisions(team)) == [("kinds/1", 80), ("kinds/2", 20)]
    assert team.reconcile()["state"] == "InSync"
    team.terminal.good("deploy", "--name", "kinds", "--canary", "100")
    assert team.reconcile()["state"] == "InSync"
    assert revisions(team) == [("kinds/2", 100)]
