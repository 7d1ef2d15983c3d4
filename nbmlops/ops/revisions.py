"""Changing what is wanted of a deployment, and waiting until it is so."""

from __future__ import annotations

import contextlib
import shutil
import time

import msgspec

from nbmlops.deploy import start
from nbmlops.deploy.control import ask
from nbmlops.deploy.folder import DeploymentFolder
from nbmlops.deploy.supervise.log_file import last_line
from nbmlops.errors import ExternalError, UnavailableError
from nbmlops.model.deployment import RevisionStatus, Spec
from nbmlops.ops.call import Call, Progress

KEPT = 10
"""Revisions whose files are kept, so that they can be rolled back to."""
_READY_SECONDS = 400.0
_LOOK_SECONDS = 0.1


def apply(folder: DeploymentFolder, spec: Spec) -> Spec:
    """Write it, and let the router know. Whoever calls this has the lock."""
    folder.write(spec)
    if spec.is_wanted:
        start.ensure_running(folder)
    return spec


def wait_ready(call: Call, folder: DeploymentFolder, number: int) -> None:
    """Until all of its replicas are. Raises ExternalError with its last words for one that does not become so."""
    wanted = folder.spec().replicas
    task = f"revision {number}"
    call.progress(Progress(task=task, note="starting"))
    until = time.monotonic() + _READY_SECONDS
    seen: RevisionStatus | None = None
    while time.monotonic() < until:
        with contextlib.suppress(UnavailableError):
            status = ask(folder.sockets(), "status")
            seen = status.of(number)
            if seen is not None and seen.ready >= wanted:
                call.progress(Progress(task=task, state="done", note="ready"))
                return
            if status.problem:
                raise _failed(folder, number, status.problem)
            if seen is not None and seen.has_failed:
                break
        time.sleep(_LOOK_SECONDS)
    call.progress(Progress(task=task, state="failed"))
    why = next((each.why for each in seen.replicas if each.why), "") if seen is not None else ""
    raise _failed(folder, number, why or last_line(folder.log(number)) or "it does not say why")


def without(folder: DeploymentFolder, spec: Spec, number: int) -> Spec:
    """That revision forgotten; its log stays."""
    shutil.rmtree(folder.files(number), ignore_errors=True)
    return msgspec.structs.replace(
        spec,
        candidate=0 if spec.candidate == number else spec.candidate,
        canary=0 if spec.canary == number else spec.canary,
        shadow=0 if spec.shadow == number else spec.shadow,
        revisions=tuple(each for each in spec.revisions if each.number != number),
    )


def switched(spec: Spec, number: int) -> Spec:
    """All requests go to that revision; the one before can be rolled back to."""
    history = (*spec.history, spec.stable) if spec.stable and spec.stable != number else spec.history
    return msgspec.structs.replace(
        spec, stable=number, canary=0, percent=0, shadow=0, candidate=0, history=history[-KEPT:]
    )


def pruned(folder: DeploymentFolder, spec: Spec) -> Spec:
    """Without the files of old revisions that nobody rolls back to."""
    needed = {*spec.running, *spec.history, *(each.number for each in spec.revisions[-KEPT:])}
    for each in spec.revisions:
        if each.number not in needed:
            shutil.rmtree(folder.revision(each.number), ignore_errors=True)
    return msgspec.structs.replace(spec, revisions=tuple(each for each in spec.revisions if each.number in needed))


def next_number(folder: DeploymentFolder, spec: Spec) -> int:
    """Also those of revisions that never came up are used only once: their logs lie there."""
    used = [each.number for each in spec.revisions]
    with contextlib.suppress(FileNotFoundError):
        used += [int(each.name) for each in (folder.path / "revisions").iterdir() if each.name.isdigit()]
    return max(used, default=0) + 1


def _failed(folder: DeploymentFolder, number: int, why: str) -> ExternalError:
    return ExternalError(
        f"Revision {number} of {folder.name} did not come up: {why.rstrip('.')}.",
        kind="revision-failed",
        hint=f"See nbmlops logs {folder.name} --revision {number}",
    )
