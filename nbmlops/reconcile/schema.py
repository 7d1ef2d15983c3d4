"""The JSON Schema (draft 2020-12) of the documents in `reconcilers/`, for editors and for checks before a commit."""

from __future__ import annotations

from typing import Any

from nbmlops.reconcile.needs_schema import NeedTree
from nbmlops.reconcile.spec import SHAPES

ADDRESS = "https://nbmlops.dev/schemas/v1/reconciler.json"


def json_schema() -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ADDRESS,
        "title": "Reconciler of nbmlops",
        "oneOf": [{"$ref": f"#/$defs/{kind}"} for kind in SHAPES],
        "$defs": {**{str(kind): shape.schema() for kind, shape in SHAPES.items()}, **NeedTree().definitions()},
    }
