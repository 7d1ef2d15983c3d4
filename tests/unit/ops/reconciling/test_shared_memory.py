"""What is remembered goes along in git: a fresh clone goes on, and trouble with it stops nobody."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from nbmlops.model.reconciler import Memory, Place, PublishSpec, Reconciler
from nbmlops.ops.call import Call
from nbmlops.ops.reconciling.proposing import Repositories
from nbmlops.ops.reconciling.shared_memory import SharedMemory
from nbmlops.ops.reconciling.view import store_of
from nbmlops.project import Project
from tests.unit.ops.reconciling.looks import trainer
from tests.unit.reconcile.remotes import PLACE, Remote

MEMORY = Memory(name="kinds", applied="7", pinned="7", looked=datetime(2026, 3, 4, tzinfo=UTC))


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return Remote(tmp_path)


def spec(place: Place = PLACE) -> Reconciler:
    return trainer(publish=PublishSpec(place=place))


class Clone:
    def __init__(self, folder: Path) -> None:
        if not (folder / "nbmlops.toml").exists():
            Project.init(folder)
        call = Call(folder)
        self.told: list[str] = []
        self.store = store_of(call)
        self.store.path("kinds").parent.mkdir(parents=True, exist_ok=True)
        self.git = Repositories(call)
        self.shared = SharedMemory(self.store, self.git, self.told.append)

    def recalled(self) -> Memory:
        self.shared.recall(spec())
        return self.store.peek("kinds")

    def keep(self, memory: Memory) -> None:
        self.store.save(memory)
        self.shared.remember(spec())


def test_a_fresh_clone_knows_what_was_done(remote: Remote) -> None:
    here = Clone(remote.work)
    assert here.recalled() == Memory(name="kinds")
    here.keep(MEMORY)
    there = Clone(remote.clone("there"))
    assert there.recalled() == MEMORY
    assert not here.told + there.told


def test_what_is_remembered_here_is_not_written_over(remote: Remote) -> None:
    Clone(remote.work).keep(MEMORY)
    there = Clone(remote.clone("there"))
    mine = msgspec.structs.replace(MEMORY, applied="8")
    there.store.save(mine)
    assert there.recalled() == mine


def test_that_somebody_looked_again_is_no_news(remote: Remote) -> None:
    here = Clone(remote.work)
    here.recalled()
    here.keep(MEMORY)
    tip = remote_tip(remote)
    here.keep(msgspec.structs.replace(MEMORY, looked=datetime(2026, 3, 5, tzinfo=UTC)))
    assert remote_tip(remote) == tip
    here.keep(msgspec.structs.replace(MEMORY, applied="8"))
    assert remote_tip(remote) != tip


OTHERS = (b'{"name": "others"}', b'{"name": "kinds", "layout": 99}')


@pytest.mark.parametrize("data", [b"", b"{", b'{"name": 3}', b"\xff\xfe", b"[" * 100_000, *OTHERS])
def test_a_broken_document_in_git_is_told_and_nothing_is_remembered(remote: Remote, data: bytes) -> None:
    here = Clone(remote.work)
    here.git.repository(PLACE).remember("kinds", data)
    there = Clone(remote.clone("there"))
    assert there.recalled() == Memory(name="kinds")
    assert not there.store.path("kinds").exists()


def test_a_remote_that_is_away_is_told(remote: Remote) -> None:
    here = Clone(remote.work)
    remote.bare.rename(remote.bare.with_name("away.git"))
    assert here.recalled() == Memory(name="kinds")
    here.keep(MEMORY)
    assert len(here.told) == 2
    assert here.told[0].startswith("kinds: what git remembers cannot be read: ")
    assert here.told[1].startswith("kinds: git does not take what is remembered: ")
    assert not any("\n" in each for each in here.told)


def remote_tip(remote: Remote) -> str:
    from tests.unit.reconcile.remotes import git

    return git(remote.bare, "for-each-ref", "--format=%(objectname)", "refs/nbmlops/reconcile/kinds")
