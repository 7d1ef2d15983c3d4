"""What two revisions answer to the same request: the model's input example."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.deploy import client
from nbmlops.deploy.folder import DeploymentFolder
from nbmlops.errors import ExternalError, UnavailableError
from nbmlops.model.deployment import Spec
from nbmlops.serve.replayed import REPLAYED

EXAMPLE = "serving_input_example.json"
PATH = "/invocations"
_NUMBER = f"{REPLAYED}example"
_ROUNDING = 1e-9


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """The new revision's input example, asked of it and of the one that answers now."""

    asked: bool
    """False: the model has no input example."""
    seconds: float = 0.0
    """Until the new one had answered."""
    answers: int = 0
    """That both gave."""
    differing: int = 0
    largest: float = 0.0
    """Difference between two numbers."""
    otherwise: int = 0
    """Of those that differ, in something else than a number."""
    old_problem: str = ""
    """Why the old one gave none."""


class Distance(msgspec.Struct, frozen=True):
    """Between two answers."""

    is_same: bool
    """But for rounding."""
    number: float = 0.0
    """The greatest between two numbers."""
    is_otherwise: bool = False
    """They differ in something that is no number."""


def example_of(folder: DeploymentFolder, spec: Spec, number: int) -> bytes:
    """A request's body; empty where the model has none."""
    file = model_of(folder, spec, number) / EXAMPLE
    return file.read_bytes() if file.is_file() else b""


def model_of(folder: DeploymentFolder, spec: Spec, number: int) -> Path:
    """The folder of a revision's MLflow model."""
    revision = spec.revision(number)
    assert revision is not None
    return folder.files(number) / revision.model


def replay(folder: DeploymentFolder, spec: Spec, new: int) -> Replay:
    """Raises ExternalError where the new revision does not answer its own example."""
    body = example_of(folder, spec, new)
    if not body:
        return Replay(asked=False)
    token = folder.token()
    answer = client.request(spec, token, PATH, body, revision=new, request_id=_NUMBER)
    if answer.status != 200:
        raise ExternalError(
            f"Revision {new} of {spec.name} does not answer its own input example: {told(answer.body)}",
            kind="example-refused",
            hint=f"See nbmlops logs {spec.name} --revision {new}",
        )
    if not spec.stable:
        return Replay(asked=True, seconds=answer.seconds)
    try:
        old = client.request(spec, token, PATH, body, revision=spec.stable, request_id=_NUMBER)
    except UnavailableError as error:
        return Replay(asked=True, seconds=answer.seconds, old_problem=error.message)
    if old.status != 200:
        return Replay(asked=True, seconds=answer.seconds, old_problem=told(old.body))
    left, right = _flat(msgspec.json.decode(old.body)), _flat(msgspec.json.decode(answer.body))
    distances = [distance(a, b) for a, b in zip(left, right, strict=False)]
    unpaired = abs(len(left) - len(right))
    return Replay(
        asked=True,
        seconds=answer.seconds,
        answers=len(distances),
        differing=sum(not each.is_same for each in distances) + unpaired,
        largest=max((each.number for each in distances), default=0.0),
        otherwise=sum(each.is_otherwise for each in distances) + unpaired,
    )


def distance(left: Any, right: Any) -> Distance:
    """Between two answers, each as it was decoded from JSON."""
    ones, others = _flat(left), _flat(right)
    pairs = list(zip(ones, others, strict=False))
    numbers = [abs(a - b) for a, b in pairs if _is_number(a) and _is_number(b)]
    is_otherwise = len(ones) != len(others) or any(a != b for a, b in pairs if not (_is_number(a) and _is_number(b)))
    return Distance(
        is_same=not is_otherwise and all(_is_same(a, b) for a, b in pairs),
        number=max(numbers, default=0.0),
        is_otherwise=is_otherwise,
    )


def told(body: bytes) -> str:
    """Why there is no answer, as it was said."""
    return body[:300].decode("utf-8", "replace")


def _flat(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [each for inner in value.values() for each in _flat(inner)]
    if isinstance(value, list):
        return [each for inner in value for each in _flat(inner)]
    return [value]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_same(left: Any, right: Any) -> bool:
    if _is_number(left) and _is_number(right):
        return math.isclose(left, right, rel_tol=_ROUNDING, abs_tol=_ROUNDING)
    return bool(left == right)
