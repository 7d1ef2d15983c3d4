"""`deploy --target kserve|kubernetes`: documents for a cluster, written for git or applied with kubectl."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import msgspec

from nbmlops.deploy.manifests.folder import write
from nbmlops.deploy.manifests.wanted import Wanted, secret_name
from nbmlops.errors import ExternalError, MissingDependencyError, UsageError
from nbmlops.ops.call import Call, Progress

FOLDER = "deployments"
_APPLY_SECONDS = 300


class Manifests(msgspec.Struct, frozen=True, kw_only=True):
    folder: str
    files: tuple[str, ...]
    """Written, relative to the folder."""
    kept: tuple[str, ...]
    """Overlays of the user's that were left as they are."""
    applied: tuple[str, ...] = ()
    """What kubectl said; empty where it was not asked."""
    secret: str = ""
    """That the service reads callers' token from; the user makes it."""
    is_unpinned: bool = False
    """The image or the storage is named by a tag: what runs changes when the tag moves."""


def deploy_manifests(call: Call, wanted: Wanted, *, target: str, output: str, apply: bool) -> Manifests:
    """Raises UsageError for what a target cannot do, MissingDependencyError without kubectl, ExternalError with its
    words where it refuses.
    """
    _check(wanted, target)
    folder = call.path(output) if output else call.project.root / FOLDER / wanted.name
    written = write(wanted, target, folder)
    return Manifests(
        folder=str(folder),
        files=tuple(each.relative_to(folder).as_posix() for each in written.files),
        kept=tuple(each.relative_to(folder).as_posix() for each in written.kept),
        applied=_applied(call, folder / "base") if apply else (),
        secret=secret_name(wanted) if wanted.image else "",
        is_unpinned="@sha256:" not in (wanted.image or wanted.storage),
    )


def _check(wanted: Wanted, target: str) -> None:
    problem = hint = ""
    if bool(wanted.image) == bool(wanted.storage):
        problem = "A cluster needs either the image of the service or, under KServe, where the model is stored."
        hint = "--image REGISTRY/NAME@DIGEST, as nbmlops image makes it; or --storage oci://REGISTRY/NAME@DIGEST"
    elif target == "kubernetes" and wanted.storage:
        problem, hint = "Kubernetes alone fetches no models.", "Name the service's image: --image, or --target kserve"
    elif target == "kubernetes" and wanted.percent is not None:
        problem, hint = "Kubernetes alone gives no shares of requests.", "Leave --canary out, or --target kserve"
    if problem:
        raise UsageError(problem, kind="deploy-malformed", hint=hint)


def _applied(call: Call, folder: Path) -> tuple[str, ...]:
    program = shutil.which("kubectl")
    if program is None:
        raise MissingDependencyError(
            "kubectl is not here: the documents are written, and not applied.",
            kind="kubectl-missing",
            hint=f"Commit them for a GitOps controller, or apply them elsewhere: kubectl apply -k {folder}",
        )
    call.progress(Progress(task="kubectl", note="applying"))
    try:
        done = subprocess.run(
            [program, "apply", "-k", str(folder)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_APPLY_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ExternalError("kubectl does not come to an end.", kind="kubectl-failed") from error
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise ExternalError(f"kubectl refuses: {words[-1] if words else 'it does not say why'}", kind="kubectl-failed")
    call.progress(Progress(task="kubectl", state="done"))
    return tuple(done.stdout.strip().splitlines())
