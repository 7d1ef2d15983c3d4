"""Workflows hold the published schemas of GitHub and GitLab, and their scripts do what they say in a real shell."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from nbmlops.errors import UsageError
from nbmlops.hosts import github_actions, gitlab_ci
from nbmlops.hosts.hosted import Hosted
from tests.unit.hosts.examples import AWKWARD, HOSTED, loaded

ALL = [HOSTED, *AWKWARD]


def published(name: str) -> Any:
    """Of the package check-jsonschema, which carries them."""
    spec = importlib.util.find_spec("check_jsonschema")
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin).parent / "builtin_schemas" / "vendor" / f"{name}.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    return jsonschema.validators.validator_for(schema)(schema)


@pytest.fixture(scope="module")
def github() -> Any:
    return published("github-workflows")


@pytest.fixture(scope="module")
def gitlab() -> Any:
    return published("gitlab-ci")


def workflows(hosted: Hosted) -> dict[str, Any]:
    return {path.rpartition("/")[2]: loaded(text) for path, text in github_actions.files(hosted).items()}


def plain(text: str) -> str:
    """As GitHub computes it: the only expressions in a text of a user's give `${{` itself."""
    assert set(re.findall(r"\$\{\{.*?\}\}", text)) <= {"${{ '${{' }}"}
    return text.replace("${{ '${{' }}", "${{")


def steps(workflow: Any) -> list[Any]:
    (job,) = workflow["jobs"].values()
    found: list[Any] = job["steps"]
    return found


def step(workflow: Any, name: str) -> Any:
    (found,) = [each for each in steps(workflow) if each.get("name") == name]
    return found


@pytest.mark.parametrize("hosted", ALL)
def test_workflows_hold_githubs_schema(hosted: Hosted, github: Any) -> None:
    found = github_actions.files(hosted)
    assert list(found) == [f".github/workflows/nbmlops-{name}.yml" for name in ("ci", "ct", "cd")]
    for text in found.values():
        github.validate(loaded(text))


def test_a_field_that_github_does_not_know_would_be_found(github: Any) -> None:
    workflow = workflows(HOSTED)["nbmlops-ct.yml"]
    workflow["jobs"]["reconcile"]["timeout-minute"] = 3
    with pytest.raises(jsonschema.ValidationError):
        github.validate(workflow)


@pytest.mark.parametrize("hosted", ALL)
def test_workflows_may_do_no_more_than_they_do(hosted: Hosted) -> None:
    found = workflows(hosted)
    rights = {name: workflow["permissions"] for name, workflow in found.items()}
    assert rights == {
        "nbmlops-ci.yml": {"contents": "read"},
        "nbmlops-ct.yml": {"contents": "write", "pull-requests": "write"},
        "nbmlops-cd.yml": {"contents": "read"},
    }
    for name, workflow in found.items():
        used = [each for each in steps(workflow) if "uses" in each]
        assert all(re.fullmatch(r"actions/[a-z/-]+@v\d+", each["uses"]) for each in used)
        checkout = used[0]["with"]
        assert checkout == {"fetch-depth": 0, "persist-credentials": name == "nbmlops-ct.yml"}
        assert workflow["concurrency"]["cancel-in-progress"] is (name == "nbmlops-ci.yml")
    secret = step(found["nbmlops-ct.yml"], "Reconcile")["env"]["MLFLOW_TRACKING_PASSWORD"]
    assert secret == "${{ secrets.MLFLOW_TRACKING_PASSWORD }}"


@pytest.mark.parametrize("hosted", ALL)
def test_ci_lints_executes_notebooks_and_runs_pipelines_on_sample_data(hosted: Hosted) -> None:
    ci = workflows(hosted)["nbmlops-ci.yml"]
    run = [shlex.split(plain(each["run"])) for each in steps(ci) if "run" in each]
    install, lint, notebooks, pipeline = run
    assert install[:6] == ["python", "-m", "pip", "install", "-r", "requirements.txt"]
    assert lint == ["ruff", "check", "."]
    assert notebooks == ["python", "-m", "pytest", "--nbval-lax", "--", *hosted.notebooks]
    ((name, value),) = hosted.sample.items()
    assert pipeline == [*hosted.command, "run", *hosted.pipelines, "-p", f"{name}={value}"]
    jobs = loaded(gitlab_ci.files(hosted)[gitlab_ci.FILE])
    assert [shlex.split(each) for each in jobs["nbmlops-ci"]["script"]] == run


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "nbmlops"
    path.write_text(
        '#!/bin/sh\nprintf "%s\\n" "$@" >"$0.arguments"\necho "psi(age) is 0.31, over 0.2: 50% more"\necho\n'
        'exit "$(cat "$0.code")"\n'
    )
    path.chmod(0o755)
    return path


