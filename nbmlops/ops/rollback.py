"""`rollback`: the revision before answers again."""

from __future__ import annotations

from typing import Annotated

import msgspec

from nbmlops.deploy.folder import folder_of
from nbmlops.errors import NotFoundError, StateError
from nbmlops.model.deployment import Spec
from nbmlops.ops.call import Call
from nbmlops.ops.deployment_view import DeploymentView, view
from nbmlops.ops.fields import option, positional
from nbmlops.ops.revisions import apply, wait_ready


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, positional("The deployment.")]
    to: Annotated[
        int, option("The revision. Default: without the canary, if there is one; else the one before.", metavar="N")
    ] = 0


class Result(msgspec.Struct, frozen=True, kw_only=True):
    deployment: DeploymentView
    answered: int
    """Revision that answered until now: the canary where one was taken away."""
    answers: int
    """Revision that answers now."""
    was_canary: bool = False


def rollback(call: Call, request: Request) -> Result:
    """No request fails meanwhile. Raises NotFoundError, StateError where there is nothing to go back to, ExternalError
    where the old revision does not come up: then all stays as it was.
    """
    folder = folder_of(call.project.layout.folder, request.name)
    with folder.locked():
        spec = folder.spec()
        extra = spec.canary or spec.shadow
        if extra and not request.to:
            rest = msgspec.structs.replace(spec, canary=0, percent=0, shadow=0)
            apply(folder, rest)
            return Result(deployment=view(folder, rest), answered=extra, answers=spec.stable, was_canary=True)
        number = _target(spec, request.to)
        apply(folder, msgspec.structs.replace(spec, candidate=number, is_wanted=True))
        try:
            wait_ready(call, folder, number)
        except BaseException:
            apply(folder, spec)
            raise
        back = msgspec.structs.replace(
            spec, stable=number, canary=0, percent=0, shadow=0, is_wanted=True, history=_history(spec, number)
        )
        apply(folder, back)
        return Result(deployment=view(folder, back), answered=spec.stable, answers=number)


def _target(spec: Spec, asked: int) -> int:
    number = asked or (spec.history[-1] if spec.history else 0)
    if not number:
        raise StateError(
            f"{spec.name} has no revision before {spec.stable}.",
            kind="nothing-before",
            hint=f"See nbmlops deployments {spec.name}",
        )
    if spec.revision(number) is None:
        raise NotFoundError(
            f"{spec.name} has no revision {number}.",
            kind="revision-missing",
            hint=f"See nbmlops deployments {spec.name}",
        )
    if number == spec.stable:
        raise StateError(f"Revision {number} of {spec.name} answers already.", kind="revision-answers")
    return number


def _history(spec: Spec, number: int) -> tuple[int, ...]:
    """What answered before that one; where it had never answered, what answers now as well."""
    if number in spec.history:
        return spec.history[: len(spec.history) - 1 - spec.history[::-1].index(number)]
    return (*spec.history, spec.stable)
