"""Whether a package is what its makers say: its bytes, and the signatures over it."""

from __future__ import annotations

import msgspec

from nbmlops.ops.call import Call, Progress
from nbmlops.ops.package_store import opened, store
from nbmlops.ops.signing_key import public_keys
from nbmlops.package.trust.attachments import attachments
from nbmlops.package.trust.verifying import verify as check


class Signer(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    """Of the key's file."""
    fingerprint: str


class PackageCheck(msgspec.Struct, frozen=True, kw_only=True):
    reference: str
    digest: str
    damaged: tuple[str, ...]
    """Layers whose bytes are not what they should be."""
    signatures: int
    """That lie beside the package, whoever made them."""
    keys: int
    """That they were tried with."""
    signers: tuple[Signer, ...]
    """Those of them whose signature holds."""
    refused: tuple[str, ...]
    """Why others do not."""

    @property
    def is_good(self) -> bool:
        return not self.damaged and (bool(self.signers) or not self.keys)


def verify_package(call: Call, name: str, keys: tuple[str, ...]) -> PackageCheck:
    """Raises NotFoundError and IntegrityError for a package or a key that is not there or is none."""
    layout = store()
    reference, package = opened(layout, name)
    found = public_keys(call, keys)
    damaged = []
    for layer in package.layers:
        call.progress(Progress(task="verify", note=layer.entry.path))
        if not layout.is_whole(layer.descriptor):
            damaged.append(layer.entry.path)
    digest = package.descriptor.digest
    verification = check(layout, reference.repo, digest, found)
    call.progress(Progress(task="verify", state="failed" if damaged else "done"))
    return PackageCheck(
        reference=str(reference),
        digest=digest,
        damaged=tuple(damaged),
        signatures=len(attachments(layout, reference.repo, digest)),
        keys=len(found),
        signers=tuple(Signer(name=key.name, fingerprint=key.fingerprint) for key in verification.signers),
        refused=tuple(dict.fromkeys(each.why for each in verification.refused)) if found else (),
    )
