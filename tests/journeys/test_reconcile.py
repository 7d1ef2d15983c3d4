"""Reconcilers as real processes, on a real project, remote and deployment: what goes wrong, and how it ends."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.conftest import eventually, one_line
from tests.journeys.reconciled import GATE, PUBLISH, TRAINER, Team, branches, copied, table, template
from tests.unit.reconcile.remotes import git

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, variables: dict[str, str]) -> Path:
    return template(tmp_path_factory.mktemp("reconciled") / "team", variables)


@pytest.fixture
def team(made: Path, tmp_path: Path, variables: dict[str, str]) -> Iterator[Team]:
    team = copied(made, tmp_path, variables)
    yield team
    team.terminal.close()
    team.terminal.nbmlops("undeploy", "kinds")


def test_a_version_that_the_gate_refuses_is_kept_with_its_numbers_and_not_made_again(team: Team) -> None:
    (team.work / "gate.yaml").write_text("metrics: {accuracy: {min: 0.9999}, log_loss: {max: 0.0001}}\n")
    team.document(TRAINER + GATE + PUBLISH)
    ran = team.reconcile(code=20)
    assert (ran["action"], ran["state"]) == ("train", "GateRejected")
    assert "log_loss is" in team.remembered()["why"]
    tags = team.versions()
    assert list(tags) == ["1"]
    assert tags["1"]["nbmlops.gate"].startswith("refused: log_loss is 0.0")
    assert team.aliases() == {}
    again = team.reconcile(code=20)
    assert (again["action"], again["state"]) == ("none", "GateRejected")
    assert list(team.versions()) == ["1"]
    assert branches(team.bare) == {"main"}
    # Other data is another attempt.
    (team.work / "gate.yaml").write_text("metrics: {accuracy: {min: 0.9}}\n")
    (team.work / "data" / "rows.csv").write_text(table(60))
    assert team.reconcile(code=10)["state"] == "ProposalOpen"
    assert team.aliases() == {"challenger": "2"}


def test_a_pipeline_that_fails_is_tried_again_later_then_stalls_and_goes_on_when_it_is_mended(team: Team) -> None:
    trouble = team.work / "data" / "trouble.txt"
    trouble.write_text("fails\n")
    team.document(TRAINER.replace("retryInterval: 1s", "retryInterval: 1h"))
    first = team.reconcile(code=10)
    assert (first["action"], first["state"]) == ("train", "BackOff")
    error = team.remembered()["attempts"][0]["error"]
    assert "no luck today" in error
    assert "\n" not in error
    held = team.reconcile()
    assert (held["action"], held["state"]) == ("none", "BackOff")
    assert any(each.startswith("back-off") for each in held["held"])
    team.document(TRAINER)
    assert eventually(lambda: json.loads(team.terminal.nbmlops("reconcile", "--json").stdout)["outcome"] == "stalled")
    assert team.remembered()["state"] == "AttemptsUsedUp"
    assert team.reconcile(code=20)["action"] == "none"
    # Another document is tried anew: once with the one before, twice with this one.
    assert [each["state"] for each in team.remembered()["attempts"]] == ["failed"] * 3
    trouble.write_text("none\n")
    notebook = next((team.work / "pipelines" / "kinds" / "steps").glob("*.ipynb"))
    notebook.write_text(notebook.read_text().replace("no luck today", "no luck at all"))
    mended = team.reconcile(code=10)
    assert (mended["action"], mended["state"]) == ("train", "InSync")
    assert team.aliases() == {"champion": "1"}


def test_what_is_killed_while_the_pipeline_runs_goes_on_and_makes_one_version(team: Team) -> None:
    trouble = team.work / "data" / "trouble.txt"
    trouble.write_text("slow\n")
    team.document(TRAINER)
    running = team.terminal.start("nbmlops", "reconcile")
    assert eventually(lambda: (team.work / "data" / "began.txt").exists())
    busy = team.reconcile()
    assert (busy["action"], busy["state"]) == ("none", "Busy")
    running.send_signal(signal.SIGKILL)
    running.communicate()
    trouble.write_text("none\n")
    ran = team.reconcile(code=10)
    assert (ran["action"], ran["state"]) == ("resume", "InSync")
    assert list(team.versions()) == ["1"]
    assert team.aliases() == {"champion": "1"}
    assert [each["state"] for each in team.remembered()["attempts"]] == ["succeeded"]


def test_two_at_once_make_one_attempt(team: Team) -> None:
    team.document(TRAINER)
    both = [team.terminal.start("nbmlops", "reconcile", "--json") for _ in range(2)]
    told = [process.communicate(timeout=240) for process in both]
    assert sorted(process.returncode for process in both) in ([0, 10], [0, 0, 10]), told
    assert list(team.versions()) == ["1"]
    assert len(team.remembered()["attempts"]) == 1
    assert team.reconcile()["state"] == "InSync"


def test_a_proposal_whose_branch_is_deleted_is_never_made_again(team: Team) -> None:
    team.document(TRAINER + PUBLISH)
    assert team.reconcile(code=10)["state"] == "ProposalOpen"
    assert branches(team.bare) == {"main", "auto-update/kinds-train"}
    assert team.reconcile()["state"] == "ProposalOpen"
    git(team.work, "push", "--quiet", "origin", "--delete", "auto-update/kinds-train")
    closed = team.reconcile(code=20)
    assert (closed["action"], closed["state"]) == ("reject", "ProposalRejected")
    assert team.reconcile(code=20)["action"] == "none"
    assert branches(team.bare) == {"main"}
    assert list(team.versions()) == ["1"]
    assert one_line(team.terminal.nbmlops("approve", "kinds-train")).startswith("nbmlops: kinds-train proposes nothing")


def test_what_is_merged_by_plain_git_is_the_champion_and_a_fresh_clone_knows_it(
    team: Team, tmp_path: Path, variables: dict[str, str]
) -> None:
    team.document(TRAINER + GATE + PUBLISH)
    git(team.work, "add", "--all")
    git(team.work, "commit", "--quiet", "-m", "A reconciler")
    git(team.work, "push", "--quiet")
    assert team.reconcile(code=10)["state"] == "ProposalOpen"
    assert team.aliases() == {"challenger": "1"}
    git(team.work, "fetch", "--quiet")
    git(team.work, "merge", "--quiet", "--no-edit", "origin/auto-update/kinds-train")
    git(team.work, "push", "--quiet")
    adopted = team.reconcile(code=10)
    assert (adopted["action"], adopted["state"]) == ("adopt", "InSync")
    assert team.aliases()["champion"] == "1"
    assert branches(team.bare) == {"main"}
    assert team.reconcile()["state"] == "InSync"
    git(tmp_path, "clone", "--quiet", str(team.bare), "clone")
    clone = Team(tmp_path, variables)
    clone.work = clone.terminal.folder = tmp_path / "clone"
    assert clone.reconcile()["state"] == "InSync"


def test_approved_by_itself_it_is_in_git_and_the_champion_at_once(team: Team) -> None:
    team.document(TRAINER + PUBLISH + "    approve: auto\n")
    assert team.reconcile(code=10)["state"] == "InSync"
    assert '"1"' in team.said()
    assert team.aliases()["champion"] == "1"
    assert [each["state"] for each in team.remembered()["proposals"]] == ["merged"]


def test_without_a_repository_and_without_the_remote_nothing_is_done(team: Team) -> None:
    team.document(TRAINER + PUBLISH)
    away = team.bare.rename(team.bare.with_name("away.git"))
    ran = team.reconcile(code=20)
    assert (ran["action"], ran["state"]) == ("none", "Unknown")
    assert "remote.git" in ran["why"]
    away.rename(team.bare)
    shutil.rmtree(team.work / ".git")
    ran = team.reconcile(code=20)
    assert (ran["action"], ran["state"]) == ("none", "Unknown")
    assert "git repository" in ran["why"]
    done = team.terminal.nbmlops("reconcile")
    assert done.returncode == 20
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_watch_that_is_stopped_ends_with_what_it_saw(team: Team, number: signal.Signals) -> None:
    team.document(TRAINER)
    watch = team.terminal.start("nbmlops", "reconcile", "--watch", "--json")
    assert eventually(lambda: "kinds" in str(team.terminal.good("reconcilers")) and _is_in_sync(team))
    # A document that somebody is writing ends no watch.
    document = team.work / "reconcilers" / "kinds.yaml"
    whole = document.read_text()
    document.write_text(whole[:60])
    document.write_text(whole)
    watch.send_signal(number)
    out, err = watch.communicate(timeout=60)
    assert "Traceback" not in err, err
    found = json.loads(out)
    assert found["ran"][0]["state"] == "InSync"
    assert found["rounds"] >= 1
    assert watch.returncode in (0, 10)


def _is_in_sync(team: Team) -> bool:
    return bool(team.terminal.good("reconcilers")["reconcilers"][0]["state"] == "InSync")


def test_mlflow_is_imported_by_the_scribe_alone(team: Team, variables: dict[str, str]) -> None:
    """Its import takes longer than all that a needed sync may add to its pipeline's run."""
    team.document(TRAINER)
    watched = (
        "import atexit, sys\n"
        "atexit.register(lambda: print('mlflow is here:', 'mlflow' in sys.modules, file=sys.stderr))\n"
        "from nbmlops.doors.cli.main import main\n"
        "main(['reconcile'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", watched],
        cwd=team.work, env=variables, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 10, done.stdout + done.stderr
    assert "mlflow is here: False" in done.stderr
    assert team.aliases() == {"champion": "1"}
    assert team.versions()["1"]["nbmlops.run"] == team.remembered()["attempts"][0]["run"]
