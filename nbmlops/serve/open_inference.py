"""The Open Inference Protocol v2 over REST, which KServe, MLServer and Triton speak too.

Source: inference_rest.md of the protocol's specification.
"""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.serve import binary
from nbmlops.serve.body import beside, read_body
from nbmlops.serve.model import ServedModel
from nbmlops.serve.replies import decoded, failing_as, json_reply
from nbmlops.serve.signature import Tensor
from nbmlops.serve.slot import Slot
from nbmlops.serve.tensors import Given, output_of, to_arrays, to_input

PATHS = ("/v2/health/live", "/v2/health/ready")
"""That probes ask, without a token."""
SERVER = "nbmlops"


class Wanted(msgspec.Struct, kw_only=True):
    name: str
    parameters: dict[str, Any] = {}


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
        return json_reply({"name": SERVER, "version": server_version, "extensions": ["binary_tensor_data"]})

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
        return json_reply({"name": model.name, "ready": slot.is_ready}, 200 if slot.is_ready else 503)

    @answers
    async def infer(request: Request) -> Response:
        model = named(request)
        body = await read_body(request, model.limits.seconds)
        asked = await beside(len(body), _read, body, request.headers.get(binary.HEADER))
        if model.estimator is not None and not _of_model(asked):
            rows = await beside(len(body), model.estimator.columns.of_tensors, asked.inputs)
            if rows is not None:
                return _reply(model, asked, await model.score(rows))
        return await model.aside(_inferred, model, asked)

    places = ("/v2/models/{model}", "/v2/models/{model}/versions/{version}")
    return [
        Route("/v2", server),
        Route("/v2/health/live", live),
        Route("/v2/health/ready", ready),
        *(Route(f"{place}/ready", model_ready) for place in places),
        *(Route(f"{place}/infer", infer, methods=["POST"]) for place in places),
        *(Route(place, metadata) for place in places),
    ]


def _read(body: bytes, length: str | None) -> Inference:
    """Raises UsageError."""
    head, behind = binary.split(body, length)
    asked: Inference = decoded(head, Inference)
    binary.give(asked.inputs, behind)
    return asked


def _of_model(asked: Inference) -> dict[str, Any]:
    """Parameters that are the model's, not the protocol's."""
    return {name: value for name, value in asked.parameters.items() if name != binary.ALL_WANTED}


def _inferred(model: ServedModel, asked: Inference) -> Response:
    data = to_input(asked.inputs, model.signature)
    return _reply(model, asked, model.predict(data, _of_model(asked) or None))


def _reply(model: ServedModel, asked: Inference, predicted: Any) -> Response:
    """Raises UsageError for an output that there is none of."""
    arrays = to_arrays(predicted, model.signature.outputs)
    if missing := [each.name for each in asked.outputs if each.name not in arrays]:
        raise UsageError(
            f"The model gives no output {missing[0][:100]!r}, but {', '.join(arrays)}.", kind="output-unknown"
        )
    all_binary = asked.parameters.get(binary.ALL_WANTED) is True
    wanted = {each.name: each.parameters.get(binary.WANTED, all_binary) is True for each in asked.outputs}
    names = list(wanted) or list(arrays)
    outputs = [output_of(name, arrays[name]) for name in names]
    parts = binary.take(outputs, [arrays[name] for name in names], [wanted.get(name, all_binary) for name in names])
    answer: dict[str, Any] = {"model_name": model.name}
    if model.version:
        answer["model_version"] = model.version
    if asked.id:
        answer["id"] = asked.id
    answer["outputs"] = outputs
    if not parts:
        return json_reply(answer)
    body, length = binary.joined(answer, parts)
    return Response(body, headers={binary.HEADER: str(length)}, media_type="application/octet-stream")


def _told(tensor: Tensor) -> dict[str, Any]:
    return {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape)}
