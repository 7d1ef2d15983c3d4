"""The Open Inference Protocol v2 over REST, which KServe, MLServer and Triton speak too.

Source: inference_rest.md of the protocol's specification.
"""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.serve.body import beside, read_body
from nbmlops.serve.model import ServedModel
from nbmlops.serve.replies import decoded, failing_as, json_reply
from nbmlops.serve.signature import Tensor
from nbmlops.serve.slot import Slot
from nbmlops.serve.tensors import Given, to_input, to_outputs

PATHS = ("/v2/health/live", "/v2/health/ready")
"""That probes ask, without a token."""
SERVER = "nbmlops"


class Wanted(msgspec.Struct, kw_only=True):
    name: str


class Inference(msgspec.Struct, kw_only=True):
    inputs: list[Given]
    id: str = ""
    parameters: dict[str, Any] = {}
    outputs: list[Wanted] = []
    """Empty: all."""


def routes(slot: Slot, server_version: str) -> list[Route]:
    answers = failing_as(lambda message, kind: {"error": message})

    def named(request: Request) -> ServedModel:
        """Raises NotFoundError for another model or version, UnavailableError while it loads."""
        name, version = request.path_params["model"], request.path_params.get("version")
        if name != slot.name:
            raise NotFoundError(f"There is no model {name} here, but {slot.name}.", kind="model-not-found")
        model = slot.model
        if version is not None and version != model.version:
            raise NotFoundError(f"There is no version {version} of {name} here.", kind="version-not-found")
        return model

    @answers
    async def live(request: Request) -> Response:
        return json_reply({"live": True})

    @answers
    async def ready(request: Request) -> Response:
        return json_reply({"ready": slot.is_ready}, 200 if slot.is_ready else 503)

    @answers
    async def server(request: Request) -> Response:
        return json_reply({"name": SERVER, "version": server_version, "extensions": []})

    @answers
    async def metadata(request: Request) -> Response:
        model = named(request)
        return json_reply(
            {
                "name": model.name,
                "versions": [model.version] if model.version else [],
                "platform": model.platform,
                "inputs": [_told(each) for each in model.signature.inputs],
                "outputs": [_told(each) for each in model.signature.outputs],
            }
        )

    @answers
    async def model_ready(request: Request) -> Response:
        model = named(request)
        return json_reply({"name": model.name, "ready": True})

    @answers
    async def infer(request: Request) -> Response:
        model = named(request)
        body = await read_body(request)
        asked = await beside(len(body), decoded, body, Inference)
        if model.estimator is not None and not asked.parameters:
            rows = await beside(len(body), model.estimator.columns.of_tensors, asked.inputs)
            if rows is not None:
                return json_reply(_told_of(model, asked, await model.score(rows)))
        return json_reply(await run_in_threadpool(_inferred, model, asked))

    places = ("/v2/models/{model}", "/v2/models/{model}/versions/{version}")
    return [
        Route("/v2", server),
        Route("/v2/health/live", live),
        Route("/v2/health/ready", ready),
        *(Route(f"{place}/ready", model_ready) for place in places),
        *(Route(f"{place}/infer", infer, methods=["POST"]) for place in places),
        *(Route(place, metadata) for place in places),
    ]


def _inferred(model: ServedModel, asked: Inference) -> dict[str, Any]:
    return _told_of(model, asked, model.predict(to_input(asked.inputs, model.signature), asked.parameters or None))


def _told_of(model: ServedModel, asked: Inference, predicted: Any) -> dict[str, Any]:
    """Raises UsageError for an output that there is none of."""
    outputs = to_outputs(predicted, model.signature.outputs)
    if asked.outputs:
        known = {each["name"]: each for each in outputs}
        if missing := [each.name for each in asked.outputs if each.name not in known]:
            raise UsageError(
                f"The model gives no output {missing[0][:100]!r}, but {', '.join(known)}.", kind="output-unknown"
            )
        outputs = [known[each.name] for each in asked.outputs]
    answer: dict[str, Any] = {"model_name": model.name}
    if model.version:
        answer["model_version"] = model.version
    if asked.id:
        answer["id"] = asked.id
    return {**answer, "outputs": outputs}


def _told(tensor: Tensor) -> dict[str, Any]:
    return {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape)}
