"""`reconcilers`: what each keeps so, whether it is so, and what it waits for."""

from __future__ import annotations

from typing import Annotated

import msgspec

from nbmlops.ops.call import Call
from nbmlops.ops.fields import positional
from nbmlops.ops.reconciling.view import ReconcilerView, documents, named, store_of, view


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, positional("Only this one, with its attempts, proposals and timeline.")] = ""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    reconcilers: tuple[ReconcilerView, ...]
    name: str = ""
    """That was asked for."""
    refused: tuple[str, ...] = ()
    """Documents that cannot be read, and why."""


def reconcilers(call: Call, request: Request) -> Result:
    """Asks nobody: as it was when it was last looked. Raises NotFoundError for a name that there is none of."""
    store = store_of(call)
    if request.name:
        spec = named(call, request.name)
        return Result(reconcilers=(view(spec, store.peek(spec.name), is_whole=True),), name=request.name)
    found = documents(call)
    return Result(
        reconcilers=tuple(view(spec, store.peek(spec.name)) for spec in found.reconcilers),
        refused=tuple(error.message for error in found.refused),
    )
