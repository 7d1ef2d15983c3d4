"""What a project asks of a package before it uses it: `nbmlops-policy.yaml`.

    signed: [keys/team.pub]      # by one of these keys, named from the policy's folder; true: by any key that is known
    provenance: true             # signed, and made by nbmlops
    data: known                  # all that it learnt from is named by digest, and so is the data in the package
    certificate: EQUIVALENT      # the pipeline computes what its notebook computed
    metrics:
      accuracy: ">= 0.9"
    pickles: trusted             # only from a signer who is trusted with them; refuse: none at all
    secrets: refuse

What the file does not say is not asked. `check` gives a finding for each thing that is not as asked.
"""

from __future__ import annotations

import difflib
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.model.certificate import Verdict
from nbmlops.package.trust.keys import PublicKey, load_public
from nbmlops.package.trust.pickles import Pickle
from nbmlops.package.trust.provenance import Facts as Provenance
from nbmlops.package.trust.provenance import Material
from nbmlops.package.trust.secrets import Secret

NAME = "nbmlops-policy.yaml"
_MOST_BYTES = 64 << 10
_MOST_NAMED = 20
_BOUND = re.compile(r"\s*(>=|<=|==|>|<)\s*(-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*")
_COMPARED: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    metric: str
    sign: str
    value: float
    line: int

    def holds(self, value: float) -> bool:
        return _COMPARED[self.sign](value, self.value)


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    place: str
    """Where it was read from, for what is said about it."""
    signed: bool = False
    keys: tuple[str, ...] = ()
    """Files of public keys, one of which has to have signed; empty: any that is known."""
    provenance: bool = False
    data: bool = False
    certificate: bool = False
    metrics: tuple[Bound, ...] = ()
    pickles: str = ""
    """`refuse`, `trusted`, or nothing."""
    secrets: bool = False
    lines: dict[str, int] = {}
    """Where each rule stands, from 1."""


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


def load(path: Path) -> Policy:
    """Raises NotFoundError; UsageError with the line for what is no policy."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise NotFoundError(f"There is no policy {path}.", kind="policy-missing") from None
    if len(data) > _MOST_BYTES:
        raise _refused(str(path), 1, f"it is larger than {_MOST_BYTES >> 10} KiB")
    return read(data.decode("utf-8", "replace"), place=path.name)


def read(text: str, *, place: str = NAME) -> Policy:
    """Raises UsageError with the line for what is no policy."""
    rules, line_of = _rules(text, place)
    fields: dict[str, Any] = {}
    for rule, value in rules.items():
        line = line_of(rule)
        if rule == "signed":
            fields |= _signed(value, place, line)
        elif rule == "metrics":
            fields["metrics"] = tuple(_bounds(value, place, line))
        elif rule == "provenance":
            fields["provenance"] = _one_of(rule, value, {True: True, False: False}, place, line)
        elif rule == "data":
            fields["data"] = _one_of(rule, value, {"known": True}, place, line)
        elif rule == "certificate":
            fields["certificate"] = _one_of(rule, value, {Verdict.EQUIVALENT.value: True}, place, line)
        elif rule == "pickles":
            fields["pickles"] = _one_of(rule, value, {"refuse": "refuse", "trusted": "trusted"}, place, line)
        elif rule == "secrets":
            fields["secrets"] = _one_of(rule, value, {"refuse": True}, place, line)
        else:
            close = difflib.get_close_matches(str(rule), _CHECKS, n=1)
            known = f"do you mean {close[0]}?" if close else f"there are {', '.join(_CHECKS)}"
            raise _refused(place, line, f"there is no rule {str(rule)!r}; {known}")
    return Policy(place=place, lines={rule: line_of(rule) for rule in rules}, **fields)


def load_keys(policy: Policy, folder: Path) -> tuple[PublicKey, ...]:
    """The keys that it names, from the folder of its file. Raises what `load_public` raises."""
    return tuple(load_public(folder / each) for each in policy.keys)


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
        hint = "Say that this signer may send pickles, if you know them."
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


def _rules(text: str, place: str) -> tuple[Mapping[Any, Any], Callable[[Any], int]]:
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        found = YAML(typ="rt", pure=True).load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        why = " ".join(str(error.problem or error.context).split())
        # A sign without quotes begins a text of many lines in YAML.
        hint = "; write bounds in quotes" if re.search(r":\s*>=?", text) else ""
        raise _refused(place, mark.line + 1 if mark is not None else 1, f"it is no YAML: {why}{hint}") from error
    except (YAMLError, RecursionError, ValueError) as error:
        raise _refused(place, 1, f"it is no YAML: {' '.join(str(error).split())[:200]}") from error
    if found is None:
        return {}, lambda _: 1
    if not isinstance(found, CommentedMap):
        raise _refused(place, 1, "it is no list of rules")
    return found, lambda rule: int(found.lc.key(rule)[0]) + 1


def _signed(value: Any, place: str, line: int) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"signed": value}
    keys = [value] if isinstance(value, str) else value
    if not isinstance(keys, list) or not keys or not all(isinstance(each, str) and each for each in keys):
        raise _refused(place, line, "signed is true, false or a list of files of public keys")
    return {"signed": True, "keys": tuple(str(each) for each in keys)}


def _bounds(value: Any, place: str, line: int) -> Iterator[Bound]:
    if not isinstance(value, Mapping) or not value:
        raise _refused(place, line, 'metrics is a mapping, as in accuracy: ">= 0.9"')
    for metric, text in value.items():
        at = int(value.lc.key(metric)[0]) + 1  # type: ignore[attr-defined]
        match = _BOUND.fullmatch(text) if isinstance(text, str) else None
        if match is None or not math.isfinite(float(match[2])):
            raise _refused(place, at, f'{metric} is bounded by a sign and a number in quotes, as in ">= 0.9"')
        yield Bound(metric=str(metric), sign=match[1], value=float(match[2]), line=at)


def _one_of(rule: str, value: Any, known: Mapping[Any, Any], place: str, line: int) -> Any:
    for name, meaning in known.items():
        # 1 is no `true` here.
        if (type(name) is type(value) and name == value) or (isinstance(value, str) and name == str(value)):
            return meaning
    names = " or ".join(str(name).lower() if isinstance(name, bool) else str(name) for name in known)
    raise _refused(place, line, f"{rule} is {names}")


def _finding(policy: Policy, rule: str, asked: str, found: str, hint: str, *, line: int | None = None) -> Finding:
    place = f"{policy.place}:{line or policy.lines[rule]}"
    return Finding(rule=rule, asked=asked, found=found, hint=hint, place=place)


def _listed(names: Sequence[str], last: str = "and") -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"


def _refused(place: str, line: int, why: str) -> UsageError:
    return UsageError(f"{place}:{line}: {why}.", kind="policy-malformed", place=place, line=line)
