"""What a Deployer sees and does: the version that answers, and another in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from nbmlops.deploy.folder import DeploymentFolder, folder_of
from nbmlops.errors import ExternalError, UsageError
from nbmlops.model.deployment import Revision
from nbmlops.model.reconciler import Attempt, Reconciler
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.deployment_view import State, view
from nbmlops.package.reference import parse
from nbmlops.reconcile.world import Told

if TYPE_CHECKING:
    from nbmlops.ops.deploy import Request


def wanted_digest(call: Call, spec: Reconciler) -> str:
    """Behind the tag. Raises NotFoundError, UnavailableError, DeniedError."""
    from nbmlops.ops.reconciling.needs.registry import digest_behind

    return digest_behind(call, spec.desired_tag)


def answering(call: Call, spec: Reconciler, wanted: str) -> str | None:
    """The version, or the digest, of what answers; None where nothing does. A deployment that should run and is down
    does not run: it is started again. One that is wanted and answers a share, as a canary or a shadow, counts: who lets
    it answer all is somebody else's.
    """
    folder = folder_of(call.project.layout.folder, spec.deployment)
    if not folder.exists:
        return None
    found = folder.spec()
    revision = found.revision(found.stable)
    if revision is None or not found.is_wanted or view(folder, found).state is State.DOWN:
        return None
    beside = found.revision(found.canary or found.shadow)
    if beside is not None and wanted and _value(spec, beside) == wanted:
        return wanted
    return _value(spec, revision) or f"revision {revision.number}"


def deploy(call: Call, spec: Reconciler, attempt: Attempt, told: Told) -> None:
    """A revision that is kept answers again at once; else a new one is made. Raises what `deploy` raises."""
    from nbmlops.ops import deploy as deploying
    from nbmlops.ops import rollback

    call = Call(call.project.root, progress=lambda event: _tell(event, told))
    folder = folder_of(call.project.layout.folder, spec.deployment)
    if (kept := _kept(folder, spec, attempt.version)) is not None:
        told(f"revision {kept} is {attempt.version} and answers again")
        rollback.rollback(call, rollback.Request(name=spec.deployment, to=kept))
        return
    package = f"models:/{spec.model}/{attempt.version}" if spec.desired is not None else _address(spec, attempt.version)
    given = _asked(spec)
    request = msgspec.structs.replace(given, package=package, name=spec.deployment)
    made = deploying.deploy(call, request)
    if answering(call, spec, attempt.version) != attempt.version:
        raise ExternalError(
            f"{spec.deployment} does not answer with {attempt.version}, though revision {made.revision} was deployed.",
            kind="deploy-unseen",
            hint=f"Look: nbmlops deployments; nbmlops logs {spec.deployment}",
        )


def _kept(folder: DeploymentFolder, spec: Reconciler, version: str) -> int | None:
    if not folder.exists:
        return None
    found = folder.spec()
    same = [each.number for each in found.revisions if _value(spec, each) == version and each.number in found.history]
    return max(same, default=None) if found.stable and found.is_wanted else None


def _value(spec: Reconciler, revision: Revision) -> str:
    if spec.desired is None:
        return revision.digest
    model, _, version = revision.version.rpartition("/")
    return version if model == spec.model else ""


def _address(spec: Reconciler, digest: str) -> str:
    reference = parse(spec.desired_tag)
    return f"{reference.registry}/{reference.repository}@{digest}"


def _asked(spec: Reconciler) -> Request:
    """Raises UsageError for what `deploy` does not take."""
    from nbmlops.ops.deploy import Request

    known = set(Request.__struct_fields__) - {"package", "name"}
    unknown = sorted(set(spec.deployment_options) - known)
    if unknown:
        raise UsageError(
            f"{spec.path}: deploy has no option {unknown[0]}.", kind="reconciler-malformed", hint="Mend it."
        )
    try:
        return msgspec.convert(spec.deployment_options, Request)
    except msgspec.ValidationError as error:
        raise UsageError(f"{spec.path}: deploy: {error}.", kind="reconciler-malformed", hint="Mend it.") from None


def _tell(event: Progress, told: Told) -> None:
    if event.note:
        told(f"{event.task}: {event.note}")
