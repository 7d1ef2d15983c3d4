"""In a notebook: a column to pick, and how it has moved."""

from __future__ import annotations

from typing import Any

from nbmlops.drift.report import one
from nbmlops.model.drift import Drift


def column_picker(drift: Drift) -> Any:
    """The worst column first; None where there is nothing to pick, and without ipywidgets."""
    columns = {each.name: each for each in drift.columns}
    if len(columns) < 2:
        return None
    try:
        import ipywidgets
    except ImportError:
        return None
    picked = ipywidgets.Dropdown(options=list(columns), description="Column")
    shown = ipywidgets.HTML()

    def draw(name: str) -> None:
        shown.value = one(columns[name])

    picked.observe(lambda change: draw(change["new"]), "value")
    draw(next(iter(columns)))
    return ipywidgets.VBox([picked, shown])
