"""KServe's first protocol: `POST /v1/models/NAME:predict` with `{"instances": [...]}`."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.serve.body import beside, read_body
from nbmlops.serve.model import ServedModel
from nbmlops.serve.replies import decoded, failing_as, json_reply
from nbmlops.serve.slot import Slot


class Prediction(msgspec.Struct, kw_only=True):
    instances: list[Any]


def routes(slot: Slot) -> list[Route]:
    answers = failing_as(lambda message, kind: {"error": message})

    def named(name: str) -> ServedModel:
        if name != slot.name:
            raise NotFoundError(f"There is no model {name} here, but {slot.name}.", kind="model-not-found")
        return slot.model

    @answers
    async def models(request: Request) -> Response:
        return json_reply({"models": [slot.name]})

    @answers
    async def ready(request: Request) -> Response:
        model = named(request.path_params["model"])
        return json_reply({"name": model.name, "ready": slot.is_ready}, 200 if slot.is_ready else 503)

    @answers
    async def predict(request: Request) -> Response:
        name, colon, verb = request.path_params["model"].rpartition(":")
        if not colon or verb != "predict":
            raise NotFoundError(f"A model does not {verb[:50]!r} here.", kind="verb-not-found")
        model = named(name)
        body = await read_body(request, model.limits.seconds)
        asked = await beside(len(body), decoded, body, Prediction)
        if model.estimator is not None:
            rows = await beside(len(body), model.estimator.columns.of_rows, asked.instances)
            if rows is not None:
                return json_reply({"predictions": _listed(await model.score(rows))})
        return json_reply({"predictions": await model.aside(_predicted, model, asked.instances)})

    return [
        Route("/v1/models", models),
        Route("/v1/models/{model}", ready),
        Route("/v1/models/{model}", predict, methods=["POST"]),
    ]


def _predicted(model: ServedModel, instances: list[Any]) -> Any:
    """Records, rows of a table with columns, or an array."""
    import numpy as np
    import pandas as pd

    names = [each.name for each in model.signature.inputs] if model.signature.has_columns else []
    try:
        if instances and all(isinstance(each, dict) for each in instances):
            data: Any = pd.DataFrame(instances)
        elif names:
            # pandas fills short rows up.
            if any(not isinstance(each, list) or len(each) != len(names) for each in instances):
                raise ValueError
            data = pd.DataFrame(instances, columns=names)
        else:
            data = np.array(instances)
    except ValueError as error:
        raise UsageError("The instances are not of one shape.", kind="input-refused") from error
    return _listed(model.predict(data))


def _listed(predicted: Any) -> Any:
    if hasattr(predicted, "to_dict") and hasattr(predicted, "columns"):
        return predicted.to_dict(orient="records")
    return predicted.tolist() if hasattr(predicted, "tolist") else predicted
