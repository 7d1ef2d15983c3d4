"""What ran and what its replay did: where do they differ? Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from nbmlops.model.cell import Execution
from nbmlops.model.replay import ReplayDifference

TOLERANCE = 1e-9
"""Largest relative difference at which two figures count as equal."""
_ADDRESS = re.compile(r"0x[0-9a-f]{6,}")
_OURS = re.compile(r"%(?:mlops\b|(?:re)?load_ext\s+nbmlops\b)")
"""Cells in which we speak ourselves, of runs and folders that a replay has others of."""
_CLOCK = re.compile(r"^(?:CPU times|Wall time|Peak memory).*$|^.*\bper loop \(mean.*$", re.MULTILINE)
"""What `%%time` and `%%timeit` print: of one process, different each time, and no result."""
_SHELL = re.compile(r"^\s*(?:!|%(?:ls|pwd|env)\b|%%(?:bash|sh|script|system)\b)", re.MULTILINE)
"""What a shell command shows is the machine's: a listing of a folder that holds other files too, a date."""
_MEASURED = re.compile(r"(?:^|_)(?:seconds|secs|time|duration|ms|elapsed)$")
"""Names of figures that a clock gave."""
_COMPARED = ("text/plain", "image/png", "image/svg+xml", "application/json")
_LONGEST = 200

Outputs = Sequence[Mapping[str, Any]]


def compare_cells(
    executions: Sequence[Execution],
    replayed: Sequence[Execution],
    shown: Mapping[str, Outputs],
    shown_again: Mapping[str, Outputs],
) -> tuple[ReplayDifference, ...]:
    """Outcomes and outputs, cell by cell. `shown` and `shown_again` are outputs by id of execution."""
    found = []
    for number, before in enumerate(executions, 1):
        after = replayed[number - 1] if number <= len(replayed) else None
        if after is None:
            found.append(_difference(number, before, "outcome", str(before.outcome), "not executed"))
            break
        if before.outcome is not after.outcome:
            why = f"{after.failure.error}: {after.failure.message}" if after.failure is not None else str(after.outcome)
            found.append(_difference(number, before, "outcome", str(before.outcome), why))
        elif not _OURS.search(before.source):
            pair = first_difference(comparable(shown.get(before.id, ())), comparable(shown_again.get(after.id, ())))
            if pair is not None:
                found.append(_difference(number, before, "output", *pair))
    return tuple(found)


def compare_figures(
    kind: str, before: Mapping[str, float], after: Mapping[str, float], *, cell: int, source: str, tolerance: float
) -> tuple[ReplayDifference, ...]:
    found = []
    for name in sorted(name for name in before if not _MEASURED.search(name)):
        expected, actual = before[name], after.get(name)
        if actual is None or not _is_close(expected, actual, tolerance):
            text = "none" if actual is None else f"{actual!r}"
            found.append(_made(cell, f"{kind} {name}", f"{expected!r}", text, source))
    return tuple(found)


def compare_texts(
    kind: str, before: Mapping[str, str], after: Mapping[str, str], *, cell: int, source: str
) -> tuple[ReplayDifference, ...]:
    return tuple(
        _made(cell, f"{kind} {name}", before[name], after.get(name, "none"), source)
        for name in sorted(before)
        if before[name] != after.get(name)
    )


def comparable(outputs: Outputs) -> list[tuple[str, str]]:
    """Kind and text of what counts: neither times nor addresses, warnings or pages with ids of their own."""
    found: list[tuple[str, str]] = []
    for output in outputs:
        kind = output.get("output_type")
        if kind == "stream":
            if output.get("name") == "stdout":
                text = _plain(output.get("text", ""))
                if found and found[-1][0] == "printed":
                    found[-1] = ("printed", found[-1][1] + text)
                elif text.strip():
                    found.append(("printed", text))
        elif kind == "error":
            found.append(("error", f"{output.get('ename')}: {_plain(str(output.get('evalue')))}"))
        else:
            data = output.get("data", {})
            found += [(media, _plain(_text(data[media]))) for media in _COMPARED if media in data]
    return found


def first_difference(before: list[tuple[str, str]], after: list[tuple[str, str]]) -> tuple[str, str] | None:
    """The first lines that differ, shortened; None when everything is the same."""
    for position in range(max(len(before), len(after))):
        left = before[position] if position < len(before) else ("", "nothing")
        right = after[position] if position < len(after) else ("", "nothing")
        if left != right:
            if left[0] == right[0] and left[0].startswith("image/"):
                return f"a picture ({left[0]})", "another picture"
            return _first_lines(left[1], right[1])
    return None


def in_order(differences: Sequence[ReplayDifference]) -> tuple[ReplayDifference, ...]:
    """By cell; what the cell computed before what it showed, before what was made of it."""
    order = {"outcome": 0, "value": 1, "output": 2, "file": 3}
    return tuple(sorted(differences, key=lambda each: (each.cell, order.get(each.what.partition(" ")[0], 4))))


def _first_lines(left: str, right: str) -> tuple[str, str]:
    lefts, rights = left.splitlines(), right.splitlines()
    for a, b in zip(lefts, rights, strict=False):
        if a != b:
            return a.strip()[:_LONGEST], b.strip()[:_LONGEST]
    longer = lefts[len(rights) :] or rights[len(lefts) :]
    extra = longer[0].strip()[:_LONGEST] if longer else ""
    return (extra, "nothing more") if len(lefts) > len(rights) else ("nothing more", extra)


def _difference(number: int, execution: Execution, what: str, expected: str, actual: str) -> ReplayDifference:
    made = _made(number, what, expected, actual, execution.source)
    return msgspec.structs.replace(made, counts=not (what == "output" and _SHELL.search(execution.source)))


def _made(cell: int, what: str, expected: str, actual: str, source: str) -> ReplayDifference:
    text = source.strip()
    line = text.splitlines()[0][:80] if text else ""
    return ReplayDifference(cell=cell, what=what, expected=expected[:_LONGEST], actual=actual[:_LONGEST], source=line)


def _is_close(left: float, right: float, tolerance: float) -> bool:
    if math.isnan(left) or math.isnan(right):
        return math.isnan(left) and math.isnan(right)
    return math.isclose(left, right, rel_tol=tolerance, abs_tol=tolerance * 1e-3)


def _plain(text: str) -> str:
    return _CLOCK.sub("", _ADDRESS.sub("0x", text))


def _text(value: Any) -> str:
    return "".join(value) if isinstance(value, list) else str(value)
