"""A CycloneDX 1.6 bill of materials of a model: what it is, what it learnt from, what it needs.

    write(Bill(model=Model(name="wine", metrics={"rmse": 0.6}), data=(...), environment=environment))

The same facts give the same bytes: its serial number is made from its content, its time is the run's.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import quote

import msgspec

from nbmlops.errors import IntegrityError
from nbmlops.model.environment import Environment
from nbmlops.package.gojson import encode

_HASHES = {"blake3": "BLAKE3", "sha256": "SHA-256", "sha512": "SHA-512", "md5": "MD5"}
_EXPRESSION = re.compile(r"[A-Za-z0-9.+-]+(?: (?:AND|OR|WITH) [A-Za-z0-9.+-]+)*")


Approach = Literal["supervised", "unsupervised", "reinforcement-learning", "semi-supervised", "self-supervised"]


class Model(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    version: str = ""
    description: str = ""
    license: str = ""
    """An SPDX expression, or its name."""
    task: str = ""
    """Such as classification or regression."""
    approach: Approach | None = None
    architecture: str = ""
    """Module and class of what was fitted."""
    inputs: tuple[str, ...] = ()
    """`NAME: TYPE` of each column, as `features` gives them."""
    outputs: tuple[str, ...] = ()
    parameters: dict[str, str] = {}
    """Those of its training."""
    metrics: dict[str, float] = {}
    hashes: dict[str, str] = {}
    """Digest in hexadecimal by algorithm: blake3, sha256."""
    run: str = ""
    """MLflow run id."""


class Dataset(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    digest: str = ""
    algorithm: str = "blake3"
    size: int | None = None
    """Bytes."""
    context: str = ""
    """What it was used for, such as training."""


class Bill(msgspec.Struct, frozen=True, kw_only=True):
    model: Model
    data: tuple[Dataset, ...] = ()
    environment: Environment | None = None
    made: datetime | None = None
    """The end of the run."""
    nbmlops: str = ""
    """The version that writes it."""


def write(bill: Bill) -> bytes:
    """Compact JSON, UTF-8."""
    return encode(document(bill))


def document(bill: Bill) -> dict[str, Any]:
    data = [_dataset(each, place) for place, each in enumerate(bill.data)]
    libraries = _libraries(bill.environment)
    model = _model(bill.model, [each["bom-ref"] for each in data])
    components = data + libraries
    body: dict[str, Any] = {
        "version": 1,
        "metadata": _given(
            timestamp=bill.made.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if bill.made else "",
            tools={"components": [_given(type="application", name="nbmlops", version=bill.nbmlops)]},
            component=model,
        ),
        "components": components,
        "dependencies": [
            {"ref": model["bom-ref"], "dependsOn": [each["bom-ref"] for each in components]},
            *({"ref": each["bom-ref"]} for each in components),
        ],
    }
    serial = uuid.uuid5(uuid.NAMESPACE_URL, hashlib.sha256(encode(body)).hexdigest())
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        **body,
    }


def libraries(data: bytes) -> dict[str, str]:
    """Version of each Python package that a bill lists. Raises IntegrityError for what is no bill."""
    try:
        components = msgspec.json.decode(data, type=_Listed).components
    except (msgspec.MsgspecError, RecursionError) as error:
        raise IntegrityError("This is no bill of materials.", kind="bill-malformed") from error
    return {
        each.name: each.version
        for each in components
        if each.type == "library" and each.purl.startswith("pkg:pypi/") and each.version
    }


class _Component(msgspec.Struct, kw_only=True):
    type: str
    name: str
    version: str = ""
    purl: str = ""


class _Listed(msgspec.Struct, kw_only=True):
    components: list[_Component] = []


def features(schema: str) -> tuple[str, ...]:
    """`NAME: TYPE` of each column of an MLflow signature's `inputs` or `outputs`: the JSON text that MLmodel holds.

    Raises IntegrityError for another text.
    """
    try:
        return tuple(_feature(each) for each in msgspec.json.decode(schema, type=list[dict[str, Any]]))
    except (msgspec.MsgspecError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise IntegrityError("This is no schema of an MLflow signature.", kind="signature-malformed") from error


def _feature(column: Mapping[str, Any]) -> str:
    name = str(column.get("name", ""))
    text = f"{name}: {_type(column)}" if name else _type(column)
    return text if column.get("required", True) else f"{text} (optional)"


def _type(column: Mapping[str, Any]) -> str:
    kind = str(column["type"])
    if kind == "tensor":
        tensor = column["tensor-spec"]
        return f"tensor {tensor['dtype']} {list(tensor['shape'])}"
    if kind == "array":
        return f"array of {_type(column['items'])}"
    return kind


def _model(model: Model, data: list[str]) -> dict[str, Any]:
    card = _given(
        modelParameters=_given(
            approach=_given(type=model.approach),
            task=model.task,
            modelArchitecture=model.architecture,
            datasets=[{"ref": each} for each in data],
            inputs=[{"format": each} for each in model.inputs],
            outputs=[{"format": each} for each in model.outputs],
        ),
        quantitativeAnalysis=_given(
            performanceMetrics=[{"type": name, "value": repr(model.metrics[name])} for name in sorted(model.metrics)]
        ),
        properties=_properties({f"nbmlops:parameter:{name}": value for name, value in model.parameters.items()}),
    )
    return _given(
        **{"bom-ref": "model"},
        type="machine-learning-model",
        name=model.name,
        version=model.version,
        description=model.description,
        hashes=[{"alg": _algorithm(name), "content": model.hashes[name]} for name in sorted(model.hashes)],
        licenses=[_license(model.license)] if model.license else [],
        modelCard=card,
        properties=_properties({"nbmlops:run": model.run}),
    )


def _dataset(dataset: Dataset, place: int) -> dict[str, Any]:
    return _given(
        # Two files may have one name: a reference has to be the only one of its kind.
        **{"bom-ref": f"data:{place}:{dataset.name}"},
        type="data",
        name=dataset.name,
        hashes=[{"alg": _algorithm(dataset.algorithm), "content": dataset.digest}] if dataset.digest else [],
        data=[{"type": "dataset", "name": dataset.name}],
        properties=_properties(
            {
                "nbmlops:size": "" if dataset.size is None else str(dataset.size),
                "nbmlops:context": dataset.context,
            }
        ),
    )


def _libraries(environment: Environment | None) -> list[dict[str, Any]]:
    if environment is None:
        return []
    python = {
        "bom-ref": "python",
        "type": "platform",
        "name": environment.implementation,
        "version": environment.python,
    }
    found = {}
    for package in environment.packages:
        purl = f"pkg:pypi/{quote(_normalized(package.name), safe='')}@{quote(package.version, safe='')}"
        found[purl] = {
            "bom-ref": purl,
            "type": "library",
            "name": package.name,
            "version": package.version,
            "purl": purl,
        }
    return [python, *found.values()]


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _license(text: str) -> dict[str, Any]:
    return {"expression": text} if _EXPRESSION.fullmatch(text) else {"license": {"name": text}}


def _algorithm(name: str) -> str:
    try:
        return _HASHES[name]
    except KeyError:
        raise IntegrityError(
            f"A bill of materials has no digests of the kind {name!r}.",
            kind="digest-unknown",
            hint=f"There are {', '.join(_HASHES)}.",
        ) from None


def _properties(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": values[name]} for name in sorted(values) if values[name]]


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}
