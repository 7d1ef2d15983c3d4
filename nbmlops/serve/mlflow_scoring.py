"""MLflow's scoring protocol: what `mlflow models serve` answers, and `mlflow.deployments` asks.

Source: MLflow's documentation, "Local inference server specification". Its own functions read the inputs, so that
whatever is a date, a binary or a nested column there is one here.
"""

from __future__ import annotations

from importlib import metadata
from io import BytesIO, StringIO
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from nbmlops.errors import UsageError
from nbmlops.serve.body import beside, read_body
from nbmlops.serve.model import ServedModel
from nbmlops.serve.replies import JSON, decoded, failing_as
from nbmlops.serve.slot import Slot

PATHS = ("/ping", "/health", "/version")
CSV = "text/csv"
PARQUET = "application/vnd.apache.parquet"


def routes(slot: Slot) -> list[Route]:
    answers = failing_as(lambda message, kind: {"error_code": kind.upper().replace("-", "_"), "message": message})

    @answers
    async def ping(request: Request) -> Response:
        return PlainTextResponse("\n", 200 if slot.is_ready else 503)

    @answers
    async def version(request: Request) -> Response:
        return PlainTextResponse(_mlflow_version())

    @answers
    async def invocations(request: Request) -> Response:
        model = slot.model
        body = await read_body(request, model.limits.seconds)
        content_type = request.headers.get("content-type", "")
        if model.estimator is not None and _kind(content_type) == JSON:
            rows = await beside(len(body), model.estimator.columns.read, body)
            if rows is not None:
                return Response(_written(await model.score(rows)), media_type=JSON)
        return Response(await model.aside(_scored, model, body, content_type), media_type=JSON)

    return [
        Route("/ping", ping),
        Route("/health", ping),
        Route("/version", version),
        Route("/invocations", invocations, methods=["POST"]),
    ]


def _mlflow_version() -> str:
    """Without importing it."""
    for name in ("mlflow-skinny", "mlflow"):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return "none"


def _scored(model: ServedModel, body: bytes, content_type: str) -> bytes:
    data, params = _read(model, body, content_type)
    return _written(model.predict(data, params))


def _written(predicted: Any) -> bytes:
    """As MLflow writes it, but for NaN and infinities: they are null, since JSON has none."""
    if hasattr(predicted, "to_frame"):
        predicted = predicted.to_frame()
    if hasattr(predicted, "to_dict") and hasattr(predicted, "columns"):
        predicted = predicted.to_dict(orient="records")
    return msgspec.json.encode({"predictions": predicted}, enc_hook=_plain)


def _plain(value: Any) -> Any:
    """Arrays, and the scalars of NumPy and pandas."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value)


def _read(model: ServedModel, body: bytes, content_type: str) -> tuple[Any, dict[str, Any] | None]:
    """Raises UsageError for a type that is not known, and for data that is not of its type."""
    from mlflow.exceptions import MlflowException
    from mlflow.pyfunc.scoring_server import infer_and_parse_data, parse_csv_input, parse_parquet_input

    kind = _kind(content_type)
    schema = model.long_way.pyfunc.metadata.get_input_schema()
    try:
        if kind == CSV:
            return parse_csv_input(StringIO(body.decode("utf-8")), schema), None
        if kind == PARQUET:
            return parse_parquet_input(BytesIO(body)), None
        if kind != JSON:
            raise _unknown(content_type)
        asked = decoded(body)
        if not isinstance(asked, dict):
            raise UsageError("The request is no JSON object.", kind="request-malformed")
        params = asked.pop("params", None)
        if params is not None and not isinstance(params, dict):
            raise UsageError("The request's params are no JSON object.", kind="request-malformed")
        return infer_and_parse_data(asked, schema), params
    except MlflowException as error:
        raise UsageError(str(error.message).partition("\n")[0][:300], kind="request-malformed") from error
    except (ValueError, TypeError, KeyError, OSError) as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(f"The request's data is no {kind}.", kind="request-malformed") from error


def _kind(content_type: str) -> str:
    """Raises UsageError for parameters that ask for another way of reading."""
    kind, *parameters = (part.strip().lower() for part in content_type.split(";"))
    if any(parameter.replace('"', "") not in ("", "charset=utf-8") for parameter in parameters):
        raise _unknown(content_type)
    return kind


def _unknown(content_type: str) -> UsageError:
    return UsageError(
        f"The content type {content_type[:100]!r} is not known.",
        kind="content-type-unknown",
        hint=f"Send {JSON}, {CSV} or {PARQUET}.",
    )
