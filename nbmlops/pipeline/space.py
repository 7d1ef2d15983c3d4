"""What a sweep may try: `lr=loguniform(1e-4, 1e-1)`, `trees=int(10, 200, 10)`, `model=choice(rf, gb)`.

>>> read_space(pipeline, ["lr=loguniform(1e-4, 1e-1)"])["lr"].low
0.0001
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import msgspec

from nbmlops.errors import UsageError
from nbmlops.model.pipeline import Parameter, ParameterType, Pipeline
from nbmlops.pipeline.parameters import checked, unknown_parameter

EXAMPLE = "Write it as --space 'lr=loguniform(1e-4, 1e-1)', 'n=int(1, 9)' or 'model=choice(rf, gb)'."


class Kind(StrEnum):
    UNIFORM = "uniform"
    LOGUNIFORM = "loguniform"
    INT = "int"
    LOGINT = "logint"
    CHOICE = "choice"


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """The values that one parameter may have."""

    kind: Kind
    low: float = 0.0
    high: float = 0.0
    step: int = 1
    values: tuple[Any, ...] = ()

    def grid(self, name: str) -> tuple[Any, ...]:
        """All of them. Raises UsageError where there is no end of them."""
        if self.kind is Kind.CHOICE:
            return self.values
        if self.kind is Kind.INT:
            return tuple(range(int(self.low), int(self.high) + 1, self.step))
        raise UsageError(
            f"A grid needs single values, and {name} is {self.kind}.",
            kind="space-endless",
            hint=f"Name them: --space '{name}=choice(...)', or take --sampler random.",
        )


def read_space(pipeline: Pipeline, texts: Iterable[str]) -> dict[str, Range]:
    """Raises UsageError for unknown parameters, what is no range, and values that the parameter may not have."""
    known = {parameter.name: parameter for parameter in pipeline.parameters}
    found: dict[str, Range] = {}
    for text in texts:
        name, equals, rest = text.partition("=")
        name = name.strip()
        if name not in known:
            raise unknown_parameter(pipeline, name) if equals or name.isidentifier() else _malformed(text)
        if name in found:
            raise UsageError(f"The space of {name} is given twice.", kind="space-malformed", hint="Give it once.")
        given = _read(rest, text) if equals else _remembered(known[name])
        found[name] = _checked(known[name], given, text)
    if not found:
        raise UsageError("There is nothing to try.", kind="space-malformed", hint=EXAMPLE)
    return found


def _remembered(parameter: Parameter) -> Range:
    """Of a name alone: its choices, else its range, else what was tried in the notebook."""
    if parameter.choices:
        return Range(kind=Kind.CHOICE, values=parameter.choices)
    low, high = parameter.minimum, parameter.maximum
    if parameter.type in (ParameterType.INT, ParameterType.FLOAT) and low is not None and high is not None:
        kind = Kind.INT if parameter.type is ParameterType.INT else Kind.UNIFORM
        return Range(kind=kind, low=float(low), high=float(high))
    if parameter.tried:
        return Range(kind=Kind.CHOICE, values=parameter.tried)
    raise UsageError(
        f"Nothing is known of what {parameter.name} may be.",
        kind="space-unknown",
        hint=f"Say it: --space '{parameter.name}=choice(...)', or write `choices` into pipeline.yaml.",
    )


def _read(rest: str, text: str) -> Range:
    try:
        call = ast.parse(rest.strip(), mode="eval").body
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.keywords:
            raise ValueError
        kind = Kind(call.func.id)
        values = tuple(_value(each) for each in call.args)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise _malformed(text) from None
    if kind is Kind.CHOICE:
        return Range(kind=kind, values=values)
    numbers = all(isinstance(value, int | float) and math.isfinite(value) for value in values)
    if not numbers or not 2 <= len(values) <= (3 if kind is Kind.INT else 2):
        raise _malformed(text)
    step = int(values[2]) if len(values) == 3 else 1
    return Range(kind=kind, low=float(values[0]), high=float(values[1]), step=step)


def _checked(parameter: Parameter, given: Range, text: str) -> Range:
    if given.kind is Kind.CHOICE:
        if not given.values:
            raise _malformed(text)
        return msgspec.structs.replace(given, values=tuple(checked(parameter, value) for value in given.values))
    is_whole = given.kind in (Kind.INT, Kind.LOGINT)
    checked(parameter, int(given.low) if is_whole else given.low + 0.5 * (given.high - given.low))
    is_positive = given.low > 0 or given.kind not in (Kind.LOGUNIFORM, Kind.LOGINT)
    if given.low >= given.high or given.step < 1 or not is_positive:
        raise UsageError(
            f"{text!r} is an empty range.",
            kind="space-malformed",
            hint="The first number is the smaller one; of a logarithmic range it is above 0.",
        )
    return given


def _value(node: ast.expr) -> Any:
    """A literal; a bare word stands for itself."""
    if isinstance(node, ast.Name):
        return {"true": True, "false": False, "null": None, "none": None}.get(node.id.lower(), node.id)
    return ast.literal_eval(node)


def _malformed(text: str) -> UsageError:
    return UsageError(f"{text!r} is no space to search.", kind="space-malformed", hint=EXAMPLE)
