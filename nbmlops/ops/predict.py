"""`predict`: ask a deployment.

predict wine                                  its own input example
predict wine -d '[{"alcohol": 13.2, "ash": 2.1}]'
predict wine -d rows.csv
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec

from nbmlops.deploy import client
from nbmlops.deploy.folder import folder_of
from nbmlops.errors import ExternalError, NotFoundError, StateError, UnavailableError, UsageError
from nbmlops.model.deployment import Spec
from nbmlops.ops.call import Call
from nbmlops.ops.compare_answers import PATH, example_of
from nbmlops.ops.fields import option, positional

_FORMS = frozenset({"dataframe_split", "dataframe_records", "instances", "inputs"})
JSON = "application/json"
_MOST_BYTES = 64 << 20


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, positional("The deployment.")]
    data: Annotated[
        str,
        option("A file (.json, .csv), or JSON itself. Default: the model's input example.", short="d", metavar="DATA"),
    ] = ""
    revision: Annotated[int, option("Ask this one, in place of the one whose turn it is.", metavar="N")] = 0


class Result(msgspec.Struct, frozen=True, kw_only=True):
    predictions: Any
    revision: int
    """That has answered."""
    seconds: float


def predict(call: Call, request: Request) -> Result:
    """Raises NotFoundError, UsageError for data that is none or that the model refuses, StateError where the
    deployment is stopped, UnavailableError where it does not answer, ExternalError where the model fails.
    """
    folder = folder_of(call.project.layout.folder, request.name)
    spec = folder.spec()
    if not spec.is_wanted:
        raise StateError(
            f"{spec.name} is stopped.", kind="deployment-stopped", hint=f"Start it: nbmlops deploy --name {spec.name}"
        )
    if request.data:
        path, kind, body = _read(call, request.data, spec)
    else:
        path, kind, body = PATH, JSON, example_of(folder, spec, request.revision or _asked(spec))
        if not body:
            raise UsageError(
                f"The model of {spec.name} has no input example.", kind="example-missing", hint="Send data with -d."
            )
    answer = client.request(spec, folder.token(), path, body, kind, revision=request.revision)
    if answer.status != 200:
        raise _refused(spec, answer.status, answer.body)
    return Result(predictions=_predictions(answer.body), revision=answer.revision, seconds=answer.seconds)


def _asked(spec: Spec) -> int:
    if not spec.stable:
        raise StateError(f"{spec.name} has no revision that answers.", kind="no-revision")
    return spec.stable


def _read(call: Call, data: str, spec: Spec) -> tuple[str, str, bytes]:
    """Where it goes, as what, and the body."""
    if data.lstrip()[:1] in ("{", "["):
        return _as_asked(data.encode(), "The data", spec)
    file: Path = call.path(data)
    try:
        size = file.stat().st_size
        if size > _MOST_BYTES:
            raise UsageError(
                f"{file} is longer than {_MOST_BYTES >> 20} MiB.", kind="data-too-large", hint="Send it in parts."
            )
        body = file.read_bytes()
    except OSError:
        raise NotFoundError(f"There is no file {file}, and it is no JSON.", kind="data-missing") from None
    return (PATH, "text/csv", body) if file.suffix.lower() == ".csv" else _as_asked(body, str(file), spec)


def _as_asked(body: bytes, what: str, spec: Spec) -> tuple[str, str, bytes]:
    """Whoever speaks MLflow's protocol is left alone; a record, records and rows are put into words of one."""
    try:
        found = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise UsageError(f"{what} is no JSON: {error}.", kind="data-malformed") from error
    if isinstance(found, dict):
        if found.keys() & _FORMS:
            return PATH, JSON, body
        if any(isinstance(each, list) for each in found.values()):
            return PATH, JSON, msgspec.json.encode({"inputs": found})
        found = [found]
    if isinstance(found, list) and found and isinstance(found[0], dict):
        return PATH, JSON, msgspec.json.encode({"dataframe_records": found})
    # Rows without names are taken in the model's order by this protocol only.
    return f"/v1/models/{spec.name}:predict", JSON, msgspec.json.encode({"instances": found})


def _predictions(body: bytes) -> Any:
    try:
        found = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return body.decode("utf-8", "replace")
    return found.get("predictions", found) if isinstance(found, dict) else found


def _refused(spec: Spec, status: int, body: bytes) -> Exception:
    try:
        told = msgspec.json.decode(body)
        text = str(told.get("message") or told.get("error") or told) if isinstance(told, dict) else str(told)
    except msgspec.DecodeError:
        text = body[:300].decode("utf-8", "replace")
    if status in (400, 413, 415, 422):
        return UsageError(f"{spec.name} refuses the data: {text}", kind="input-refused")
    if status == 404:
        return NotFoundError(text, kind="revision-missing", hint=f"See nbmlops deployments {spec.name}")
    if status in (429, 503):
        return UnavailableError(f"{spec.name} does not answer now: {text}", kind="deployment-busy")
    return ExternalError(
        f"{spec.name} has failed: {text}", kind="prediction-failed", hint=f"See nbmlops logs {spec.name}"
    )
