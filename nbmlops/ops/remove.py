"""`remove`: take a package's name away; with its last name it goes itself."""

from __future__ import annotations

from typing import Annotated

import msgspec

from nbmlops.ops.call import Call
from nbmlops.ops.fields import option, positional
from nbmlops.ops.package_store import store
from nbmlops.package.reference import parse
from nbmlops.package.trust.attachments import detach


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    package: Annotated[str, positional("The package: NAME[:TAG] or NAME@DIGEST.")]
    all_tags: Annotated[bool, option("Also where it has other tags.")] = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    reference: str
    digest: str
    is_gone: bool
    """False where it still has other tags."""
    tags: tuple[str, ...]
    """Those that are left."""
    freed: int
    """Bytes of blobs that no other package needs."""


def remove(call: Call, request: Request) -> Result:
    """Raises NotFoundError for a package that is not here."""
    layout = store()
    reference = parse(request.package)
    descriptor = layout.resolve(reference)
    others = [
        tag
        for tag, each in layout.tags(reference.repo).items()
        if each.digest == descriptor.digest and (reference.digest or tag != reference.tag)
    ]
    is_gone = request.all_tags or not others
    freed = 0
    if is_gone:
        freed = detach(layout, reference.repo, descriptor.digest) + layout.remove(reference.repo, descriptor)
    else:
        layout.untag(reference.repo, reference.tag)
    return Result(
        reference=str(reference),
        digest=descriptor.digest,
        is_gone=is_gone,
        tags=() if is_gone else tuple(sorted(others)),
        freed=freed,
    )
