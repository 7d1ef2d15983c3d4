"""Where a package comes from, as a SLSA provenance predicate (v1).

    predicate = write(Facts(notebook="wine.ipynb", parameters={"alpha": 0.1}, data=(Material(...),)))
    attest(layout, package, key, statement.PROVENANCE, predicate)
    read(predicate) == facts

What somebody chose is an external parameter; everything that was read, by digest, is a resolved dependency; what the
run gave besides the model is a by-product.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import msgspec

from nbmlops.errors import IntegrityError
from nbmlops.model.certificate import Verdict

BUILD_TYPE = "urn:nbmlops:notebook-run:v1"
BUILDER = "urn:nbmlops:builder"


class Material(msgspec.Struct, frozen=True, kw_only=True):
    """A thing by its content. `digest` in hexadecimal; what nbmlops keeps has BLAKE3 digests."""

    name: str
    digest: str
    algorithm: str = "blake3"


class Code(msgspec.Struct, frozen=True, kw_only=True):
    commit: str = ""
    remote: str = ""
    """Address of the repository, without login."""
    snapshot: str = ""
    """Identity of the code snapshot: what the commit does not have."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    notebook: str
    """Path in the project."""
    notebook_digest: str = ""
    parameters: dict[str, Any] = {}
    cells: tuple[Material, ...] = ()
    """The cells that ran, in order, by their ids."""
    data: tuple[Material, ...] = ()
    """What was read."""
    code: Code = Code()
    environment: str = ""
    """Digest of the lock: every package with its version."""
    python: str = ""
    pipeline: str = ""
    """Identity of the pipeline."""
    certificate: str = ""
    """Digest of the certificate."""
    verdict: str = ""
    """What the certificate says, as in `Verdict`."""
    run: str = ""
    """MLflow run id."""
    started: datetime | None = None
    finished: datetime | None = None
    nbmlops: str = ""
    """The version that made the package."""

    @property
    def is_equivalent(self) -> bool:
        return self.verdict == Verdict.EQUIVALENT


def write(facts: Facts) -> dict[str, Any]:
    """The predicate. Times are in UTC; a parameter that JSON has no form for is its text."""
    external: dict[str, Any] = {"notebook": facts.notebook, "parameters": _plain(facts.parameters)}
    if facts.pipeline:
        external["pipeline"] = facts.pipeline
    metadata = _given(invocationId=facts.run, startedOn=_instant(facts.started), finishedOn=_instant(facts.finished))
    builder: dict[str, Any] = {"id": BUILDER}
    if facts.nbmlops:
        builder["version"] = {"nbmlops": facts.nbmlops}
    details: dict[str, Any] = {"builder": builder}
    if metadata:
        details["metadata"] = metadata
    if facts.certificate:
        made = _described("certificate", "certificate", {"blake3": facts.certificate})
        made["annotations"]["verdict"] = facts.verdict
        details["byproducts"] = [made]
    return {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": external,
            "internalParameters": _given(python=facts.python),
            "resolvedDependencies": _dependencies(facts),
        },
        "runDetails": details,
    }


def read(predicate: dict[str, Any]) -> Facts:
    """Raises IntegrityError for what is no provenance, or was made by another builder."""
    try:
        found = msgspec.convert(predicate, _Predicate)
        definition, details = found.build_definition, found.run_details
        if definition.build_type != BUILD_TYPE:
            raise IntegrityError(
                f"This provenance is of another kind of build: {definition.build_type}.", kind="provenance-foreign"
            )
        code, notebook, environment = Code(), "", ""
        cells, data = [], []
        for each in definition.resolved_dependencies:
            kind = each.annotations.get("kind", "")
            algorithm, digest = next(iter(each.digest.items()), ("", ""))
            material = Material(name=each.name, digest=digest, algorithm=algorithm)
            if kind == "cell":
                cells.append(material)
            elif kind == "data":
                data.append(material)
            elif kind == "git":
                remote = each.uri.removeprefix("git+").removesuffix(f"@{digest}")
                code = msgspec.structs.replace(code, commit=digest, remote=remote)
            elif kind == "code":
                code = msgspec.structs.replace(code, snapshot=digest)
            elif kind == "notebook":
                notebook = digest
            elif kind == "environment":
                environment = digest
        certificate = next((each for each in details.byproducts if each.annotations.get("kind") == "certificate"), None)
        return Facts(
            notebook=definition.external_parameters.notebook,
            notebook_digest=notebook,
            parameters=definition.external_parameters.parameters,
            cells=tuple(cells),
            data=tuple(data),
            code=code,
            environment=environment,
            python=definition.internal_parameters.get("python", ""),
            pipeline=definition.external_parameters.pipeline,
            certificate=next(iter(certificate.digest.values()), "") if certificate else "",
            verdict=certificate.annotations.get("verdict", "") if certificate else "",
            run=details.metadata.invocation_id,
            started=details.metadata.started_on,
            finished=details.metadata.finished_on,
            nbmlops=details.builder.version.get("nbmlops", ""),
        )
    except msgspec.MsgspecError as error:
        raise IntegrityError(
            f"This is no provenance: {' '.join(str(error).split())}.", kind="provenance-malformed"
        ) from error


class _Resource(msgspec.Struct, frozen=True, kw_only=True):
    name: str = ""
    uri: str = ""
    digest: dict[str, str] = {}
    annotations: dict[str, str] = {}


class _External(msgspec.Struct, frozen=True, kw_only=True):
    notebook: str
    parameters: dict[str, Any] = {}
    pipeline: str = ""


class _Definition(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    build_type: str
    external_parameters: _External
    internal_parameters: dict[str, str] = {}
    resolved_dependencies: tuple[_Resource, ...] = ()


class _Builder(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    version: dict[str, str] = {}


class _Metadata(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    invocation_id: str = ""
    started_on: datetime | None = None
    finished_on: datetime | None = None


class _Details(msgspec.Struct, frozen=True, kw_only=True):
    builder: _Builder
    metadata: _Metadata = _Metadata()
    byproducts: tuple[_Resource, ...] = ()


class _Predicate(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    build_definition: _Definition
    run_details: _Details


def _dependencies(facts: Facts) -> list[dict[str, Any]]:
    found = []
    if facts.notebook_digest:
        found.append(_described("notebook", facts.notebook, {"blake3": facts.notebook_digest}))
    found += [_described("cell", each.name, {each.algorithm: each.digest}) for each in facts.cells]
    found += [_described("data", each.name, {each.algorithm: each.digest}) for each in facts.data]
    if facts.code.commit:
        found.append(
            _described("git", "git", {"gitCommit": facts.code.commit}, f"git+{facts.code.remote}@{facts.code.commit}")
        )
    if facts.code.snapshot:
        found.append(_described("code", "code", {"blake3": facts.code.snapshot}))
    if facts.environment:
        found.append(_described("environment", "environment", {"blake3": facts.environment}))
    return found


def _described(kind: str, name: str, digest: dict[str, str], uri: str = "") -> dict[str, Any]:
    """in-toto's ResourceDescriptor."""
    return _given(name=name, uri=uri, digest=digest, annotations={"kind": kind})


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def _instant(when: datetime | None) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if when is not None else ""


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, str | int | float | bool | None) else str(value)
