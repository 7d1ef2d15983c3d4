"""Which notebook this kernel belongs to."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

NOTEBOOK_VARIABLE = "NBMLOPS_NOTEBOOK"
"""Set by our batch engine and pipeline runs."""


def notebook_path(namespace: Mapping[str, object], environ: Mapping[str, str] = os.environ) -> Path | None:
    """The notebook's file, from whoever says it: our own engine, VS Code, then the Jupyter server.

    Jupyter's server tells each kernel in JPY_SESSION_NAME; a console or a server that names sessions otherwise
    does not point to a notebook, and counts as unknown.
    """
    vscode = namespace.get("__vsc_ipynb_file__")
    for said in (environ.get(NOTEBOOK_VARIABLE), vscode, environ.get("JPY_SESSION_NAME")):
        if isinstance(said, str) and said.endswith(".ipynb"):
            path = Path(said)
            if path.is_absolute():
                return path
            return _below_some_parent(path)
    return None


def _below_some_parent(path: Path) -> Path:
    """A path relative to the server's root: found from the kernel's folder upwards, where the notebook lies."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / path).is_file():
            return folder / path
    return here / path.name
