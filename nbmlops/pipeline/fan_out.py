"""A step that runs once for each item of a list: `foreach: seed in seeds`.

    item, items = parse_foreach("seed in seeds")    # "seed", an expression
    instance(step, 1, "seed")                       # the step `train.1`, executed as 03-train.1.ipynb

Instances share the step's notebook and differ in one parameter. What they give lies in a folder each; a step that takes
from all of them gets lists, in the order of the items.
"""

from __future__ import annotations

import ast
from pathlib import PurePosixPath
from typing import Any

import msgspec

from nbmlops.model.pipeline import Step
from nbmlops.pipeline.expressions import parse, shown

MOST_ITEMS = 1000


def parse_foreach(text: str) -> tuple[str, ast.expr]:
    """The item's name and the expression of the list. Raises ValueError in one line."""
    tree = parse(text)
    match tree:
        case ast.Compare(left=ast.Name(id=item), ops=[ast.In()], comparators=[items]):
            return item, items
    raise ValueError("it is not of the form `NAME in LIST`")


def items_of(value: Any) -> list[Any]:
    """Raises ValueError, in one line, for what is no list, or too long a one."""
    if not isinstance(value, list | tuple):
        raise ValueError(f"{shown(value)} is no list")
    if len(value) > MOST_ITEMS:
        raise ValueError(f"{len(value):,} items are more than {MOST_ITEMS:,}")
    return list(value)


def instance(step: Step, number: int, item: str) -> Step:
    parameters = step.parameters if item in step.parameters else (*step.parameters, item)
    return msgspec.structs.replace(step, name=f"{step.name}.{number}", parameters=parameters, when="", foreach="")


def base_of(name: str) -> str:
    """The step that an instance is one of; any other name is its own. Names of steps have no dots."""
    return name.partition(".")[0]


def executed_as(notebook: str, name: str) -> str:
    """Path of the executed notebook, relative to the run's folder, of a step or an instance."""
    number = name.partition(".")[2]
    path = PurePosixPath(notebook)
    return str(path.with_name(f"{path.stem}.{number}{path.suffix}")) if number else notebook
