"""`logout`: forget the login for a registry."""

from __future__ import annotations

from typing import Annotated

import msgspec

from nbmlops.ops.call import Call
from nbmlops.ops.fields import positional
from nbmlops.package.registry.login import logout as forget


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    registry: Annotated[str, positional("The registry: ghcr.io, 127.0.0.1:5000.")]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    registry: str
    was_known: bool


def logout(call: Call, request: Request) -> Result:
    return Result(registry=request.registry, was_known=forget(request.registry))
