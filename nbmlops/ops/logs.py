"""`logs`: what the service of a deployment says."""

from __future__ import annotations

from typing import Annotated

import msgspec

from nbmlops.deploy.folder import DeploymentFolder, folder_of, missing
from nbmlops.deploy.supervise.log_file import tail
from nbmlops.errors import NotFoundError, UsageError
from nbmlops.ops.call import Call
from nbmlops.ops.fields import option, positional

MOST_LINES = 10_000


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, positional("The deployment.")]
    revision: Annotated[int, option("Of this revision. Default: the newest that has said anything.", metavar="N")] = 0
    lines: Annotated[int, option("The last so many.")] = 100
    router: Annotated[bool, option("What the router says: which replicas have ended, and why.")] = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    source: str
    """`router` or `revision N`."""
    file: str
    lines: tuple[str, ...]


def logs(call: Call, request: Request) -> Result:
    """Raises NotFoundError for a deployment or a revision without a log."""
    if not 0 < request.lines <= MOST_LINES:
        raise UsageError(f"--lines has to be from 1 to {MOST_LINES}.", kind="lines-malformed")
    folder = folder_of(call.project.layout.folder, request.name)
    if not folder.path.is_dir():
        raise missing(request.name)
    if request.router:
        file, source = folder.router_log, "router"
    else:
        number = request.revision or _newest(folder)
        file, source = folder.log(number), f"revision {number}"
        if not file.is_file():
            raise NotFoundError(
                f"Revision {number} of {request.name} has said nothing.",
                kind="log-missing",
                hint=f"See nbmlops logs {request.name} --router",
            )
    return Result(name=request.name, source=source, file=str(file), lines=tail(file, request.lines))


def _newest(folder: DeploymentFolder) -> int:
    numbers = [int(each.parent.name) for each in folder.path.glob("revisions/*/service.log")]
    return max(numbers, default=0)
