"""Whether a package is what its makers say: its bytes, and the signatures over it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from nbmlops.ops.call import Call, Progress
from nbmlops.ops.package_policy import findings, policy_file
from nbmlops.ops.package_store import opened, store
from nbmlops.ops.signing_key import public_keys
from nbmlops.ops.trusted_model import untrusted_programs
from nbmlops.package.layout import Layout
from nbmlops.package.opened import Opened
from nbmlops.package.reference import Reference
from nbmlops.package.trust.attachments import attachments
from nbmlops.package.trust.policy import load, load_keys
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
    policy: str = ""
    """File of the policy that it was held against."""
    findings: tuple[str, ...] = ()
    """What is not as the policy asks."""
    untrusted: tuple[str, ...] = ()
    """Files that run code when its model is loaded, where nobody whom the user trusts has signed it."""

    @property
    def is_good(self) -> bool:
        return not self.damaged and not self.findings and (bool(self.signers) or not self.keys)


def verify_package(call: Call, name: str, keys: tuple[str, ...], policy: str = "") -> PackageCheck:
    """Raises NotFoundError and IntegrityError for a package, key or policy that is not there or is none.

    Without a key and a policy the folder's own policy counts, where it has one.
    """
    layout = store()
    reference, package = opened(layout, name)
    return checked(call, layout, reference, package, keys, policy_file(call, policy, is_needed=False))


def checked(
    call: Call, layout: Layout, reference: Reference, package: Opened, keys: tuple[str, ...], policy: Path | None
) -> PackageCheck:
    rules = load(policy) if policy is not None else None
    found = public_keys(call, keys)
    if policy is not None and rules is not None:
        found = (*found, *load_keys(rules, policy.parent))
    damaged = []
    for layer in package.layers:
        call.progress(Progress(task="verify", note=layer.entry.path))
        if not layout.is_whole(layer.descriptor):
            damaged.append(layer.entry.path)
    digest = package.descriptor.digest
    verification = check(layout, reference.repo, digest, found)
    said = () if rules is None or damaged else findings(layout, reference, package, rules, found)
    call.progress(Progress(task="verify", state="failed" if damaged or said else "done"))
    return PackageCheck(
        reference=str(reference),
        digest=digest,
        damaged=tuple(damaged),
        signatures=len(attachments(layout, reference.repo, digest)),
        keys=len(found),
        signers=tuple(Signer(name=key.name, fingerprint=key.fingerprint) for key in verification.signers),
        refused=tuple(dict.fromkeys(each.why for each in verification.refused)) if found else (),
        policy=str(policy) if policy is not None else "",
        findings=tuple(str(each) for each in said),
        untrusted=() if damaged else untrusted_programs(layout, reference, package),
    )
