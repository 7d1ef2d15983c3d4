"""Three workflows of GitHub Actions: CI looks at what is proposed, CT trains, CD deploys what was merged.

Source: GitHub's workflow syntax. `GITHUB_TOKEN` is GitHub's own, with the rights that each workflow names.
"""

from __future__ import annotations

from typing import Any

from nbmlops.hosts.hosted import STALLED, Hosted, check, tick
from nbmlops.hosts.scripts import shell_line
from nbmlops.hosts.steps import Step, ci_steps, install
from nbmlops.hosts.times import cron_every, parse_cron
from nbmlops.lib.quoted_yaml import Block, readable

FOLDER = ".github/workflows"
_LEAST_SECONDS = 300.0
"""GitHub starts nothing more often."""
_HEAD = "# Written by nbmlops schedule.\n"
_CHECKOUT, _PYTHON = "actions/checkout@v5", "actions/setup-python@v6"
_RESTORE, _SAVE = "actions/cache/restore@v4", "actions/cache/save@v4"
_OPEN = "${{"
_SPECIAL = "\\*?[]!+"
_LONGEST_MINUTES = 360
"""That GitHub lets a job of its own machines run."""

# What a tick says stands on the run's page, whole; the line at its end is the error of a reconciler that is stalled.
_TOLD = """\
set -o pipefail
code=0
log="$RUNNER_TEMP/reconcile.log"
{command} 2>&1 | tee "$log" || code=$?
{{ echo '````text'; tail -c 60000 "$log"; echo; echo '````'; }} >>"$GITHUB_STEP_SUMMARY"
reason="$(grep -v '^[[:space:]]*$' "$log" | tail -n 1 | sed 's/%/%25/g; s/\\r//g' || true)"
case "$code" in
  0) echo "::notice::In sync" ;;
  10) echo "::notice::Something was done: $reason"; code=0 ;;
  {stalled}) echo "::error title=A reconciler is stalled::$reason" ;;
  *) echo "::error title=The tick failed::$reason" ;;
esac
exit "$code"
"""


def files(hosted: Hosted) -> dict[str, str]:
    check(hosted, "reconcilers")
    found = {"nbmlops-ci.yml": _ci(hosted)}
    if hosted.trainers:
        found["nbmlops-ct.yml"] = _ct(hosted)
    if hosted.deployers:
        check(hosted, "config")
        found["nbmlops-cd.yml"] = _cd(hosted)
    return {f"{FOLDER}/{name}": _HEAD + readable(document) for name, document in found.items()}


def _ci(hosted: Hosted) -> dict[str, Any]:
    return {
        "name": "nbmlops CI",
        "on": {"push": {"branches": [_glob(hosted.branch)]}, "pull_request": {}},
        "permissions": {"contents": "read"},
        "concurrency": {"group": "nbmlops-ci-${{ github.ref }}", "cancel-in-progress": True},
        "jobs": {"check": _job(hosted, [_checkout(is_pushing=False), *map(_step, ci_steps(hosted))])},
    }


def _ct(hosted: Hosted) -> dict[str, Any]:
    schedule = hosted.schedule or cron_every(hosted.interval, hosted.name, least=_LEAST_SECONDS)
    parse_cron(schedule)
    job = _job(
        hosted,
        [
            _checkout(is_pushing=True),
            _restored(),
            *map(_step, install(hosted)),
            _identity(hosted),
            _tick(hosted, hosted.trainers),
            _saved(),
        ],
    )
    return {
        "name": "nbmlops CT",
        "on": {"schedule": [{"cron": schedule}], "workflow_dispatch": {}},
        "permissions": {"contents": "write", "pull-requests": "write"},
        "concurrency": _one_at_a_time("nbmlops-reconcile"),
        "jobs": {"reconcile": job},
    }


def _cd(hosted: Hosted) -> dict[str, Any]:
    job = _job(
        hosted,
        [
            _checkout(is_pushing=False),
            *map(_step, install(hosted)),
            _tick(hosted, hosted.deployers),
        ],
    )
    return {
        "name": "nbmlops CD",
        "on": {
            "push": {"branches": [_glob(hosted.branch)], "paths": [_glob(hosted.config)]},
            "workflow_dispatch": {},
        },
        "permissions": {"contents": "read"},
        "concurrency": _one_at_a_time("nbmlops-deploy"),
        "jobs": {"deploy": {"environment": "production", **job}},
    }


def _one_at_a_time(group: str) -> dict[str, Any]:
    # The second waits: what is half done is never cut off.
    return {"group": group, "cancel-in-progress": False}


def _job(hosted: Hosted, steps: list[dict[str, Any]]) -> dict[str, Any]:
    checkout, *rest = steps
    python = {"uses": _PYTHON, "with": {"python-version": _literal(hosted.python)}}
    return {
        "runs-on": "ubuntu-latest",
        "timeout-minutes": min(_LONGEST_MINUTES, max(1, round(hosted.timeout / 60))),
        "steps": [checkout, python, *rest],
    }


def _checkout(*, is_pushing: bool) -> dict[str, Any]:
    # The whole history: versions that were taken back are found in it.
    return {"uses": _CHECKOUT, "with": {"fetch-depth": 0, "persist-credentials": is_pushing}}


def _restored() -> dict[str, Any]:
    return {"name": "Remember the last tick", "uses": _RESTORE, "with": {**_memory(), "restore-keys": "nbmlops-"}}


def _saved() -> dict[str, Any]:
    # Also of a tick that failed: how often something was tried is what keeps it from being tried for ever.
    return {"name": "Remember this tick", "if": "always()", "uses": _SAVE, "with": _memory()}


def _memory() -> dict[str, Any]:
    return {"path": ".nbmlops", "key": "nbmlops-${{ github.run_id }}-${{ github.run_attempt }}"}


def _identity(hosted: Hosted) -> dict[str, Any]:
    lines = [
        shell_line(["git", "config", "user.name", hosted.author]),
        shell_line(["git", "config", "user.email", hosted.email]),
    ]
    return {"name": "Who commits", "run": Block(_literal("\n".join([*lines, ""])))}


def _tick(hosted: Hosted, names: tuple[str, ...]) -> dict[str, Any]:
    command = _literal(shell_line(tick(hosted, names)))
    run = _TOLD.format(command=command, stalled=STALLED)
    variables = {name: _literal(value) for name, value in hosted.variables.items()}
    secrets = {name: f"{_OPEN} secrets.{name} }}}}" for name in hosted.secrets}
    return {
        "name": "Reconcile",
        "shell": "bash",
        "env": {"GITHUB_TOKEN": "${{ github.token }}", **variables, **secrets},
        "run": Block(run),
    }


def _step(step: Step) -> dict[str, Any]:
    return {"name": _literal(step.title), "run": Block(_literal("\n".join([*step.lines, ""])))}


def _literal(text: str) -> str:
    """GitHub computes what stands behind `${{`, wherever it stands: this gives the text."""
    return text.replace(_OPEN, "${{ '${{' }}")


def _glob(text: str) -> str:
    """A pattern of GitHub's that only this text fits."""
    return _literal("".join(f"\\{char}" if char in _SPECIAL else char for char in text))
