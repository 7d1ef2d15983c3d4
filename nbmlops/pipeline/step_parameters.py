"""The parameters of a step, in the types that the notebook gave them. Step notebooks call this; nobody else needs to.

    from nbmlops import parameters
    trees, start = parameters.typed(trees=(trees, "int"), start=(start, "date"))

Whoever sets a parameter from outside (`nbmlops run`, an engine, plain papermill with `-p`) can only write plain text,
numbers and lists. Here they become dates, paths and tuples; what does not fit is refused in one line.
"""

from __future__ import annotations

from typing import Any

from nbmlops.model.pipeline import Parameter, ParameterType
from nbmlops.pipeline import parameter_types
from nbmlops.pipeline.parameters import fitted

OR_NONE = " or None"


def typed(**given: tuple[Any, str]) -> tuple[Any, ...]:
    """The values in the order in which they are named. Each comes with its type as text: `int`, `date or None`.

    Raises UsageError for a value of another type.
    """
    return tuple(_typed(name, value, words) for name, (value, words) in given.items())


def type_words(parameter: Parameter) -> str:
    return f"{parameter.type}{OR_NONE if parameter.optional else ''}"


def _typed(name: str, value: Any, words: str) -> Any:
    type_ = ParameterType(words.removesuffix(OR_NONE))
    parameter = Parameter(name=name, type=type_, optional=words.endswith(OR_NONE))
    found = fitted(parameter, value)
    if type_ is ParameterType.FLOAT and isinstance(value, int):
        return value  # `rate: float = 1` is 1 in the notebook, too
    if found is None or type_ not in parameter_types.MODULES:
        return found
    made = parameter_types.value(type_, found)
    # What is right already stays as it is: a time zone may say more than its text.
    return value if type(value) is type(made) else made
