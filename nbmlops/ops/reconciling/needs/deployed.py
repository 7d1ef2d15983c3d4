"""What needs about a deployment have to know of it."""

from __future__ import annotations

import msgspec

from nbmlops.deploy.folder import DeploymentFolder, folder_of
from nbmlops.errors import ConflictError, StateError
from nbmlops.model.deployment import Revision
from nbmlops.model.finding import Finding
from nbmlops.model.monitoring import Performance, Window
from nbmlops.model.reconciler import NeedSpec, Reason
from nbmlops.ops.reconciling.observing import Observing


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What `monitor` says of the revision that answers now."""

    name: str
    revision: Revision
    findings: tuple[Finding, ...]
    window: Window | None
    """The newest that was compared."""
    performance: Performance | None

    @property
    def key(self) -> str:
        return f"{self.name}:{self.revision.digest[7:19]}"


def looked(look: Observing, name: str) -> Looked:
    """Looks now. Raises NotFoundError for a deployment that is not there, StateError for one that nobody watches."""
    from nbmlops.monitor.history import HistoryFolder
    from nbmlops.ops import monitor

    folder = folder_of(look.call.project.layout.folder, name)
    revision = _answering(folder)
    performance: tuple[Performance, ...] = ()
    try:
        found = monitor.monitor(look.call, monitor.Request(name=name))
        findings, windows, performance = found.findings, found.windows, found.performance
    except ConflictError:  # somebody else looks at this moment: what the look before has found
        history = HistoryFolder(folder.monitor).glance()
        findings, windows = tuple(each.finding for each in history.open), history.windows
    number = str(revision.number)
    own = f"(revision {number})"
    return Looked(
        name=name,
        revision=revision,
        findings=tuple(each for each in findings if "(revision " not in each.subject or each.subject.endswith(own)),
        window=next((each for each in reversed(windows) if each.revision == number and each.drift), None),
        performance=next((each for each in performance if each.revision == number), None),
    )


def replaced(look: Observing, need: NeedSpec, revision: Revision) -> Reason | None:
    """Not needed: a version has been made since that revision was, and is not deployed yet."""
    last = look.last
    if last is None or last.ended is None or last.ended <= revision.created:
        return None
    why = f"version {last.version} was made since revision {revision.number} was deployed"
    return Reason(need=need.need, holds=False, why=why)


def _answering(folder: DeploymentFolder) -> Revision:
    spec = folder.spec()
    revision = spec.revision(spec.stable)
    if revision is None:
        raise StateError(f"Nothing of deployment {folder.name} answers.", kind="deployment-empty", hint="Deploy to it.")
    return revision
