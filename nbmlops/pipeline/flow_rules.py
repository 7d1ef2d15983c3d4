"""What must hold of conditions, fan-outs and exit steps of a pipeline before anything runs."""

from __future__ import annotations

from nbmlops.errors import UsageError
from nbmlops.lib.sizes import bytes_of
from nbmlops.model.pipeline import Pipeline, Step
from nbmlops.pipeline.carriers import CARRIERS
from nbmlops.pipeline.conditions import givers
from nbmlops.pipeline.expressions import names, parse
from nbmlops.pipeline.fan_out import parse_foreach

_STATES = {carrier.variable for carrier in CARRIERS.values()}


def check_flow(pipeline: Pipeline, place: str) -> None:
    """Raises UsageError with one line that names the step."""
    steps = {step.name: step for step in pipeline.steps}
    parameters = {each.name for each in pipeline.parameters}
    for step in pipeline.steps:
        where = f"{place}: step {step.name}"
        try:
            found = givers(steps, step, parameters)
        except ValueError as error:
            raise _refusal(f"{where}: {error}", "expression-malformed", _HINT) from None
        for name, giver in found.items():
            if steps[giver].exit:
                raise _refusal(f"{where} names {name}, which comes from the exit step {giver}", "exit-not-last")
        _check_foreach(steps, step, where)
        _check_exit(steps, step, where)
        try:
            bytes_of(step.memory or "0")
        except ValueError as error:
            raise _refusal(f"{where}: memory: {error}", "memory-malformed", "Write it like 512MiB or 2GiB.") from None


_HINT = "It may name parameters and values of earlier steps, compare them, and use and, or, not, in and len()."


def _check_foreach(steps: dict[str, Step], step: Step, where: str) -> None:
    if step.foreach:
        item, items = parse_foreach(step.foreach)
        if item in names(items):
            raise _refusal(f"{where}: the item {item} stands in the list that it comes from", "foreach-malformed")
        if step.when and item in names(parse(step.when)):
            raise _refusal(
                f"{where}: `when` names {item}, which `foreach` sets only afterwards",
                "foreach-malformed",
                "The condition is for the step as a whole: leave the items out of the list instead.",
            )
        if step.exit:
            raise _refusal(f"{where} cannot be an exit step and run for each item", "foreach-malformed")
    for take in step.takes:
        if steps[take.step].foreach and take.name in _STATES:
            raise _refusal(
                f"{where} goes on with random numbers of {take.step}, which runs for each item",
                "foreach-random",
                "Set a seed in the step, and take that line out of its `takes` and its notebook.",
            )


def _check_exit(steps: dict[str, Step], step: Step, where: str) -> None:
    for need in (*step.needs, *(take.step for take in step.takes)):
        if steps[need].exit:
            raise _refusal(
                f"{where} needs {need}, which is an exit step: it runs after all others",
                "exit-not-last",
                f"Take `exit` from {need}, or the need from {step.name}.",
            )


def _refusal(message: str, kind: str, hint: str = "") -> UsageError:
    return UsageError(f"{message}.", kind=kind, hint=hint)
