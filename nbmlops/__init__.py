"""From a Jupyter notebook to production: track, snapshot, export, run.

    %load_ext nbmlops                      # in a notebook
    nbmlops.log_metric("loss", 0.25, 3)    # in its loops
    nbmlops export wine.ipynb              # in a terminal
    nbmlops.api.export(notebook="wine.ipynb")

Importing this package imports nothing else: what a name needs is loaded when it is used.
"""

from __future__ import annotations

import importlib
from typing import Any

_LAZY = {
    "__version__": "nbmlops.lib.version:VERSION",
    "api": "nbmlops.doors.api",
    "handoff": "nbmlops.pipeline.handoff",
    "log_metric": "nbmlops.doors.loops:log_metric",
    "log_metrics": "nbmlops.doors.loops:log_metrics",
    "parameters": "nbmlops.pipeline.step_parameters",
}
"""Name -> module, or module:attribute of it."""


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext nbmlops`: the magics, and tracking of this notebook."""
    from nbmlops.doors.magics.extension import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """`%unload_ext nbmlops`: everything that loading changed is put back."""
    from nbmlops.doors.magics.extension import unload

    unload(shell)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "nbmlops"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from nbmlops.doors.server.app import NbmlopsApp

    return [{"module": "nbmlops", "app": NbmlopsApp}]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        place, _, attribute = _LAZY[name].partition(":")
        module = importlib.import_module(place)
        found = globals()[name] = getattr(module, attribute) if attribute else module
        return found
    raise AttributeError(f"module 'nbmlops' has no attribute {name!r}")
