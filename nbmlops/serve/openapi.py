"""The service and its model as an OpenAPI 3.1 document, at `/openapi.json`."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nbmlops.serve import binary, health, logs, metrics, mlflow_scoring, open_inference, schemas
from nbmlops.serve.model import ServedModel
from nbmlops.serve.replies import JSON, failing_as, json_reply
from nbmlops.serve.request_log import label
from nbmlops.serve.slot import Slot

PATH = "/openapi.json"
_TOKEN = "token"
_BYTES = "application/octet-stream"
_MESSAGE = {"$ref": "#/components/schemas/Error"}
_MLFLOW_MESSAGE = {"$ref": "#/components/schemas/MlflowError"}
_READY = {"type": "object", "properties": {"ready": {"type": "boolean"}}, "required": ["ready"]}
_NAMED_READY = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "ready": {"type": "boolean"}},
    "required": ["name", "ready"],
}
_LIVE = {"type": "object", "properties": {"live": {"const": True}}, "required": ["live"]}
_FAILURES = {
    400: "The request is malformed, or not what the model takes.",
    408: "The request has not been sent in time.",
    413: "The request is too long.",
    429: "Too many requests of this caller are under way.",
    500: "The model failed.",
    503: "The model is loading, hangs, or too many requests wait.",
    504: "The model has not answered in time.",
}
_RETRY = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}
_NUMBERED = {logs.HEADER: {"description": "The request's number.", "schema": {"type": "string"}}}


def routes(slot: Slot, *, free: Collection[str], needs_token: bool, takes_labels: bool = False) -> list[Route]:
    """`free` paths need no token."""

    @failing_as(lambda message, kind: {"error": message})
    async def told(request: Request) -> Response:
        found = document(slot.model, free=free, needs_token=needs_token, takes_labels=takes_labels)
        return json_reply(found)

    return [Route(PATH, told)]


def document(
    model: ServedModel, *, free: Collection[str], needs_token: bool, takes_labels: bool = False
) -> dict[str, Any]:
    paths = {path: {"get": operation} for path, operation in _reading(model).items()}
    paths |= {path: {"post": operation} for path, operation in _predicting(model).items()}
    if takes_labels:
        paths[label.PATH] = {"post": _labels()}
    components: dict[str, Any] = {"schemas": _schemas(model)}
    found: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": model.name, "version": model.version or "0", "summary": f"A model of {model.platform}."},
        "paths": paths,
        "components": components,
    }
    if needs_token:
        components["securitySchemes"] = {_TOKEN: {"type": "http", "scheme": "bearer"}}
        found["security"] = [{_TOKEN: []}]
        for path, item in paths.items():
            for operation in item.values():
                if path in free:
                    operation["security"] = []
                else:
                    operation["responses"]["401"] = _answer("A token is needed.", {JSON: _MESSAGE})
    return found


def _reading(model: ServedModel) -> dict[str, Any]:
    """Operations of GET by path."""
    name = quote(model.name, safe="")
    described = {"$ref": "#/components/schemas/Model"}
    server = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "version": {"type": "string"},
            "extensions": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["name", "version", "extensions"],
    }
    models = {"type": "object", "properties": {"models": {"type": "array", "items": {"type": "string"}}}}
    found = {
        "/": _get("A page to try the model.", {"text/html": {"type": "string"}}),
        PATH: _get("This document.", {JSON: {"type": "object"}}, not_ready=_MESSAGE),
        metrics.PATH: _get("What is counted, for Prometheus.", {"text/plain": {"type": "string"}}),
        health.PATHS[0]: _get("Whether the service lives.", {JSON: _LIVE}),
        health.PATHS[1]: _get("Whether the model can be asked.", {JSON: _READY}, not_ready=_READY),
        "/v2": _get("About the server.", {JSON: server}),
        open_inference.PATHS[0]: _get("Whether the service lives.", {JSON: _LIVE}),
        open_inference.PATHS[1]: _get("Whether the model can be asked.", {JSON: _READY}, not_ready=_READY),
        "/v1/models": _get("The model's name.", {JSON: models}),
        f"/v1/models/{name}": _get("Whether the model can be asked.", {JSON: _NAMED_READY}, not_ready=_NAMED_READY),
    }
    for place in _places(model):
        found[place] = _get("What the model takes and gives.", {JSON: described}, not_ready=_MESSAGE)
        found[f"{place}/ready"] = _get("Whether it can be asked.", {JSON: _NAMED_READY}, not_ready=_NAMED_READY)
    for path in mlflow_scoring.PATHS:
        text = {"text/plain": {"type": "string"}}
        found[path] = _get("MLflow's version, or whether the model can be asked.", text)
        found[path]["responses"]["503"] = _answer("Not now.", text)
    return found


def _predicting(model: ServedModel) -> dict[str, Any]:
    """Operations of POST by path."""
    predictions = {"type": "object", "properties": {"predictions": {}}, "required": ["predictions"]}
    example = model.example or schemas.example(model.signature)
    invocations = _post(
        "Predictions, as MLflow's scoring server gives them.",
        {
            JSON: {"schema": {"$ref": "#/components/schemas/MlflowRequest"}, "example": example},
            mlflow_scoring.CSV: {"schema": {"type": "string"}},
            mlflow_scoring.PARQUET: {},
        },
        {JSON: predictions},
        _MLFLOW_MESSAGE,
    )
    invocations["responses"]["415"] = _answer("The content type is not known.", {JSON: _MLFLOW_MESSAGE})
    found = {
        "/invocations": invocations,
        f"/v1/models/{quote(model.name, safe='')}:predict": _post(
            "Predictions, as KServe's first protocol gives them.",
            {JSON: {"schema": {"$ref": "#/components/schemas/KserveRequest"}}},
            {JSON: predictions},
            _MESSAGE,
        ),
    }
    length = {
        "name": binary.HEADER,
        "in": "header",
        "description": "Where the JSON ends, if tensors lie behind it as bytes.",
        "schema": {"type": "integer", "minimum": 0},
    }
    for place in _places(model):
        operation = _post(
            "Predictions, as the Open Inference Protocol gives them.",
            {JSON: {"schema": {"$ref": "#/components/schemas/InferenceRequest"}}, _BYTES: {}},
            {JSON: {"$ref": "#/components/schemas/InferenceResponse"}, _BYTES: {}},
            _MESSAGE,
        )
        found[f"{place}/infer"] = {**operation, "parameters": [*operation["parameters"], length]}
    return found


def _labels() -> dict[str, Any]:
    whole = {"type": "integer", "minimum": 0}
    one = {
        "type": "object",
        "properties": {
            "request": {"type": "string", "minLength": 1, "maxLength": label.LONGEST_ID},
            "row": {**whole, "maximum": label.LAST_ROW},
            "label": {"type": ["boolean", "number", "string"]},
        },
        "required": ["request", "label"],
        "additionalProperties": False,
    }
    labels = {"type": "array", "items": one, "maxItems": label.MOST}
    answers = {
        "200": _answer("They are kept.", {JSON: {"type": "object", "properties": {"kept": whole}}}, _NUMBERED),
        **{str(status): _answer(_FAILURES[status], {JSON: _MESSAGE}, _NUMBERED) for status in (400, 408, 413)},
        "500": _answer("They cannot be written.", {JSON: _MESSAGE}, _NUMBERED),
    }
    return {
        "summary": "What has turned out to be true, by the number of the request.",
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": {"type": "object", "properties": {"labels": labels}, "required": ["labels"],
                                          "additionalProperties": False}}},
        },
        "responses": answers,
    }  # fmt: skip


def _places(model: ServedModel) -> list[str]:
    place = f"/v2/models/{quote(model.name, safe='')}"
    return [place, f"{place}/versions/{quote(model.version, safe='')}"] if model.version else [place]


def _schemas(model: ServedModel) -> dict[str, Any]:
    text = {"type": "string"}
    tensors = {"type": "array", "items": {"$ref": "#/components/schemas/Tensor"}}
    shape = {"type": "array", "items": {"type": "integer", "minimum": -1}}
    return {
        "Error": {"type": "object", "properties": {"error": text}, "required": ["error"]},
        "MlflowError": {
            "type": "object",
            "properties": {"error_code": text, "message": text},
            "required": ["error_code", "message"],
        },
        "Tensor": {
            "type": "object",
            "properties": {"name": text, "datatype": text, "shape": shape},
            "required": ["name", "datatype", "shape"],
        },
        "Model": {
            "type": "object",
            "properties": {
                "name": text,
                "versions": {"type": "array", "items": text},
                "platform": text,
                "inputs": tensors,
                "outputs": tensors,
            },
            "required": ["name", "versions", "platform", "inputs", "outputs"],
        },
        "MlflowRequest": schemas.mlflow(model.signature),
        "KserveRequest": schemas.kserve(model.signature),
        "InferenceRequest": schemas.open_inference(model.signature),
        "InferenceResponse": schemas.inferred(model.signature),
    }


def _get(summary: str, content: dict[str, Any], *, not_ready: dict[str, Any] | None = None) -> dict[str, Any]:
    answers = {"200": _answer(summary, content)}
    if not_ready is not None:
        answers["503"] = _answer("Not now.", {JSON: not_ready})
    return {"summary": summary, "responses": answers}


def _post(summary: str, asked: dict[str, Any], content: dict[str, Any], failure: dict[str, Any]) -> dict[str, Any]:
    number = {
        "name": logs.HEADER,
        "in": "header",
        "description": "The caller's own number.",
        "schema": {"type": "string"},
    }
    answers = {"200": _answer(summary, content, _NUMBERED)}
    for status, why in _FAILURES.items():
        answers[str(status)] = _answer(why, {JSON: failure}, _NUMBERED | (_RETRY if status in (429, 503) else {}))
    return {
        "summary": summary,
        "parameters": [number],
        "requestBody": {"required": True, "content": asked},
        "responses": answers,
    }


def _answer(why: str, content: dict[str, Any], headers: dict[str, Any] | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "description": why,
        "content": {kind: {"schema": schema} for kind, schema in content.items()},
    }
    return {**found, "headers": headers} if headers else found
