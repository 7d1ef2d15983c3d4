from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import msgspec
import pytest

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.model.pipeline import Parameter, ParameterType, Pipeline
from nbmlops.pipeline.parameters import defaults, read_value, values, values_in

PIPELINE = Pipeline(
    name="wine",
    notebook="wine.ipynb",
    steps=(),
    parameters=(
        Parameter(name="trees", type=ParameterType.INT, default=100),
        Parameter(name="rate", type=ParameterType.FLOAT, default=0.1),
        Parameter(name="depth", type=ParameterType.INT, default=None, optional=True),
        Parameter(name="path", type=ParameterType.STR, default="a.csv"),
    ),
)


def test_assignments_become_typed_values() -> None:
    found = values(PIPELINE, ["trees=50", " rate =1", "depth=None", "path=a=b c"])
    assert found == {"trees": 50, "rate": 1.0, "depth": None, "path": "a=b c"}
    assert type(found["rate"]) is float
    assert defaults(PIPELINE) == {"trees": 100, "rate": 0.1, "depth": None, "path": "a.csv"}


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("int", "-3", -3),
        ("int", "1e3", 1000),
        ("int", " 7 ", 7),
        ("float", "inf", math.inf),
        ("float", "-inf", -math.inf),
        ("float", "1", 1.0),
        ("bool", "true", True),
        ("bool", " False ", False),
        ("str", "007", "007"),
        ("str", "None", "None"),
        ("str", "", ""),
        ("list", "[1, 'a']", [1, "a"]),
        ("dict", "{'a': [1]}", {"a": [1]}),
        ("tuple", "(1, 2)", (1, 2)),
        ("tuple", "1, 2", (1, 2)),
        ("tuple", "[1, 2]", (1, 2)),
        ("none", "None", None),
        ("none", "null", None),
        ("none", "some words", "some words"),
        ("none", "3", 3),
        ("date", "2024-01-31", "2024-01-31"),
        ("date", "2024-01-31T00:00", "2024-01-31"),
        ("datetime", "2024-01-31 12:30", "2024-01-31T12:30:00"),
        ("timestamp", "2024-01-31", "2024-01-31T00:00:00"),
        ("path", "other.csv", "other.csv"),
    ],
)
def test_a_text_is_read_as_its_parameter_says(kind: str, text: str, expected: Any) -> None:
    value = read_value(Parameter(name="p", type=ParameterType(kind)), text)
    assert (value, type(value)) == (expected, type(expected))


def test_nan_is_a_float() -> None:
    assert math.isnan(read_value(Parameter(name="p", type=ParameterType.FLOAT), "NaN"))


