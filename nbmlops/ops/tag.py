"""`tag`: give a package another name."""

from __future__ import annotations

from typing import Annotated

import msgspec

from nbmlops.ops.call import Call
from nbmlops.ops.fields import positional
from nbmlops.ops.package_store import opened, store
from nbmlops.package.reference import parse


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    package: Annotated[str, positional("The package as it is called: NAME[:TAG] or NAME@DIGEST.")]
    name: Annotated[str, positional("What it is to be called as well: NAME:TAG[,TAG...].")]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    references: tuple[str, ...]
    digest: str
    before: dict[str, str]
    """Digests of the packages that had these names until now."""


def tag(call: Call, request: Request) -> Result:
    """Raises UsageError and NotFoundError. The old name stays."""
    layout = store()
    _, package = opened(layout, request.package)
    target = parse(request.name)
    names = target.tags or (target.tag,)
    known = layout.tags(target.repo)
    layout.add(target.repo, package.descriptor, names)
    return Result(
        references=tuple(str(target.with_tag(name)) for name in names),
        digest=package.descriptor.digest,
        before={
            str(target.with_tag(name)): known[name].digest
            for name in names
            if name in known and known[name].digest != package.descriptor.digest
        },
    )