def run_on_github(workflow: Any, program: Path, code: int) -> tuple[int, str, str]:
    Path(f"{program}.code").write_text(str(code))
    summary = program.parent / "summary.md"
    summary.unlink(missing_ok=True)
    found = step(workflow, "Reconcile")
    assert found["shell"] == "bash"
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", plain(found["run"])],
        env={"PATH": "/usr/bin:/bin", "GITHUB_STEP_SUMMARY": str(summary), "RUNNER_TEMP": str(program.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.splitlines()[-1], summary.read_text()


@pytest.mark.parametrize("hosted", ALL)
def test_a_tick_on_github_is_the_command_as_it_is(hosted: Hosted, program: Path) -> None:
    found = workflows(msgspec.structs.replace(hosted, command=(str(program),)))
    for name, reconcilers in (("nbmlops-ct.yml", hosted.trainers), ("nbmlops-cd.yml", hosted.deployers)):
        assert run_on_github(found[name], program, 0)[:2] == (0, "::notice::In sync")
        assert Path(f"{program}.arguments").read_text().splitlines() == ["reconcile", "--once", *reconcilers]


def test_what_was_done_is_success_and_what_is_stalled_fails_with_its_reason(program: Path) -> None:
    workflow = workflows(msgspec.structs.replace(HOSTED, command=(str(program),)))["nbmlops-ct.yml"]
    reason = "psi(age) is 0.31, over 0.2: 50%25 more"
    code, told, summary = run_on_github(workflow, program, 10)
    assert (code, told) == (0, f"::notice::Something was done: {reason}")
    assert "psi(age) is 0.31, over 0.2: 50% more" in summary
    assert run_on_github(workflow, program, 20)[:2] == (20, f"::error title=A reconciler is stalled::{reason}")
    assert run_on_github(workflow, program, 1)[:2] == (1, f"::error title=The tick failed::{reason}")


def test_what_a_tick_remembers_is_kept_also_when_it_fails() -> None:
    ct = workflows(HOSTED)["nbmlops-ct.yml"]
    restored, saved = step(ct, "Remember the last tick"), step(ct, "Remember this tick")
    assert saved["if"] == "always()"
    assert saved["with"].items() <= restored["with"].items()
    assert saved["with"]["key"].startswith(restored["with"]["restore-keys"])


@pytest.mark.parametrize("hosted", ALL)
def test_jobs_hold_gitlabs_schema(hosted: Hosted, gitlab: Any) -> None:
    jobs = loaded(gitlab_ci.files(hosted)[gitlab_ci.FILE])
    assert sorted(jobs) == ["nbmlops-cd", "nbmlops-ci", "nbmlops-ct"]
    gitlab.validate(jobs)
    for name, value in hosted.variables.items():
        assert jobs["nbmlops-ct"]["variables"][name].replace("$$", "$") == value


def test_a_field_that_gitlab_does_not_know_would_be_found(gitlab: Any) -> None:
    jobs = loaded(gitlab_ci.files(HOSTED)[gitlab_ci.FILE])
    jobs["nbmlops-ct"]["resource_groups"] = "x"
    with pytest.raises(jsonschema.ValidationError):
        gitlab.validate(jobs)


@pytest.mark.parametrize(("code", "left"), [(0, 0), (10, 0), (20, 20), (1, 1)])
@pytest.mark.parametrize("hosted", [HOSTED, AWKWARD[-4]])
def test_a_tick_on_gitlab(hosted: Hosted, code: int, left: int, program: Path) -> None:
    jobs = loaded(gitlab_ci.files(msgspec.structs.replace(hosted, command=(str(program),)))[gitlab_ci.FILE])
    Path(f"{program}.code").write_text(str(code))
    done = subprocess.run(["sh", "-ec", jobs["nbmlops-ct"]["script"][-1]], check=False, capture_output=True)
    assert done.returncode == left
    assert Path(f"{program}.arguments").read_text().splitlines() == ["reconcile", "--once", *hosted.trainers]


def test_git_is_told_gitlabs_token_and_no_file_has_it(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    subprocess.run(["git", "-C", tmp_path, "remote", "add", "origin", "https://ci:x@git.example/a.git"], check=True)
    jobs = loaded(gitlab_ci.files(HOSTED)[gitlab_ci.FILE])
    environment = {
        "PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "CI_PROJECT_URL": "https://git.example/team/wine",
        "GITLAB_TOKEN": "glpat-hunter2",
    }  # fmt: skip
    lines = "\n".join(line for line in jobs["nbmlops-ct"]["script"] if line.startswith("git "))
    subprocess.run(["sh", "-ec", lines], cwd=tmp_path, env=environment, check=True)
    said = subprocess.run(
        ["git", "credential", "fill"], cwd=tmp_path, env={**environment, "GIT_TERMINAL_PROMPT": "0"}, text=True,
        input="protocol=https\nhost=git.example\n\n", capture_output=True, check=True,
    ).stdout  # fmt: skip
    assert "username=oauth2\npassword=glpat-hunter2\n" in said
    config = (tmp_path / ".git" / "config").read_text()
    assert "hunter2" not in config
    assert "url = https://git.example/team/wine.git" in config


def test_without_trainers_or_deployers_there_is_less() -> None:
    training = msgspec.structs.replace(HOSTED, deployers=(), config="")
    assert sorted(workflows(training)) == ["nbmlops-ci.yml", "nbmlops-ct.yml"]
    assert sorted(loaded(gitlab_ci.files(training)[gitlab_ci.FILE])) == ["nbmlops-ci", "nbmlops-ct"]
    with pytest.raises(UsageError, match="needs to know: config"):
        github_actions.files(msgspec.structs.replace(HOSTED, config=""))
