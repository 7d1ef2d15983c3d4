"""Where what a run left comes from: SLSA provenance and a CycloneDX bill of materials, as documents of its package.

The same run gives the same bytes: the hour of packing and our version are not in them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from nbmlops.errors import IntegrityError, NotFoundError
from nbmlops.lib.digest import digest_bytes, digest_file
from nbmlops.lib.redact import MARK, is_secret_name, redact
from nbmlops.model.documents import decode
from nbmlops.model.environment import Environment
from nbmlops.model.run import DatasetUse, RunView, Tags
from nbmlops.model.snapshot import Snapshot
from nbmlops.ops.remote_data import RemoteObject
from nbmlops.package.trust import bom, provenance
from nbmlops.package.trust.provenance import Code, Facts, Material
from nbmlops.pipeline.folder import CERTIFICATE, read_certificate
from nbmlops.project import Project
from nbmlops.snapshot.find import load
from nbmlops.snapshot.trace import trace_of

PROVENANCE = "provenance.json"
BILL = "bom.json"
ETAG = "etag"
"""Of an object in a bucket: what its store says of its content."""


def provenance_json(
    project: Project, run: RunView, uses: Sequence[DatasetUse], remote: Sequence[RemoteObject], pipeline: str
) -> bytes:
    """A SLSA v1 predicate. `pipeline`: its folder in the project, if the run was of one."""
    code = _code(project, run)
    certificate = read_certificate(project.root / pipeline) if pipeline else None
    facts = Facts(
        notebook=run.tags.get(Tags.NOTEBOOK, ""),
        parameters=dict(parameters_of(run)),
        cells=_cells(project, run),
        data=tuple(Material(name=use.path, digest=use.digest) for use in uses)
        + tuple(Material(name=each.uri, digest=each.etag, algorithm=ETAG) for each in remote),
        code=Code(
            commit=run.tags.get(Tags.GIT_COMMIT, ""),
            remote=code.git.remote if code is not None and code.git is not None else "",
            snapshot=run.tags.get(Tags.CODE_SNAPSHOT, ""),
        ),
        environment=code.environment or "" if code is not None else "",
        python=_python(project, code),
        pipeline=certificate.pipeline if certificate is not None else "",
        certificate=digest_file(project.root / pipeline / CERTIFICATE) if certificate is not None else "",
        verdict=str(certificate.verdict) if certificate is not None else "",
        run=run.id,
        started=run.started,
        finished=run.ended,
    )
    return json.dumps(provenance.write(facts), indent=2, ensure_ascii=False).encode() + b"\n"


def bill_json(
    project: Project,
    name: str,
    run: RunView,
    uses: Sequence[DatasetUse],
    remote: Sequence[RemoteObject],
    about: dict[str, Any],
    estimator: str,
) -> bytes:
    """A CycloneDX 1.6 ML-BOM. `about`: what the MLmodel file says."""
    signature = about.get("signature", {})
    made = bom.Bill(
        model=bom.Model(
            name=name,
            version=run.id[:12],
            architecture=estimator,
            inputs=_features(signature.get("inputs")),
            outputs=_features(signature.get("outputs")),
            parameters=dict(parameters_of(run)),
            metrics=run.metrics,
            run=run.id,
        ),
        data=tuple(bom.Dataset(name=use.path, digest=use.digest, size=use.size, context=use.context) for use in uses)
        # Its ETag is no digest that others could compute.
        + tuple(bom.Dataset(name=each.uri, digest="", size=each.size) for each in remote),
        environment=_environment(project, _code(project, run)),
        made=run.ended,
    )
    return json.dumps(bom.document(made), indent=2, ensure_ascii=False).encode() + b"\n"


def parameters_of(run: RunView) -> dict[str, str]:
    """Without secrets."""
    return {name: MARK if is_secret_name(name) else redact(run.params[name]) for name in sorted(run.params)}


def _cells(project: Project, run: RunView) -> tuple[Material, ...]:
    """What ran, by the digests of the cells' sources."""
    try:
        executions = trace_of(run, project.objects).executions
    except (NotFoundError, IntegrityError):
        return ()
    return tuple(
        Material(name=each.cell_id or f"cell {number}", digest=digest_bytes(each.source.encode()))
        for number, each in enumerate(executions, start=1)
    )


def _code(project: Project, run: RunView) -> Snapshot | None:
    try:
        return load(run.tags.get(Tags.CODE_SNAPSHOT, ""), project.objects) if Tags.CODE_SNAPSHOT in run.tags else None
    except (NotFoundError, IntegrityError):
        return None


def _environment(project: Project, code: Snapshot | None) -> Environment | None:
    if code is None or not code.environment:
        return None
    try:
        return decode(project.objects.read(code.environment), Environment, place="environment")
    except (NotFoundError, IntegrityError):
        return None


def _python(project: Project, code: Snapshot | None) -> str:
    environment = _environment(project, code)
    return environment.python if environment is not None else ""


def _features(schema: Any) -> tuple[str, ...]:
    if schema is None:
        return ()
    try:
        return bom.features(schema if isinstance(schema, str) else msgspec.json.encode(schema).decode())
    except IntegrityError:
        return ()
