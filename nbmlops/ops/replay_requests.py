"""What two revisions answer to requests that were logged: a sample, asked of both before callers are switched."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from typing import Any

import msgspec

from nbmlops.deploy import client
from nbmlops.deploy.folder import DeploymentFolder
from nbmlops.errors import UnavailableError
from nbmlops.model.deployment import Spec
from nbmlops.ops.compare_answers import PATH, distance, model_of, told
from nbmlops.ops.logged_requests import Logged, sample
from nbmlops.serve.replayed import REPLAYED
from nbmlops.serve.signature import describe

SECONDS = 2.0
"""After which no further request is asked."""
_ONE_SECONDS = 10.0
"""For the answer to one."""
_MOST_EXAMPLES = 3
_LONGEST = 80
_PREDICTION = "prediction"


class Differing(msgspec.Struct, frozen=True, kw_only=True):
    """A row that the two answer differently."""

    inputs: dict[str, Any]
    old: Any
    new: Any


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    requests: int = 0
    """That the old one has answered again."""
    rows: int = 0
    """Of them, that both have answered."""
    differing: int = 0
    """Rows."""
    largest: float = 0.0
    """Difference between two numbers."""
    otherwise: int = 0
    """Rows that differ in something else than a number."""
    refused: int = 0
    """Requests that the old one answers and the new one does not."""
    why: str = ""
    """The first time."""
    left_out: int = 0
    """Rows with values that are not kept, which cannot be asked again."""
    examples: tuple[Differing, ...] = ()
    """Those that differ most, without what is not kept."""


def replay_requests(folder: DeploymentFolder, spec: Spec, new: int) -> Replayed | None:
    """None where nothing was logged, or no revision answers yet."""
    if not spec.stable or not folder.requests.is_dir():
        return None
    old = describe(model_of(folder, spec, spec.stable)).signature
    drawn = sample(folder.requests, old, describe(model_of(folder, spec, new)).signature, spec.redacted)
    if not drawn.requests and not drawn.left_out:
        return None
    return _Asking(folder, spec, new).all(drawn.requests, drawn.left_out)


class _Asking:
    def __init__(self, folder: DeploymentFolder, spec: Spec, new: int) -> None:
        self._spec = spec
        self._token = folder.token()
        self._new = new

    def all(self, requests: tuple[Logged, ...], left_out: int) -> Replayed:
        until = time.monotonic() + SECONDS
        answered = rows = refused = 0
        why = ""
        found: list[tuple[bool, float, Differing]] = []
        for number, logged in enumerate(requests):
            if time.monotonic() > until:
                break
            old = self._asked(logged, self._spec.stable, number)
            if isinstance(old, str):
                continue
            answered += 1
            new = self._asked(logged, self._new, number)
            if isinstance(new, str):
                refused += 1
                why = why or new
                continue
            for inputs, one, other in _pairs(logged, old[0], new[0]):
                rows += 1
                apart = distance(one, other)
                if not apart.is_same:
                    found.append((apart.is_otherwise, apart.number, self._shown(inputs, one, other)))
        # Answers that are others altogether first, then those that are furthest apart.
        found.sort(key=lambda each: each[:2], reverse=True)
        return Replayed(
            requests=answered,
            rows=rows,
            differing=len(found),
            largest=max((each[1] for each in found), default=0.0),
            otherwise=sum(each[0] for each in found),
            refused=refused,
            why=why,
            left_out=left_out,
            examples=tuple(each[2] for each in found[:_MOST_EXAMPLES]),
        )

    def _asked(self, logged: Logged, revision: int, number: int) -> tuple[Any] | str:
        """Its predictions, or why there are none."""
        try:
            answer = client.request(
                self._spec,
                self._token,
                PATH,
                logged.body,
                revision=revision,
                request_id=f"{REPLAYED}{number}",
                seconds=_ONE_SECONDS,
            )
        except UnavailableError as error:
            return error.message
        if answer.status != 200:
            return told(answer.body)
        return (msgspec.json.decode(answer.body)["predictions"],)

    def _shown(self, inputs: dict[str, Any], old: Any, new: Any) -> Differing:
        hidden = self._spec.redacted
        return Differing(inputs=_brief(inputs), old=_brief(_without(old, hidden)), new=_brief(_without(new, hidden)))


def _pairs(logged: Logged, old: Any, new: Any) -> Iterator[tuple[dict[str, Any], Any, Any]]:
    """Row by row where both have answered so, else the request as one row."""
    count = len(logged.rows)
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new) == count:
        yield from zip(logged.rows, old, new, strict=True)
    else:
        yield (logged.rows[0] if count == 1 else {}), old, new


def _without(answer: Any, hidden: Collection[str]) -> Any:
    if _PREDICTION in hidden and not isinstance(answer, dict):
        return None
    if isinstance(answer, list):
        return [_without(each, hidden) for each in answer]
    return {name: value for name, value in answer.items() if name not in hidden} if isinstance(answer, dict) else answer


def _brief(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _brief(inner) for name, inner in value.items()}
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
