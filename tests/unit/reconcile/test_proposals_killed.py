"""kill -9 of a process that proposes, merges or rejects: whoever comes next goes on from what is there."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nbmlops.lib.failpoints import VARIABLE
from nbmlops.model.reconciler import Proposal, ProposalState
from tests.unit.reconcile.remotes import BRANCH, PLACE, Remote, git

SCRIPT = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from nbmlops.model.reconciler import Place
from nbmlops.reconcile.proposals import Proposals
from nbmlops.reconcile.repository import Repository
proposals = Proposals(Repository(Path(sys.argv[1])), Place(file="deploy/prod.yaml", pointer="/model/version"))
made = proposals.propose("13", branch="auto-update/wine", title="t", body="b", key="key1")
if sys.argv[2] == "merge":
    proposals.merge(made)
if sys.argv[2] == "reject":
    proposals.reject(made, "no")
"""


def run(folder: Path, what: str, point: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv(VARIABLE, f"kill@1:{point}" if point else "")
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(folder), what], check=False, cwd=Path.cwd())
    monkeypatch.delenv(VARIABLE)
    return done.returncode


@pytest.mark.parametrize(
    ("what", "point", "state"),
    [
        ("", "proposal-push", ProposalState.OPEN),
        ("", "proposal-pushed", ProposalState.OPEN),
        ("merge", "proposal-merge", ProposalState.MERGED),
        ("reject", "proposal-rejected", ProposalState.REJECTED),
    ],
)
def test_killed_anywhere_it_is_done_once(
    remote: Remote, what: str, point: str, state: ProposalState, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = git(remote.work, "status", "--porcelain=v2"), git(remote.work, "worktree", "list")
    assert run(remote.work, what, point, monkeypatch) == -9
    proposals = remote.proposals()
    if point == "proposal-push":
        assert remote.heads() == {"main"}
        made = proposals.propose("13", branch=BRANCH, title="t", body="b", key="key1")
    elif what == "reject":
        made = Proposal(
            key="key1",
            value="13",
            before="12",
            branch=BRANCH,
            commit=git(remote.bare, "rev-parse", BRANCH),
            opened=datetime.now(UTC),
        )
        assert proposals.state_of(made) is state
        proposals.reject(made, "no")
        assert remote.heads() == {"main"}
    else:
        made = proposals.propose("13", branch=BRANCH, title="t", body="b", key="key1")
        assert git(remote.bare, "rev-parse", BRANCH) == made.commit
    if what == "merge":
        proposals.merge(made)
    assert proposals.state_of(made) is state
    assert (git(remote.work, "status", "--porcelain=v2"), git(remote.work, "worktree", "list")) == before
    assert not list((remote.work / ".git").rglob("*.lock"))
    assert proposals.repository.value(PLACE) == ("13" if what == "merge" else "12")
