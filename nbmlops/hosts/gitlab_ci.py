"""Jobs of GitLab CI: CI for what is proposed, CT when a schedule of the project's asks, CD when the config was merged.

Source: GitLab's CI/CD YAML reference. When CT runs is not in the file: a schedule is made in GitLab (Build > Pipeline
schedules); the head of the file names its cron line.
"""

from __future__ import annotations

from typing import Any

from nbmlops.hosts.hosted import Hosted, check, tick
from nbmlops.hosts.scripts import USERNAME, credentials, shell_line, tick_here
from nbmlops.hosts.steps import Step, ci_steps, install
from nbmlops.hosts.times import cron_every, go_duration, parse_cron
from nbmlops.lib.quoted_yaml import Block, readable

FILE = ".gitlab-ci.yml"
_SPECIAL = "\\*?[]{}"


def files(hosted: Hosted) -> dict[str, str]:
    check(hosted, "reconcilers")
    schedule = hosted.schedule or cron_every(hosted.interval, hosted.name)
    parse_cron(schedule)
    jobs = {"nbmlops-ci": _ci(hosted)}
    head = ["# Written by nbmlops schedule."]
    if hosted.trainers:
        jobs["nbmlops-ct"] = _ct(hosted)
        head += [
            f"# CT runs when a pipeline schedule of the project asks for it. As cron line: {schedule}",
            "# GITLAB_TOKEN: a project access token with api and write_repository, as a masked and protected variable.",
        ]
    if hosted.deployers:
        check(hosted, "config")
        jobs["nbmlops-cd"] = _cd(hosted)
    return {FILE: "\n".join([*head, ""]) + readable(jobs)}


def _ci(hosted: Hosted) -> dict[str, Any]:
    rules = [
        {"if": '$CI_PIPELINE_SOURCE == "merge_request_event"'},
        {"if": f'$CI_PIPELINE_SOURCE == "push" && $CI_COMMIT_BRANCH == {_text(hosted.branch)}'},
    ]
    return {**_job(hosted, ci_steps(hosted)), "rules": rules, "interruptible": True}


def _ct(hosted: Hosted) -> dict[str, Any]:
    git = (
        shell_line(["git", "config", "user.name", hosted.author]),
        shell_line(["git", "config", "user.email", hosted.email]),
        shell_line(["git", "config", "credential.helper", credentials(USERNAME, "GITLAB_TOKEN")]),
        # CI's own remote has a token in its address that may only read.
        'git remote set-url origin "$CI_PROJECT_URL.git"',
    )
    steps = [*install(hosted), Step(title="git", lines=git), _tick(hosted, hosted.trainers)]
    return {
        **_job(hosted, steps),
        "rules": [{"if": '$CI_PIPELINE_SOURCE == "schedule"'}],
        "resource_group": "nbmlops-reconcile",
        "interruptible": False,
        "variables": {"GIT_DEPTH": "0", **_variables(hosted)},
        "cache": {"key": "nbmlops-memory", "paths": [".nbmlops/"], "when": "always"},
    }


def _cd(hosted: Hosted) -> dict[str, Any]:
    on_branch = f'$CI_PIPELINE_SOURCE == "push" && $CI_COMMIT_BRANCH == {_text(hosted.branch)}'
    return {
        **_job(hosted, [*install(hosted), _tick(hosted, hosted.deployers)]),
        "rules": [{"if": on_branch, "changes": [_glob(hosted.config)]}],
        "resource_group": "nbmlops-deploy",
        "interruptible": False,
        "environment": {"name": "production"},
        "variables": {"GIT_DEPTH": "0", **_variables(hosted)},
    }


def _tick(hosted: Hosted, names: tuple[str, ...]) -> Step:
    return Step(title="Reconcile", lines=(tick_here(tick(hosted, names)),))


def _job(hosted: Hosted, steps: list[Step]) -> dict[str, Any]:
    return {
        "image": _unexpanded(hosted.image or f"python:{hosted.python}"),
        "timeout": _words(hosted.timeout),
        "script": [Block(line) if "\n" in line else line for step in steps for line in step.lines],
    }


def _words(seconds: float) -> str:
    """GitLab reads `2h 0m`, and no job longer than a month."""
    return " ".join(go_duration(min(max(seconds, 60.0), 30 * 86_400.0)).replace("h", "h ").replace("m", "m ").split())


def _variables(hosted: Hosted) -> dict[str, str]:
    return {name: _unexpanded(value) for name, value in hosted.variables.items()}


def _unexpanded(text: str) -> str:
    return text.replace("$", "$$")


def _text(text: str) -> str:
    """A text in an expression of `rules`: GitLab has no escapes in it, but two kinds of quotes."""
    return f"'{text}'" if '"' in text else f'"{text}"'


def _glob(path: str) -> str:
    return "".join(f"\\{char}" if char in _SPECIAL else char for char in path)
