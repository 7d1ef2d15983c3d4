"""The folder of an MLflow model without what tells only of the run that logged it: the same fit gives the same bytes.

MLflow writes a random id, the hour, the run and the place of its files into MLmodel, and skops the hour and addresses
in memory into its archives. Of a package, the run is in the Kitfile and in provenance.json; here it would make every
run's model another layer.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import yaml

from nbmlops.lib.canonical import canonical_json
from nbmlops.lib.digest import digest_bytes, digest_file
from nbmlops.lib.files import write_atomic
from nbmlops.pipeline.estimator_formats import LARGEST_SKOPS, numbered

MLMODEL = "MLmodel"
_OF_THE_RUN = ("run_id", "model_id", "artifact_path", "databricks_runtime")
_NO_TIME = "1970-01-01 00:00:00.000000"
"""MLflow takes the hour of loading where there is none, and so another at each loading."""
_UUID_LETTERS = 32


def make_canonical(folder: Path) -> None:
    """Write MLmodel anew: `model_uuid` from the content of all files, keys in order. A folder without a readable one
    stays as it is.
    """
    path = folder / MLMODEL
    document = read_mlmodel(path)
    if not document:
        return
    for key in _OF_THE_RUN:
        document.pop(key, None)
    document["utc_time_created"] = _NO_TIME
    document.pop("model_uuid", None)
    grown = sum(_renumber(each) for each in folder.rglob("*.skops"))
    if isinstance(size := document.get("model_size_bytes"), int):
        document["model_size_bytes"] = size + grown
    document["model_uuid"] = _identity(folder, document)
    write_atomic(path, yaml.safe_dump(document, default_flow_style=False, sort_keys=True))


def read_mlmodel(path: Path) -> dict[str, Any]:
    """Empty for what is not there or is none."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _renumber(path: Path) -> int:
    """By how many bytes a skops file has grown. One that is too large to be held twice, or is none, stays as it is."""
    before = path.stat().st_size
    if before > LARGEST_SKOPS:
        return 0
    try:
        data = numbered(path.read_bytes())
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, zipfile.BadZipFile):
        return 0
    write_atomic(path, data)
    return len(data) - before


def _identity(folder: Path, document: dict[str, Any]) -> str:
    """As long as the random one of MLflow."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / MLMODEL)
    content = [[path.relative_to(folder).as_posix(), digest_file(path)] for path in files]
    # As text: a document may hold dates and other values that JSON has no form for.
    about = yaml.safe_dump(document, default_flow_style=False, sort_keys=True)
    return digest_bytes(canonical_json([about, content]))[:_UUID_LETTERS]
