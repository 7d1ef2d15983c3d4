"""What a sweep may try, as it is typed."""

from __future__ import annotations

from typing import Any

import pytest

from nbmlops.errors import UsageError
from nbmlops.model.pipeline import Parameter, ParameterType, Pipeline
from nbmlops.pipeline.space import Kind, Range, read_space

PIPELINE = Pipeline(
    name="wine",
    notebook="wine.ipynb",
    steps=(),
    parameters=(
        Parameter(name="lr", type=ParameterType.FLOAT, default=0.1),
        Parameter(name="n", type=ParameterType.INT, default=3),
        Parameter(name="model", type=ParameterType.STR, default="rf"),
        Parameter(name="depth", type=ParameterType.INT, default=None, optional=True),
    ),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lr=uniform(0, 1)", Range(kind=Kind.UNIFORM, low=0, high=1)),
        ("lr = loguniform(1e-4, 1e-1)", Range(kind=Kind.LOGUNIFORM, low=1e-4, high=1e-1)),
        ("lr=uniform(-1, 1)", Range(kind=Kind.UNIFORM, low=-1, high=1)),
        ("n=int(1, 9)", Range(kind=Kind.INT, low=1, high=9)),
        ("n=int(10, 50, 10)", Range(kind=Kind.INT, low=10, high=50, step=10)),
        ("n=logint(1, 1000)", Range(kind=Kind.LOGINT, low=1, high=1000)),
        ("model=choice(rf, 'gb', svc)", Range(kind=Kind.CHOICE, values=("rf", "gb", "svc"))),
        ("depth=choice(3, none)", Range(kind=Kind.CHOICE, values=(3, None))),
        ("lr=choice(1, 0.5)", Range(kind=Kind.CHOICE, values=(1.0, 0.5))),
    ],
)
def test_ranges_and_choices(text: str, expected: Range) -> None:
    (found,) = read_space(PIPELINE, [text]).values()
    assert found == expected


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        ([], "space-malformed"),
        (["lr"], "space-unknown"),
        (["1-2"], "space-malformed"),
        (["lr=0.1"], "space-malformed"),
        (["lr=uniform(1)"], "space-malformed"),
        (["lr=uniform(1, 0)"], "space-malformed"),
        (["lr=uniform(0, inf)"], "space-malformed"),
        (["lr=loguniform(0, 1)"], "space-malformed"),
        (["lr=__import__('os')"], "space-malformed"),
        (["lr=uniform(low=0, high=1)"], "space-malformed"),
        (["model=choice()"], "space-malformed"),
        (["lr=uniform(0, 1)", "lr=uniform(0, 2)"], "space-malformed"),
        (["rl=uniform(0, 1)"], "parameter-unknown"),
        (["n=uniform(0.1, 0.5)"], "parameter-ill-typed"),
        (["model=int(1, 3)"], "parameter-ill-typed"),
        (["n=choice(a, b)"], "parameter-ill-typed"),
    ],
)
def test_what_is_no_space_is_refused_before_anything_runs(texts: list[str], kind: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_space(PIPELINE, texts)
    assert caught.value.kind == kind


def test_a_grid_is_of_single_values() -> None:
    space = read_space(PIPELINE, ["n=int(1, 7, 3)", "depth=choice(2, none)", "lr=uniform(0, 1)"])
    grids: dict[str, Any] = {name: each.grid(name) for name, each in space.items() if name != "lr"}
    assert grids == {"n": (1, 4, 7), "depth": (2, None)}
    with pytest.raises(UsageError, match="A grid needs single values, and lr is uniform"):
        space["lr"].grid("lr")


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        (Parameter(name="n", type=ParameterType.INT, choices=(1, 2), tried=(3, 4)), ("choice", (1, 2))),
        (Parameter(name="n", type=ParameterType.FLOAT, minimum=0, maximum=1, tried=(0.1, 0.2)), ("uniform", (0, 1))),
        (Parameter(name="n", type=ParameterType.INT, minimum=1, maximum=9), ("int", (1, 9))),
        (Parameter(name="n", type=ParameterType.STR, tried=("a", "b")), ("choice", ("a", "b"))),
    ],
)
def test_a_name_alone_takes_what_the_pipeline_knows(parameter: Parameter, expected: tuple[str, Any]) -> None:
    pipeline = Pipeline(name="wine", notebook="wine.ipynb", steps=(), parameters=(parameter,))
    found = read_space(pipeline, ["n"])["n"]
    assert (found.kind, found.values or (found.low, found.high)) == expected
