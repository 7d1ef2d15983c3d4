"""A small world for reconcilers: a clock that is set, git as a list of values, pipelines and gates as switches.

It is a state that can be written to a file, so that processes can be killed in it. Each deed finds what it did before.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.errors import ExternalError, UnavailableError
from nbmlops.lib.files import write_atomic
from nbmlops.model.reconciler import (
    Attempt,
    GateSpec,
    Kind,
    Memory,
    NeedSpec,
    Place,
    Proposal,
    ProposalState,
    PublishSpec,
    Reason,
    Reconciler,
)
from nbmlops.reconcile.reasons import combined
from nbmlops.reconcile.world import Seen, Told, Trained, Verdict

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
PLACE = Place(file="deploy/prod.yaml", pointer="/model/version")


def trainer(**fields: Any) -> Reconciler:
    defaults: dict[str, Any] = {
        "name": "labels-train",
        "kind": Kind.TRAINER,
        "digest": "d1",
        "model": "labels",
        "pipeline": "pipelines/labels",
        "needs": NeedSpec(need="any"),
        "gate": GateSpec(file="gate.yaml"),
        "publish": PublishSpec(place=PLACE),
        "most_attempts": 3,
    }
    return Reconciler(**{**defaults, **fields})


def deployer(**fields: Any) -> Reconciler:
    defaults: dict[str, Any] = {
        "name": "labels-deploy",
        "kind": Kind.DEPLOYER,
        "digest": "d1",
        "model": "labels",
        "desired": PLACE,
        "deployment": "labels",
        "most_attempts": 3,
    }
    return Reconciler(**{**defaults, **fields})


class State(msgspec.Struct):
    """All that is so. Versions are numbers as texts; what they were trained on is beside them."""

    clock: float = 0.0
    git: list[str] = msgspec.field(default_factory=lambda: ["1"])
    """The newest first; an empty text: git says nothing."""
    versions: dict[str, str] = msgspec.field(default_factory=lambda: {"1": "data-0"})
    """Version -> data."""
    made: dict[str, str] = msgspec.field(default_factory=dict)
    """Key of an attempt -> version."""
    champion: str = "1"
    actual: str = "1"
    data: str = "data-0"
    drifts: bool = False
    """A need that no training does away with."""
    proposals: list[Proposal] = msgspec.field(default_factory=list)
    deeds: list[tuple[str, str]] = msgspec.field(default_factory=list)
    """What had an effect."""
    judged: dict[str, bool] = msgspec.field(default_factory=dict)
    broken: set[str] = msgspec.field(default_factory=set)
    """look, needs, git, train, judge, propose, adopt, deploy, deploy-lies."""
    passes: bool = True


class SimulatedWorld:
    def __init__(self, file: Path | None = None, point: Callable[[str], None] = lambda name: None) -> None:
        self.file = file
        self.state = State()
        self.point = point
        self.lag = 0
        """So many looks see git as it was."""
        self._late: Seen | None = None
        self.load()

    def load(self) -> None:
        if self.file is not None and self.file.exists():
            self.state = msgspec.json.decode(self.file.read_bytes(), type=State)

    def save(self) -> None:
        if self.file is not None:
            write_atomic(self.file, msgspec.json.encode(self.state))

    def now(self) -> datetime:
        return START + timedelta(seconds=self.state.clock)

    # What people do.

    def merge(self) -> None:
        if (there := self.open()) is not None:
            self.commit(there.value)
            self._set(there, ProposalState.MERGED)

    def close(self, state: ProposalState = ProposalState.REJECTED) -> None:
        if (there := self.open()) is not None:
            self._set(there, state)

    def commit(self, value: str) -> None:
        if self.state.git[0] != value:
            self.state.git.insert(0, value)

    def open(self) -> Proposal | None:
        return next((each for each in self.state.proposals if each.state == ProposalState.OPEN), None)

    # What a tick sees and does.

    def look(self, spec: Reconciler, memory: Memory) -> Seen:
        self.load()
        self._may("look")
        seen = self._seen(spec, memory)
        if self.lag > 0 and self._late is not None and spec.kind == Kind.TRAINER:
            self.lag -= 1
            late = self._late
            return msgspec.structs.replace(seen, desired=late.desired, earlier=late.earlier, proposal=late.proposal)
        if spec.kind == Kind.TRAINER:
            self._late = seen
        return seen

    def _seen(self, spec: Reconciler, memory: Memory) -> Seen:
        state = self.state
        has_git = "git" not in state.broken
        desired = (state.git[0] or None) if has_git else None
        trouble = "" if has_git else "git cannot be reached"
        if spec.kind == Kind.DEPLOYER:
            return Seen(desired=desired, earlier=tuple(state.git[1:]), actual=state.actual or None, trouble=trouble)
        known = next((each for each in reversed(memory.proposals) if each.state == ProposalState.OPEN), None)
        there = next((each for each in state.proposals if known and each.key == known.key), None) if has_git else None
        return Seen(
            reason=self.reason(),
            inputs=state.data,
            rows=1000,
            desired=desired,
            earlier=tuple(state.git[1:]),
            actual=state.champion,
            proposal=there,
            trouble=trouble,
        )

    def reason(self) -> Reason:
        state = self.state
        is_new = state.versions.get(state.champion) != state.data
        why = f"{state.data} is not what {state.champion} was trained on" if is_new else "the data are the same"
        holds = None if "needs" in state.broken else is_new
        data = Reason(need="dataChanged", holds=holds, why=why, key=state.data)
        drift = Reason(need="drift", holds=state.drifts, why="psi(age) is 0.31, over 0.2" if state.drifts else "none")
        return combined("any", (data, drift))

    def train(self, spec: Reconciler, attempt: Attempt, told: Told) -> Trained:
        self._may("train")
        state = self.state
        if attempt.key not in state.made:
            version = str(1 + max(int(each) for each in state.versions))
            state.made[attempt.key] = version
            state.versions[version] = state.data
            self._did("train", attempt.key)
        self.point("train-end")
        return Trained(run=f"run-{attempt.key[:8]}", version=state.made[attempt.key], cpu_seconds=60)

    def judge(self, spec: Reconciler, attempt: Attempt, told: Told) -> Verdict:
        self._may("judge")
        passes = self.state.judged.setdefault(attempt.version, self.state.passes)
        self.save()
        self.point("judge-end")
        return Verdict(passed=passes, why="accuracy is 0.9" if passes else "accuracy is 0.5", table="| a |")

    def propose(self, spec: Reconciler, attempt: Attempt, verdict: Verdict) -> Proposal:
        self._may("propose")
        state = self.state
        found = next((each for each in state.proposals if each.key == attempt.key), None)
        if found is None:
            # It is one branch for all of them.
            self.close(ProposalState.GONE)
            found = Proposal(
                key=attempt.key,
                value=attempt.version,
                before=state.git[0],
                branch=f"auto-update/{spec.name}",
                commit="c",
                opened=self.now(),
            )
            state.proposals.append(found)
            self._did("propose", attempt.version)
            self.point("propose-middle")
        if found.state == ProposalState.OPEN and spec.publish is not None and spec.publish.approve == "auto":
            self.merge()
            found = state.proposals[-1]
            self.save()
        self.point("propose-end")
        return found

    def adopt(self, spec: Reconciler, version: str) -> None:
        self._may("adopt")
        if self.state.champion != version:
            self.state.champion = version
            self._did("adopt", version)
        self.point("adopt-end")

    def deploy(self, spec: Reconciler, attempt: Attempt, told: Told) -> None:
        self._may("deploy")
        if "deploy-lies" not in self.state.broken and self.state.actual != attempt.version:
            self.state.actual = attempt.version
            self._did("deploy", attempt.version)
        self.point("deploy-end")

    def clean(self, spec: Reconciler, memory: Memory) -> None:
        self.point("clean")
        there = self.open()
        done = {each.key: each.state for each in memory.proposals if each.state != ProposalState.OPEN}
        if there is not None and there.key in done:
            self._set(there, done[there.key])
            self.save()

    def _may(self, name: str) -> None:
        self.point(f"{name}-begin")
        if name in self.state.broken:
            if name == "look":
                raise UnavailableError("The registry does not answer.", kind="registry-unavailable")
            if name == "judge":
                raise ZeroDivisionError("division by zero")
            raise ExternalError(f"The {name} failed.", kind=f"{name}-failed")

    def _did(self, deed: str, what: str) -> None:
        self.state.deeds.append((deed, what))
        self.save()

    def _set(self, proposal: Proposal, state: ProposalState) -> None:
        place = self.state.proposals.index(proposal)
        self.state.proposals[place] = msgspec.structs.replace(proposal, state=state, ended=self.now())
