"""`undeploy`: a deployment stops. It can be started again as it was."""

from __future__ import annotations

from typing import Annotated

import msgspec

from nbmlops.deploy import start
from nbmlops.deploy.folder import folder_of
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.fields import option, positional


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, positional("The deployment.")]
    purge: Annotated[bool, option("Forget it, too: its revisions, its logs and its token.")] = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    was_running: bool
    is_forgotten: bool
    revisions: int
    """That were kept, or are forgotten."""


def undeploy(call: Call, request: Request) -> Result:
    """What is being answered is answered. Raises NotFoundError, ExternalError where its router does not end."""
    folder = folder_of(call.project.layout.folder, request.name)
    with folder.locked():
        spec = folder.spec()
        was_running = start.is_running(folder)
        folder.write(msgspec.structs.replace(spec, is_wanted=False))
        call.progress(Progress(task=request.name, note="stopping"))
        start.stop(folder)
        call.progress(Progress(task=request.name, state="done"))
        if request.purge:
            folder.remove()
    return Result(name=request.name, was_running=was_running, is_forgotten=request.purge, revisions=len(spec.revisions))
