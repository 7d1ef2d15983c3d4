"""Values for a pipeline's parameters: checked against their types before anything runs.

>>> values(pipeline, ["trees=50", "depth=None"])
{'trees': 50, 'depth': None}
"""

from __future__ import annotations

import ast
import difflib
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.model.pipeline import Parameter, ParameterType, Pipeline
from nbmlops.pipeline import parameter_types

_CLASSES: dict[ParameterType, tuple[type, ...]] = {
    ParameterType.INT: (int,),
    ParameterType.FLOAT: (float, int),
    ParameterType.BOOL: (bool,),
    ParameterType.STR: (str,),
    ParameterType.LIST: (list,),
    ParameterType.DICT: (dict,),
    ParameterType.TUPLE: (tuple, list),
    ParameterType.NONE: (type(None), bool, int, float, str, list, dict),
}
_AS_TEXT = frozenset({ParameterType.STR, *parameter_types.MODULES})


def values(pipeline: Pipeline, assignments: Iterable[str]) -> dict[str, Any]:
    """The values of `name=value` texts. Raises UsageError for unknown, duplicate and ill-typed parameters."""
    known = {parameter.name: parameter for parameter in pipeline.parameters}
    found: dict[str, Any] = {}
    for text in assignments:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals:
            raise UsageError(
                f"{text!r} does not say what to set.",
                kind="parameter-malformed",
                hint="Write it as -p NAME=VALUE.",
            )
        if name not in known:
            raise unknown_parameter(pipeline, name)
        if name in found:
            raise UsageError(
                f"Parameter {name} is given twice.", kind="parameter-duplicate", hint="Give each one once."
            )
        found[name] = read_value(known[name], value)
    return found


def values_in(pipeline: Pipeline, path: Path) -> dict[str, Any]:
    """The values in a YAML or JSON file: `name: value` lines. Raises NotFoundError, and UsageError as `values` does."""
    import yaml  # a step's kernel does without

    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFoundError(
            f"There is no {path}.", kind="path-missing", hint="Write `name: value` lines into it.", path=str(path)
        ) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}," if mark else ""
        raise UsageError(
            f"{path}{where} cannot be read as YAML: {getattr(error, 'problem', None) or error}.",
            kind="parameters-malformed",
            hint="Write `name: value` lines.",
        ) from error
    if not isinstance(raw, dict):
        raise UsageError(f"{path} holds no parameters.", kind="parameters-malformed", hint="Write `name: value` lines.")
    known = {parameter.name: parameter for parameter in pipeline.parameters}
    found = {}
    for name, value in raw.items():
        if name not in known:
            raise unknown_parameter(pipeline, str(name))
        found[name] = checked(known[name], value)
    return found


def read_value(parameter: Parameter, text: str) -> Any:
    """The value a text stands for. For text, dates and paths the text itself; else a Python or JSON literal."""
    if parameter.type in _AS_TEXT and not (parameter.optional and text == "None"):
        return checked(parameter, text)
    words = {"true": True, "false": False, "null": None, "none": None}
    figures = {"inf": math.inf, "+inf": math.inf, "-inf": -math.inf, "nan": math.nan}
    word = text.strip().lower()
    try:
        value = {**words, **figures}[word] if word in words or word in figures else ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        if parameter.type is ParameterType.NONE:
            return text
        raise _ill_typed(parameter, text) from None
    return checked(parameter, value)


def checked(parameter: Parameter, value: Any) -> Any:
    """The value in the parameter's own type; a date or a path as text. Raises UsageError when it does not fit."""
    found = fitted(parameter, value)
    if parameter.choices and not any(_is_same(found, fitted(parameter, each)) for each in parameter.choices):
        known = ", ".join(_shown(parameter, each) for each in parameter.choices)
        near = difflib.get_close_matches(str(found), [str(each) for each in parameter.choices], n=1)
        raise UsageError(
            f"Parameter {parameter.name} is one of {known}, not {_shown(parameter, found)}.",
            kind="parameter-choice",
            hint=f"Did you mean {near[0]}?" if near else "Its `choices` are in pipeline.yaml.",
        )
    if found is not None:
        _check_range(parameter, found)
    return found


def fitted(parameter: Parameter, value: Any) -> Any:
    """The value in the parameter's own type, whatever its range. Raises UsageError when it does not fit."""
    if value is None and (parameter.optional or parameter.type is ParameterType.NONE):
        return None
    if parameter.type in parameter_types.MODULES:
        try:
            return parameter_types.plain(parameter.type, value)
        except ValueError:
            raise _ill_typed(parameter, value) from None
    classes = _CLASSES[parameter.type]
    is_stray_bool = isinstance(value, bool) and bool not in classes
    if isinstance(value, float) and parameter.type is ParameterType.INT and value.is_integer():
        return int(value)
    if is_stray_bool or not isinstance(value, classes):
        raise _ill_typed(parameter, value)
    fitting: Any = value
    if parameter.type is ParameterType.FLOAT:
        try:
            return float(fitting)
        except OverflowError:
            raise _ill_typed(parameter, value) from None
    if parameter.type is ParameterType.TUPLE:
        return tuple(fitting)
    return value


def _check_range(parameter: Parameter, value: Any) -> None:
    """ISO text of one type is in the order of time."""
    for limit, word in ((parameter.minimum, "least"), (parameter.maximum, "most")):
        if limit is None:
            continue
        end = fitted(parameter, limit)
        try:
            is_inside = bool(value >= end if word == "least" else value <= end)
        except TypeError:
            raise _ill_typed(parameter, value) from None
        if not is_inside:
            raise UsageError(
                f"Parameter {parameter.name} is at {word} {_shown(parameter, end)}, not {_shown(parameter, value)}.",
                kind="parameter-range",
                hint=f"Its default is {parameter.default!r}; its range is in pipeline.yaml.",
            )


def _is_same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _shown(parameter: Parameter, value: Any) -> str:
    return str(value) if parameter.type in parameter_types.MODULES else repr(value)


def defaults(pipeline: Pipeline) -> dict[str, Any]:
    return {parameter.name: parameter.default for parameter in pipeline.parameters}


def unknown_parameter(pipeline: Pipeline, name: str) -> UsageError:
    known = sorted(parameter.name for parameter in pipeline.parameters)
    near = difflib.get_close_matches(name, known, n=1)
    have = f"It has: {', '.join(known)}." if known else "It has no parameters."
    return UsageError(
        f"Pipeline {pipeline.name} has no parameter {name!r}.",
        kind="parameter-unknown",
        hint=f"Did you mean {near[0]}?" if near else have,
    )


def _ill_typed(parameter: Parameter, value: object) -> UsageError:
    allowed = f"{parameter.type} or None" if parameter.optional else str(parameter.type)
    example = parameter_types.EXAMPLES.get(parameter.type, "")
    return UsageError(
        f"Parameter {parameter.name} is {allowed}, not {value!r}.",
        kind="parameter-ill-typed",
        hint=f"Its default is {parameter.default!r}{f'; write it as {example}' if example else ''}.",
    )
