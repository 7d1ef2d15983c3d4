"""What a policy finds wrong with a package on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nbmlops.errors import NotFoundError
from nbmlops.ops.call import Call
from nbmlops.ops.package_files import files
from nbmlops.ops.trusted_keys import trusted_keys
from nbmlops.package.layout import Layout
from nbmlops.package.opened import Opened
from nbmlops.package.reference import Reference
from nbmlops.package.trust.evidence import evidence
from nbmlops.package.trust.keys import PublicKey
from nbmlops.package.trust.pickles import Pickle, pickles
from nbmlops.package.trust.policy import NAME, Policy
from nbmlops.package.trust.policy_check import Finding, check
from nbmlops.package.trust.provenance import Material
from nbmlops.package.trust.secrets import Secret, scan_stream
from nbmlops.package.trust.verifying import verify


def policy_file(call: Call, given: str, *, is_needed: bool) -> Path | None:
    """The one that is named, else the folder's own. Raises NotFoundError where it is needed and there is none."""
    if given:
        return call.path(given)
    path = call.path(NAME)
    if path.is_file():
        return path
    if is_needed:
        raise NotFoundError(
            f"There is no policy {path}.", kind="policy-missing", hint="Write one, or name it with --policy FILE."
        )
    return None


def findings(
    layout: Layout, reference: Reference, package: Opened, policy: Policy, trusted: Sequence[PublicKey]
) -> tuple[Finding, ...]:
    """What is not as asked. `trusted`: the policy's own keys, and others that the user names."""
    loaded, secrets = _searched(layout, package, policy)
    verification = verify(layout, reference.repo, package.descriptor.digest, trusted)
    own = {each.fingerprint for each in trusted_keys()} if policy.pickles == "trusted" else set()
    facts = evidence(
        verification,
        trusts_pickles=any(each.fingerprint in own for each in verification.signers),
        data=_data(package),
        metrics=_metrics(package),
        pickles=loaded,
        secrets=secrets,
    )
    return check(policy, facts, trusted)


def _searched(layout: Layout, package: Opened, policy: Policy) -> tuple[tuple[Pickle, ...], tuple[Secret, ...]]:
    """Only what the policy asks about is searched."""
    found: list[Pickle] = []
    secrets: list[Secret] = []
    if policy.pickles or policy.secrets:
        for _, path, content in files(layout, package):
            # One reading cannot be shared: either looks at a file from its beginning.
            if policy.pickles:
                found += pickles(path, content)
            else:
                secrets += scan_stream(path, content).secrets
        if policy.pickles and policy.secrets:
            for _, path, content in files(layout, package):
                secrets += scan_stream(path, content).secrets
    return tuple(found), tuple(secrets)


def _data(package: Opened) -> tuple[Material, ...]:
    """Files of data by the digests that the Kitfile gives them: packed, in a package of their own, or in a bucket."""
    return tuple(
        Material(
            name=each.path,
            digest=each.remote_hash if "://" in each.remote_path else str(_of(each.parameters, "blake3") or ""),
        )
        for each in package.kitfile.datasets
    )


def _metrics(package: Opened) -> dict[str, float]:
    """As the Kitfile has them, in the shape of `kit import mlflow://`."""
    model = package.kitfile.model
    found = _of(_of(model.parameters, "mlflow_provenance"), "mlflow_metrics") if model is not None else None
    if not isinstance(found, dict):
        return {}
    return {str(name): float(value) for name, value in found.items() if isinstance(value, int | float)}


def _of(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None
