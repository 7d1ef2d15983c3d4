"""What belongs to a package goes where it goes: signatures and statements about it."""

from __future__ import annotations

import msgspec

from nbmlops.errors import IntegrityError, NotFoundError
from nbmlops.package.layout import Layout
from nbmlops.package.reference import Reference
from nbmlops.package.registry.client import Registry
from nbmlops.package.registry.referrers import referrers
from nbmlops.package.registry.transfer import pull, push
from nbmlops.package.trust import bundle, simplesigning
from nbmlops.package.trust.attachments import attachments


def push_attachments(layout: Layout, repo: str, target: Reference, registry: Registry, digest: str) -> int:
    """All that the layout has in this repository for the package; how many."""
    found = attachments(layout, repo, digest)
    for each in found:
        tags = (each.tag,) if each.tag else ()
        named = msgspec.structs.replace(target, tags=tags, digest="" if tags else each.descriptor.digest)
        push(layout, named, registry, source=each.descriptor)
    return len(found)


def pull_attachments(registry: Registry, reference: Reference, layout: Layout, digest: str) -> int:
    """How many came. One that is malformed is left there: it says nothing."""
    count = 0
    for each in referrers(registry, reference.repository, digest, bundle.MEDIA_TYPE):
        count += _pulled(registry, msgspec.structs.replace(reference, tags=(), digest=each.digest), layout)
    legacy = msgspec.structs.replace(reference, tags=(simplesigning.tag(digest),), digest="")
    return count + _pulled(registry, legacy, layout)


def _pulled(registry: Registry, reference: Reference, layout: Layout) -> bool:
    try:
        pull(registry, reference, layout)
    except (NotFoundError, IntegrityError):
        return False
    return True
