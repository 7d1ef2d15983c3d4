"""Whether a step runs, and for which items: what its `when` and `foreach` rest on, and what follows for later steps.

A name in an expression is a value that the step takes, else a parameter, else a value of the step that gives it last
before. So a step waits for the values that it names there, as for those that it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from posixpath import normpath
from typing import Any

import msgspec

from nbmlops.lib.redact import MARK, is_secret_name
from nbmlops.model.pipeline import Pipeline, Step
from nbmlops.pipeline.expressions import evaluate, names, parse, shown
from nbmlops.pipeline.fan_out import items_of, parse_foreach

OUTCOME = ("status", "failed_step", "error")
"""Names that an exit step's condition may use: how the run went."""
Handed = Callable[[str, str], Any]
"""The value that a step gave: (step, name)."""


def named(step: Step) -> tuple[str, ...]:
    """Names in the step's expressions. Raises ValueError, in one line, for one that cannot be read."""
    found: list[str] = []
    if step.when:
        try:
            found += names(parse(step.when))
        except ValueError as error:
            raise ValueError(f"`when: {step.when}`: {error}") from None
    if step.foreach:
        try:
            found += names(parse_foreach(step.foreach)[1])
        except ValueError as error:
            raise ValueError(f"`foreach: {step.foreach}`: {error}") from None
    return tuple(dict.fromkeys(found))


def givers(steps: Mapping[str, Step], step: Step, parameters: Container[str]) -> dict[str, str]:
    """By name in the step's expressions, the step that gives it; parameters and the outcome are not among them.

    Raises ValueError for a name that nobody gives, and for one that several steps give of which none comes last.
    """
    found = {}
    taken = {take.name: take.step for take in step.takes}
    for name in named(step):
        if name in taken:
            found[name] = taken[name]
        elif name not in parameters and not (step.exit and name in OUTCOME):
            found[name] = _giver(steps, step, name)
    return found


def with_needs(pipeline: Pipeline) -> Pipeline:
    """The same pipeline in which each step also needs the steps whose values its expressions name."""
    steps = {step.name: step for step in pipeline.steps}
    parameters = {each.name for each in pipeline.parameters}
    made = []
    for step in pipeline.steps:
        more = [] if step.exit else givers(steps, step, parameters).values()
        needs = tuple(dict.fromkeys((*step.needs, *more)))
        made.append(msgspec.structs.replace(step, needs=needs) if needs != step.needs else step)
    return msgspec.structs.replace(pipeline, steps=tuple(made))


def rests_on(steps: Mapping[str, Step], step: Step, other: str, parameters: Container[str]) -> bool:
    """Whether a step needs what another one makes, a value or a file; otherwise it only comes after it."""
    if any(take.step == other for take in step.takes) or other in givers(steps, step, parameters).values():
        return True
    return bool({normpath(path) for path in step.reads} & {normpath(path) for path in steps[other].writes})


def why_not(steps: Mapping[str, Step], step: Step, values: Mapping[str, Any], handed: Handed) -> str:
    """Why the step's condition leaves it out; empty where it shall run.

    Raises ValueError, in one line, where the condition cannot be decided.
    """
    if not step.when:
        return ""
    tree = parse(step.when)
    found = _values(steps, step, names(tree), values, handed)
    try:
        if evaluate(tree, found):
            return ""
    except ValueError as error:
        raise ValueError(f"`when: {step.when}`: {error}") from None
    said = [f"{name} is {MARK if is_secret_name(name) else shown(value)}" for name, value in found.items()]
    return f"when: {step.when} is false{': ' if said else ''}{', '.join(said)}"


def items(steps: Mapping[str, Step], step: Step, values: Mapping[str, Any], handed: Handed) -> tuple[str, list[Any]]:
    """The item's name, and the items for which the step runs. Raises ValueError in one line."""
    item, tree = parse_foreach(step.foreach)
    try:
        return item, items_of(evaluate(tree, _values(steps, step, names(tree), values, handed)))
    except ValueError as error:
        raise ValueError(f"`foreach: {step.foreach}`: {error}") from None


def _values(
    steps: Mapping[str, Step], step: Step, wanted: tuple[str, ...], values: Mapping[str, Any], handed: Handed
) -> dict[str, Any]:
    origin = givers(steps, step, values)
    return {name: handed(origin[name], name) if name in origin else values[name] for name in wanted}


def _giver(steps: Mapping[str, Step], step: Step, name: str) -> str:
    giving = [each for each in steps.values() if any(name in give.names for give in each.gives) and each is not step]
    if not giving:
        raise ValueError(f"{name} is no parameter, and no step gives it")
    before = _before(steps, step)
    among = [each.name for each in giving if each.name in before] or [each.name for each in giving]
    # The one that comes after all the others has the last word.
    last = [each for each in among if set(among) - {each} <= _before(steps, steps[each])]
    if len(last) != 1:
        raise ValueError(f"{name} is given by {', '.join(among)}: let the step take it from one of them")
    return last[0]


def _before(steps: Mapping[str, Step], step: Step) -> set[str]:
    found: set[str] = set()
    waiting = [step]
    while waiting:
        each = waiting.pop()
        for need in (*each.needs, *(take.step for take in each.takes)):
            if need not in found and need in steps:
                found.add(need)
                waiting.append(steps[need])
    return found
