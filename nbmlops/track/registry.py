"""Which version of a registered model an address means today: `models:/wine@champion`, `models:/wine/3`."""

from __future__ import annotations

import contextlib
import os
import re

from nbmlops.errors import NbmlopsError
from nbmlops.track import lists_sqlite
from nbmlops.track.address import sqlite_path

REFERENCE = re.compile(r"models:/(?P<name>[^/@\s]+)(?:@(?P<alias>[^/@\s]+)|/(?P<version>[^/@\s]+))")
REGISTRY_VARIABLE = "MLFLOW_REGISTRY_URI"


def version_of(uri: str, reference: str) -> str | None:
    """The version as MLflow numbers it; None where there is none, or nobody answers. `uri`: of the tracking store."""
    parts = REFERENCE.fullmatch(reference)
    if parts is None:
        return None
    name, alias, version = parts["name"], parts["alias"], parts["version"]
    address = os.environ.get(REGISTRY_VARIABLE) or uri
    with contextlib.suppress(NbmlopsError):  # a run is not hindered by that: the step itself will tell
        if (path := sqlite_path(address)) is not None:
            return lists_sqlite.model_version(path, name, alias=alias, version=version)
        from nbmlops.track import lists_client

        return lists_client.model_version(address, name, alias=alias, version=version)
    return None
