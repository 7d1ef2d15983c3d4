"""What is said about a package: by its own provenance, and by what lies beside it. None of it is checked here."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime

import msgspec

from nbmlops.errors import NbmlopsError
from nbmlops.model.oci import CREATED, Manifest
from nbmlops.ops.package_files import provenance_in
from nbmlops.package.layout import Layout, read_manifest
from nbmlops.package.opened import Opened
from nbmlops.package.trust import bundle as bundles
from nbmlops.package.trust import simplesigning, statement
from nbmlops.package.trust.attachments import Attachment, attachments
from nbmlops.package.trust.provenance import read

_SAID = {statement.SIGNED: "signature", statement.PROVENANCE: "provenance", statement.BOM: "bill of materials"}


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A signature, or a signed statement. Whether it holds, `verify` says."""

    what: str
    """signature, provenance, bill of materials, or the type of another statement."""
    form: str
    """`tag` or `bundle`: the two ways in which `cosign` keeps them."""
    key: str
    """Fingerprint of the key that it names; empty where it names none."""
    made: str
    """RFC 3339, where it says so."""
    digest: str
    """Of the manifest that carries it."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a package says it comes from."""

    notebook: str = ""
    run: str = ""
    pipeline: str = ""
    """Identity of the pipeline."""
    certificate: str = ""
    """Digest of the pipeline's certificate."""
    verdict: str = ""
    """What the certificate says."""
    commit: str = ""
    python: str = ""
    started: datetime | None = None
    finished: datetime | None = None
    cells: int = 0
    """Those that ran, named by their digests."""
    data: int = 0
    """Files that were read, named by their digests."""
    problem: str = ""
    """Why it cannot be read; then all else is empty."""


def claims(layout: Layout, repo: str, digest: str) -> tuple[Claim, ...]:
    """Of all that lies beside a package; what cannot be read says nothing."""
    try:
        found = attachments(layout, repo, digest)
    except NbmlopsError:
        return ()
    return tuple(claim for each in found for claim in _claims(layout, each))


def origin(layout: Layout, package: Opened) -> Origin | None:
    """None where it says nothing."""
    try:
        predicate = provenance_in(layout, package)
        if predicate is None:
            return None
        facts = read(predicate)
    except NbmlopsError as error:
        return Origin(problem=error.message)
    return Origin(
        notebook=facts.notebook,
        run=facts.run,
        pipeline=facts.pipeline,
        certificate=facts.certificate,
        verdict=facts.verdict,
        commit=facts.code.commit,
        python=facts.python,
        started=facts.started,
        finished=facts.finished,
        cells=len(facts.cells),
        data=len(facts.data),
    )


def _claims(layout: Layout, attachment: Attachment) -> list[Claim]:
    manifest = read_manifest(attachment.data)
    made, digest = manifest.annotations.get(CREATED, ""), attachment.descriptor.digest
    if attachment.tag:
        count = sum(layer.media_type == simplesigning.MEDIA_TYPE for layer in manifest.layers or ())
        return [Claim(what="signature", form="tag", key="", made=made, digest=digest)] * count
    kind = manifest.annotations.get(bundles.PREDICATE_TYPE, statement.SIGNED)
    what = _SAID.get(kind, kind) if manifest.artifact_type == bundles.MEDIA_TYPE else manifest.artifact_type
    return [Claim(what=what, form="bundle", key=_key(layout, manifest), made=made, digest=digest)]


def _key(layout: Layout, manifest: Manifest) -> str:
    """The key that a bundle names, as `sign` and `verify` write it."""
    for layer in manifest.layers or ():
        try:
            named = bundles.read(layout.read(layer.digest)).verification_material.get("publicKey")
            return base64.b64decode(named["hint"], validate=True).hex() if isinstance(named, dict) else ""
        except (NbmlopsError, KeyError, TypeError, binascii.Error):
            continue
    return ""
