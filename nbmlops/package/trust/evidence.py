"""From signatures to what a policy is asked about: only what a signature that holds says counts."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from nbmlops.errors import IntegrityError
from nbmlops.package.trust import provenance, statement
from nbmlops.package.trust.pickles import Pickle
from nbmlops.package.trust.policy_check import Facts
from nbmlops.package.trust.secrets import Secret
from nbmlops.package.trust.verifying import Verification


def evidence(
    verification: Verification,
    *,
    data: tuple[provenance.Material, ...] = (),
    metrics: Mapping[str, float] | None = None,
    pickles: tuple[Pickle, ...] = (),
    trusts_pickles: bool = False,
    secrets: tuple[Secret, ...] = (),
) -> Facts:
    """`verification` has to be made with the keys that the policy allows and no others.

    The rest comes from the package, which the signature covers.
    """
    return Facts(
        signers=verification.signers,
        refused=tuple(each.why for each in verification.refused),
        provenance=last_provenance(verification),
        data=data,
        metrics=metrics or {},
        pickles=pickles,
        trusts_pickles=trusts_pickles,
        secrets=secrets,
    )


def last_provenance(verification: Verification) -> provenance.Facts | None:
    """The one that was attached last, where several are signed; those of other builders say nothing here."""
    for predicate in reversed(verification.predicates(statement.PROVENANCE)):
        with contextlib.suppress(IntegrityError):
            return provenance.read(predicate)
    return None
