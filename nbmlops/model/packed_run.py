"""A run as it travels in a package: with it, what the package holds can be executed again and compared."""

from __future__ import annotations

from nbmlops.model.documents import Document
from nbmlops.model.run import DatasetUse, RunView


class PackedRun(Document, frozen=True, kw_only=True, tag="packed-run"):
    run: RunView
    siblings: tuple[RunView, ...] = ()
    """Other runs of the same kind by the same execution of a cell: by their order it is known which one this is."""
    datasets: tuple[DatasetUse, ...] = ()
