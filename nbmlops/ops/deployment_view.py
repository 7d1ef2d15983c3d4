"""A deployment as verbs show it: what is wanted and what is seen, together."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from nbmlops.deploy.control import ask
from nbmlops.deploy.folder import DeploymentFolder
from nbmlops.errors import ExternalError, IntegrityError, UnavailableError
from nbmlops.model.deployment import Replica, RevisionStatus, Spec, Status, Traffic
from nbmlops.model.finding import Finding

MOST_WINDOWS = 48


class State(StrEnum):
    HEALTHY = "healthy"
    STARTING = "starting"
    DEGRADED = "degraded"
    """It answers, with fewer replicas than it should have."""
    DOWN = "down"
    """It should answer and does not."""
    STOPPED = "stopped"


class RevisionView(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    package: str
    digest: str
    created: datetime
    role: str = ""
    """stable, canary, shadow or candidate; empty for one that is only kept."""
    percent: int = 0
    """Of requests, that it answers."""
    replicas: tuple[Replica, ...] = ()
    traffic: Traffic = Traffic()
    run: str = ""


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """What the last look of `monitor` has found."""

    looked: datetime
    findings: tuple[Finding, ...]
    """That go on."""
    drift: tuple[float | None, ...] = ()
    """Of windows of the stable revision, oldest first: how far the worst column is over its limit. None: it is not
    known.
    """
    rows: tuple[int, ...] = ()
    """Of the same windows."""


class DeploymentView(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    state: State
    target: str
    address: str
    replicas: int
    """That each revision should have."""
    revisions: tuple[RevisionView, ...]
    """Newest first."""
    token_file: str = ""
    """What callers send is in there."""
    monitored: bool = False
    """What is asked and answered is kept."""
    pid: int = 0
    """Of the router."""
    since: datetime | None = None
    contract: str = ""
    """That the stable revision holds rows against, and what becomes of others: `contract.yaml (reject)`."""
    problem: str = ""
    watched: Watched | None = None
    """None: nobody has looked yet."""

    def revision(self, number: int) -> RevisionView | None:
        return next((each for each in self.revisions if each.number == number), None)

    @property
    def stable(self) -> RevisionView | None:
        return next((each for each in self.revisions if each.role == "stable"), None)


def view(folder: DeploymentFolder, spec: Spec | None = None) -> DeploymentView:
    """Raises NotFoundError and IntegrityError for what is kept of it."""
    spec = spec or folder.spec()
    status, problem = _seen(folder) if spec.is_wanted else (None, "")
    stable = spec.revision(spec.stable)
    return DeploymentView(
        name=spec.name,
        state=_state(spec, status),
        target=spec.target,
        address=address(spec),
        replicas=spec.replicas,
        token_file=str(folder.path / "token"),
        monitored=spec.monitored,
        revisions=tuple(_revision(spec, each.number, status) for each in reversed(spec.revisions)),
        contract=f"{stable.contract} ({stable.on_breach})" if stable is not None and stable.contract else "",
        pid=status.pid if status is not None else 0,
        since=status.since if status is not None else None,
        problem=problem,
        watched=_watched(folder, spec) if spec.monitored else None,
    )


def _watched(folder: DeploymentFolder, spec: Spec) -> Watched | None:
    from nbmlops.monitor.history import HistoryFolder

    try:
        history = HistoryFolder(folder.monitor).glance()
    except IntegrityError:  # `monitor` says what to do
        return None
    if history.looked is None:
        return None
    windows = [each for each in history.windows if each.revision == str(spec.stable)][-MOST_WINDOWS:]
    return Watched(
        looked=history.looked,
        findings=tuple(each.finding for each in history.open),
        drift=tuple(each.worst for each in windows),
        rows=tuple(each.rows for each in windows),
    )


def address(spec: Spec) -> str:
    host = f"[{spec.host}]" if ":" in spec.host else spec.host
    return f"http://{host}:{spec.port}"


def _seen(folder: DeploymentFolder) -> tuple[Status | None, str]:
    try:
        status = ask(folder.sockets(), "status")
    except UnavailableError:
        return None, "Its router does not run. Start it: nbmlops deploy --restore"
    except ExternalError as error:
        return None, error.message
    failed = next((each.why for found in status.revisions for each in found.replicas if each.why), "")
    return status, status.problem or failed


def _state(spec: Spec, status: Status | None) -> State:
    if not spec.is_wanted:
        return State.STOPPED
    stable = status.of(spec.stable) if status is not None else None
    if stable is None:
        return State.DOWN if status is None or spec.stable else State.STARTING
    if stable.ready:
        return State.HEALTHY if stable.ready >= spec.replicas else State.DEGRADED
    return State.DOWN if stable.has_failed else State.STARTING


def _revision(spec: Spec, number: int, status: Status | None) -> RevisionView:
    revision = spec.revision(number)
    assert revision is not None
    seen: RevisionStatus | None = status.of(number) if status is not None else None
    roles = {spec.candidate: "candidate", spec.shadow: "shadow", spec.canary: "canary", spec.stable: "stable"}
    role = roles.get(number, "")
    percents = {"stable": 100 - (spec.percent if spec.canary else 0), "canary": spec.percent}
    return RevisionView(
        number=number,
        package=revision.package,
        digest=revision.digest,
        created=revision.created,
        role=role,
        percent=percents.get(role, 0),
        replicas=seen.replicas if seen is not None else (),
        traffic=seen.traffic if seen is not None else Traffic(),
        run=revision.run,
    )
