"""Signing packages of the local layout, and saying more about them under a signature.

    for each in sign(layout, "localhost/wine", descriptor, key): attach(layout, "localhost/wine", each)
    verify(layout, "localhost/wine", descriptor.digest, [load_public(path)]).require()

A signature is made in both forms that `cosign` knows: under the tag `sha256-HEX.sig`, which its old versions and most
admission controllers look for, and as a Sigstore bundle that refers to the package. No transparency log is asked,
which `cosign verify` has to be told: `--insecure-ignore-tlog`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from nbmlops.lib.clock import utc_now
from nbmlops.model.oci import Descriptor
from nbmlops.package.layout import Layout, read_manifest
from nbmlops.package.trust import attachments, dsse, simplesigning, statement
from nbmlops.package.trust import bundle as bundles
from nbmlops.package.trust.attachments import Attachment, Kind, stored
from nbmlops.package.trust.keys import PrivateKey
from nbmlops.package.trust.verifying import verify


def sign(
    layout: Layout,
    repo: str,
    package: Descriptor,
    key: PrivateKey,
    *,
    legacy: bool = True,
    created: datetime | None = None,
) -> tuple[Attachment, ...]:
    """What there is to attach; nothing of a form in which this key has signed the package already.

    Raises NotFoundError where the package is not in the layout.
    """
    layout.read(package.digest)
    known = {each.kind for each in verify(layout, repo, package.digest, [key.public]).signed}
    made = []
    if legacy and Kind.LEGACY not in known:
        made.append(_legacy(layout, repo, package, key))
    if Kind.REFERRER not in known:
        made.append(attest(layout, package, key, statement.SIGNED, {}, created=created))
    return tuple(made)


def attest(
    layout: Layout,
    package: Descriptor,
    key: PrivateKey,
    predicate_type: str,
    predicate: dict[str, Any],
    *,
    name: str = "",
    created: datetime | None = None,
) -> Attachment:
    """A signed statement about a package, such as where it comes from. `name` is what the statement calls it."""
    said = statement.write(statement.about(package.digest, predicate_type, predicate, name=name))
    data = bundles.write(bundles.made(dsse.sign(statement.PAYLOAD, said, key), key.public))
    layout.put(bundles.NO_CONFIG)
    layout.put(data)
    when = (created or utc_now()).astimezone(UTC)
    return stored(layout, bundles.manifest(data, package, predicate_type=predicate_type, created=when), Kind.REFERRER)


def _legacy(layout: Layout, repo: str, package: Descriptor, key: PrivateKey) -> Attachment:
    """With the signatures of others that are there already: the tag can name one manifest only."""
    payload = simplesigning.payload(package.digest, repo)
    layout.put(payload)
    known = attachments.legacy(layout, repo, package.digest)
    earlier = (read_manifest(known.data).layers or ()) if known is not None else ()
    layers = (*earlier, simplesigning.layer(payload, key.sign(payload)))
    config = simplesigning.config(layers)
    layout.put(config)
    return stored(layout, simplesigning.manifest(layers, config), Kind.LEGACY, simplesigning.tag(package.digest))
