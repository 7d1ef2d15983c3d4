"""`deployments`: those of this project, and how they are."""

from __future__ import annotations

from typing import Annotated

import msgspec

from nbmlops.deploy.folder import DeploymentFolder, folder_of, folders
from nbmlops.errors import IntegrityError
from nbmlops.ops.call import Call
from nbmlops.ops.deployment_view import DeploymentView, State, view
from nbmlops.ops.fields import positional


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, positional("Only this one, with all its revisions.")] = ""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    deployments: tuple[DeploymentView, ...]
    name: str = ""
    """That was asked for."""


def deployments(call: Call, request: Request) -> Result:
    """Raises NotFoundError for a name that there is none of."""
    store = call.project.layout.folder
    found = (folder_of(store, request.name),) if request.name else folders(store)
    if request.name:
        return Result(deployments=(view(found[0]),), name=request.name)
    return Result(deployments=tuple(_seen(each) for each in found))


def _seen(folder: DeploymentFolder) -> DeploymentView:
    """One that is damaged does not hide the others."""
    try:
        return view(folder)
    except IntegrityError as error:
        return DeploymentView(
            name=folder.name, state=State.DOWN, target="", address="", replicas=0, revisions=(), problem=error.message
        )
