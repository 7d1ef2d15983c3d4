"""What of a package is not as the policy asks.

check(policy, evidence(verify(layout, repo, digest, keys)), keys)
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from nbmlops.model.certificate import Verdict
from nbmlops.package.trust.keys import PublicKey
from nbmlops.package.trust.pickles import Pickle
from nbmlops.package.trust.policy import Policy
from nbmlops.package.trust.provenance import Facts as Provenance
from nbmlops.package.trust.provenance import Material
from nbmlops.package.trust.secrets import Secret

_MOST_NAMED = 20


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a package. Only what is under a signature that holds should be in `provenance`."""

    signers: tuple[PublicKey, ...] = ()
    refused: tuple[str, ...] = ()
    """Why other signatures do not hold."""
    provenance: Provenance | None = None
    data: tuple[Material, ...] = ()
    """Data in the package itself."""
    metrics: Mapping[str, float] = {}
    pickles: tuple[Pickle, ...] = ()
    trusts_pickles: bool = False
    """Whether the user has said that pickles of this signer may be loaded."""
    secrets: tuple[Secret, ...] = ()


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    rule: str
    asked: str
    found: str
    hint: str
    place: str
    """Of the rule: the policy's file and line."""

    def __str__(self) -> str:
        return f"{self.place}: {self.rule} asks for {self.asked}, but {self.found}. {self.hint}"


def check(policy: Policy, facts: Facts, keys: Sequence[PublicKey] = ()) -> tuple[Finding, ...]:
    """What is not as asked; nothing where all is. `keys` are those that the policy names."""
    return tuple(finding for rule in policy.lines for finding in _CHECKS[rule](policy, facts, keys))


def _check_signed(policy: Policy, facts: Facts, keys: Sequence[PublicKey]) -> Iterator[Finding]:
    allowed = {each.fingerprint for each in keys}
    if not policy.signed or any(not policy.keys or each.fingerprint in allowed for each in facts.signers):
        return
    if facts.signers:
        found = f"it is signed by {_listed([each.name or each.fingerprint[:12] for each in facts.signers])}"
    elif facts.refused:
        found = f"none of its signatures holds: {facts.refused[0]}"
    else:
        found = "it is not signed"
    asked = f"a signature by {_listed(policy.keys, 'or')}" if policy.keys else "a signature"
    yield _finding(policy, "signed", asked, found, "Have it signed, or add the key of its signer.")


def _check_provenance(policy: Policy, facts: Facts, keys: Sequence[PublicKey]) -> Iterator[Finding]:
    if policy.provenance and facts.provenance is None:
        yield _finding(
            policy, "provenance", "signed provenance", "there is none", "Pack and sign it with nbmlops again."
        )


def _check_data(policy: Policy, facts: Facts, keys: Sequence[PublicKey]) -> Iterator[Finding]:
    if not policy.data:
        return
    asked, hint = "data known by digest", "Run it again with capture on and pack that run."
    if facts.provenance is None or not facts.provenance.data:
        yield _finding(policy, "data", asked, "nothing says what it learnt from", hint)
        return
    known = {each.digest for each in facts.provenance.data if each.digest}
    unknown = [each.name for each in facts.provenance.data if not each.digest]
    unknown += [each.name for each in facts.data if each.digest not in known]
    if unknown:
        yield _finding(policy, "data", asked, f"there is no digest of {_listed(unknown)} in its provenance", hint)


def _check_certificate(policy: Policy, facts: Facts, keys: Sequence[PublicKey]) -> Iterator[Finding]:
    if not policy.certificate or (facts.provenance is not None and facts.provenance.is_equivalent):
        return
    verdict = facts.provenance.verdict if facts.provenance is not None else ""
    found = f"its verdict is {verdict}" if verdict else "there is none in its provenance"
    yield _finding(
        policy,
        "certificate",
        f"a certificate that says {Verdict.EQUIVALENT.value}",
        found,
        "Compare the pipeline with its notebook, and pack it again.",
    )


def _check_metrics(policy: Policy, facts: Facts, keys: Sequence[PublicKey]) -> Iterator[Finding]:
    for bound in policy.metrics:
        value = facts.metrics.get(bound.metric)
        if value is not None and bound.holds(value):
            continue
        close = difflib.get_close_matches(bound.metric, facts.metrics, n=1)
        hint = f"Do you mean {close[0]}?" if value is None and close else "Use another version of the model."
        found = f"there is no metric {bound.metric}" if value is None else f"it is {value:g}"
        asked = f"{bound.metric} {bound.sign} {bound.value:g}"
        yield _finding(policy, "metrics", asked, found, hint, line=bound.line)


def _check_pickles(policy: Policy, facts: Facts, keys: Sequence[PublicKey]) -> Iterator[Finding]:
    if not policy.pickles or (policy.pickles == "trusted" and facts.trusts_pickles and facts.signers):
        return
    # What skops writes is no program, but the classes that it names may be anybody's.
    named = [each for each in facts.pickles if each.is_pickle or each.dangerous or not each.is_whole]
    asked = "no pickles" if policy.pickles == "refuse" else "pickles of trusted signers only"
    hint = "Save the model in another format, such as skops or safetensors."
    if policy.pickles == "trusted":
        hint = "If you know its signer, trust their key: nbmlops trust KEY.pub"
    for each in named[:_MOST_NAMED]:
        found = f"there is {each.path}"
        if each.dangerous:
            found += f", which imports {_listed([one.name for one in each.dangerous[:3]])}"
        elif not each.is_whole:
            found += f", which cannot be looked through: {each.why}"
        yield _finding(policy, "pickles", asked, found, hint)
    if len(named) > _MOST_NAMED:
        yield _finding(policy, "pickles", asked, f"there are {len(named) - _MOST_NAMED} more", hint)


def _check_secrets(policy: Policy, facts: Facts, keys: Sequence[PublicKey]) -> Iterator[Finding]:
    if not policy.secrets:
        return
    asked, hint = "no secrets", "Take it out, leave the file out with .kitignore, and change the secret."
    for each in facts.secrets[:_MOST_NAMED]:
        place = f"{each.path}:{each.line}" if each.line else each.path
        yield _finding(policy, "secrets", asked, f"{place} holds a {each.kind}", hint)
    if len(facts.secrets) > _MOST_NAMED:
        found = f"there are {len(facts.secrets) - _MOST_NAMED} more"
        yield _finding(policy, "secrets", asked, found, hint)


_CHECKS: dict[str, Callable[[Policy, Facts, Sequence[PublicKey]], Iterator[Finding]]] = {
    "signed": _check_signed,
    "provenance": _check_provenance,
    "data": _check_data,
    "certificate": _check_certificate,
    "metrics": _check_metrics,
    "pickles": _check_pickles,
    "secrets": _check_secrets,
}


def _finding(policy: Policy, rule: str, asked: str, found: str, hint: str, *, line: int | None = None) -> Finding:
    place = f"{policy.place}:{line or policy.lines[rule]}"
    return Finding(rule=rule, asked=asked, found=found, hint=hint, place=place)


def _listed(names: Sequence[str], last: str = "and") -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"
