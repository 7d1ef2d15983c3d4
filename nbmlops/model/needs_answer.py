"""What a service answers that is asked whether something is to be done: the form of Kubeflow's ModelSync.

{"kind": "NeedsSync", "apiVersion": "v1alpha1", "metadata": {"creationTimestamp": null},
 "needsSync": true, "parameters": {"name": "7"}, "errors": []}
"""

from __future__ import annotations

from typing import Any

import msgspec

KIND, API_VERSION = "NeedsSync", "v1alpha1"


class NeedsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    needs_sync: bool
    parameters: dict[str, str] = {}
    """For the pipeline."""
    errors: tuple[str, ...] = ()
    """Why it cannot be told. Then what `needs_sync` says means nothing."""


class _Error(msgspec.Struct, frozen=True, kw_only=True):
    message: str


class _Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Null where a Go program writes an empty list or mapping."""

    kind: str
    api_version: str
    needs_sync: bool
    metadata: dict[str, Any] | None = None
    parameters: dict[str, str] | None = None
    errors: list[_Error] | None = None


def encode(answer: NeedsAnswer) -> bytes:
    return msgspec.json.encode(
        _Wire(
            kind=KIND,
            api_version=API_VERSION,
            metadata={"creationTimestamp": None},
            needs_sync=answer.needs_sync and not answer.errors,
            parameters=answer.parameters,
            errors=[_Error(message=each) for each in answer.errors],
        )
    )


def decode(body: bytes) -> NeedsAnswer:
    """Raises ValueError with what is wrong. Fields that are not known are passed over: the form may grow."""
    try:
        wire = msgspec.json.decode(body, type=_Wire)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(str(error)) from error
    if (wire.kind, wire.api_version) != (KIND, API_VERSION):
        raise ValueError(f"it is {wire.kind!r} of {wire.api_version!r}, and no {KIND} of {API_VERSION}"[:300])
    return NeedsAnswer(
        needs_sync=wire.needs_sync,
        parameters=wire.parameters or {},
        errors=tuple(each.message for each in wire.errors or ()),
    )