def test_an_optional_text_may_be_none() -> None:
    parameter = Parameter(name="p", type=ParameterType.STR, optional=True)
    assert (read_value(parameter, "None"), read_value(parameter, "none")) == (None, "none")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("int", "1.5"),
        ("int", "True"),
        ("int", "many"),
        ("int", "inf"),
        ("int", "None"),
        ("int", ""),
        ("float", "1j"),
        ("float", "False"),
        ("float", "1" + "0" * 400),
        ("bool", "1"),
        ("bool", "yes"),
        ("list", "(1, 2)"),
        ("dict", "{[1]: 2}"),
        ("dict", "{1, 2}"),
        ("tuple", "__import__('os')"),
        ("list", "[" * 500),
        ("date", "tomorrow"),
        ("date", "2024-01-31T12:30"),
        ("datetime", "31.1.2024"),
        ("path", ""),
    ],
)
def test_a_text_that_does_not_fit_is_refused_with_the_default(kind: str, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_value(Parameter(name="p", type=ParameterType(kind), default=3), text)
    assert caught.value.kind == "parameter-ill-typed"
    assert caught.value.message.startswith(f"Parameter p is {kind}, not ")
    assert caught.value.hint.startswith("Its default is 3")


@pytest.mark.parametrize(
    ("assignment", "kind", "text"),
    [
        ("tres=5", "parameter-unknown", "Pipeline wine has no parameter 'tres'. Did you mean trees?"),
        (
            "zzz=5",
            "parameter-unknown",
            "Pipeline wine has no parameter 'zzz'. It has: depth, path, rate, trees.",
        ),
        ("trees", "parameter-malformed", "'trees' does not say what to set. Write it as -p NAME=VALUE."),
        ("depth=x", "parameter-ill-typed", "Parameter depth is int or None, not 'x'. Its default is None."),
    ],
)
def test_a_wrong_assignment_is_refused_with_what_would_be_right(assignment: str, kind: str, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        values(PIPELINE, [assignment])
    assert (caught.value.kind, str(caught.value)) == (kind, text)


def test_a_parameter_given_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="Parameter trees is given twice"):
        values(PIPELINE, ["trees=1", "trees=1"])


def test_a_file_has_typed_values(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("trees: 50  # fewer\nrate: 1\ndepth: null\npath: b.csv\n")
    found = values_in(PIPELINE, path)
    assert found == {"trees": 50, "rate": 1.0, "depth": None, "path": "b.csv"}
    assert type(found["rate"]) is float
    path.write_text('{"trees": 7}')
    assert values_in(PIPELINE, path) == {"trees": 7}


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("tres: 5", "parameter-unknown", "no parameter 'tres'"),
        ("trees: many", "parameter-ill-typed", "trees is int, not 'many'"),
        ("trees: true", "parameter-ill-typed", "trees is int, not True"),
        ("- 5", "parameters-malformed", "holds no parameters"),
        ("", "parameters-malformed", "holds no parameters"),
        ("trees: [", "parameters-malformed", "params.yaml, line 1, cannot be read as YAML"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_in_one_line(tmp_path: Path, text: str, kind: str, words: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        values_in(PIPELINE, path)
    assert caught.value.kind == kind
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"There is no .*params\.yaml"):
        values_in(PIPELINE, tmp_path / "params.yaml")


def test_a_file_may_have_dates_as_yaml_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("start: 2024-01-31\nend: 2024-02-01 12:30:00\n")
    parameters = (
        Parameter(name="start", type=ParameterType.DATE, default="2024-01-01"),
        Parameter(name="end", type=ParameterType.DATETIME, default=None, optional=True),
    )
    pipeline = msgspec.structs.replace(PIPELINE, parameters=parameters)
    assert values_in(pipeline, path) == {"start": "2024-01-31", "end": "2024-02-01T12:30:00"}


@pytest.mark.parametrize(
    ("parameter", "text", "words"),
    [
        (
            Parameter(name="model", type=ParameterType.STR, default="rf", choices=("rf", "svc")),
            "svm",
            "Parameter model is one of 'rf', 'svc', not 'svm'. Did you mean svc?",
        ),
        (
            Parameter(name="lr", type=ParameterType.FLOAT, default=0.1, minimum=0, maximum=1),
            "1.5",
            "Parameter lr is at most 1.0, not 1.5. Its default is 0.1; its range is in pipeline.yaml.",
        ),
        (
            Parameter(name="lr", type=ParameterType.FLOAT, default=0.1, minimum=0),
            "nan",
            "Parameter lr is at least 0.0, not nan. Its default is 0.1; its range is in pipeline.yaml.",
        ),
        (
            Parameter(name="start", type=ParameterType.DATE, default="2024-02-01", minimum="2024-01-31"),
            "2024-01-30",
            "Parameter start is at least 2024-01-31, not 2024-01-30.",
        ),
        (
            Parameter(name="n", type=ParameterType.INT, default=None, optional=True, choices=(1, None)),
            "2",
            "Parameter n is one of 1, None, not 2.",
        ),
    ],
)
def test_a_value_outside_of_what_is_allowed_is_refused(parameter: Parameter, text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_value(parameter, text)
    assert str(caught.value).startswith(words)


def test_values_inside_of_what_is_allowed_are_taken() -> None:
    assert read_value(Parameter(name="n", type=ParameterType.INT, choices=(1, None), optional=True), "None") is None
    assert read_value(Parameter(name="n", type=ParameterType.FLOAT, choices=(1, 2)), "2") == 2.0
    assert read_value(Parameter(name="n", type=ParameterType.INT, minimum=0, maximum=3), "3") == 3
