"""What a project asks of a package before it uses it: `nbmlops-policy.yaml`.

    signed: [keys/team.pub]      # by one of these keys, named from the policy's folder; true: by any key that is known
    provenance: true             # signed, and made by nbmlops
    data: known                  # all that it learnt from is named by digest, and so is the data in the package
    certificate: EQUIVALENT      # the pipeline computes what its notebook computed
    metrics:
      accuracy: ">= 0.9"
    pickles: trusted             # only from a signer who is trusted with them; refuse: none at all
    secrets: refuse

What the file does not say is not asked.
"""

from __future__ import annotations

import difflib
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.model.certificate import Verdict
from nbmlops.package.trust.keys import PublicKey, load_public

NAME = "nbmlops-policy.yaml"
_MOST_BYTES = 64 << 10
RULES = ("signed", "provenance", "data", "certificate", "metrics", "pickles", "secrets")
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
            close = difflib.get_close_matches(str(rule), RULES, n=1)
            known = f"do you mean {close[0]}?" if close else f"there are {', '.join(RULES)}"
            raise _refused(place, line, f"there is no rule {str(rule)!r}; {known}")
    return Policy(place=place, lines={rule: line_of(rule) for rule in rules}, **fields)


def load_keys(policy: Policy, folder: Path) -> tuple[PublicKey, ...]:
    """The keys that it names, from the folder of its file. Raises what `load_public` raises."""
    return tuple(load_public(folder / each) for each in policy.keys)


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


def _refused(place: str, line: int, why: str) -> UsageError:
    return UsageError(f"{place}:{line}: {why}.", kind="policy-malformed", place=place, line=line)
