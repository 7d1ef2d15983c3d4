"""Of what an attempt would be made: pipeline, code and data, as one digest."""

from __future__ import annotations

import json

from nbmlops.errors import NotFoundError
from nbmlops.lib.digest import digest_bytes
from nbmlops.model.reconciler import NeedSpec
from nbmlops.ops.reconciling.needs.files import digest_of
from nbmlops.ops.reconciling.observing import Observing

_LOCKS = ("pyproject.toml", "uv.lock", "poetry.lock", "pdm.lock", "environment.yml", "environment.yaml", "setup.cfg")


def code_digest(look: Observing) -> str:
    """Of the pipeline's folder and of files that say what is installed. Raises NotFoundError for no such folder."""
    home, pipeline = look.call.project.root, look.spec.pipeline
    if not (home / pipeline).exists():
        raise NotFoundError(
            f"There is no pipeline {pipeline}.", kind="pipeline-missing", hint="Export one: nbmlops export NOTEBOOK"
        )
    locks = [name for name in _LOCKS if (home / name).is_file()]
    locks += [each.name for each in sorted(home.glob("requirements*.txt"))]
    return digest_of(look, [pipeline, *locks])


def inputs_digest(look: Observing) -> str:
    """What needs go by tells of data; the code is always looked at. Raises NotFoundError."""
    named = sorted({name for need in _leaves(look.spec.needs) for name in need.options.get("data", ())})
    said = {
        "code": code_digest(look),
        "data": digest_of(look, named) if named else "",
        "parameters": {name: str(value) for name, value in sorted(look.spec.parameters.items())},
    }
    return digest_bytes(json.dumps(said, sort_keys=True).encode())


def _leaves(need: NeedSpec | None) -> list[NeedSpec]:
    if need is None:
        return []
    return [leaf for part in need.parts for leaf in _leaves(part)] if need.parts else [need]
