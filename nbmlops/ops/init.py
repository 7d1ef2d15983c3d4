"""`init`: make a project."""

from __future__ import annotations

from typing import Annotated

import msgspec

from nbmlops.ops.call import Call
from nbmlops.ops.fields import positional
from nbmlops.project import Project


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    path: Annotated[str, positional("Folder of the project; made if it does not exist.", metavar="FOLDER")] = "."


class Result(msgspec.Struct, frozen=True, kw_only=True):
    root: str
    tracking: str


def init(call: Call, request: Request) -> Result:
    project = Project.init(call.path(request.path))
    return Result(root=str(project.root), tracking=project.uri)
