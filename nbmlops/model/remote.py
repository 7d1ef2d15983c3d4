"""What lies on a remote beside the packs."""

from __future__ import annotations

from datetime import datetime

import msgspec

from nbmlops.model.documents import Document


class RemoteFormat(Document, frozen=True, kw_only=True, tag="remote"):
    """At the top of a remote: what it is. A newer version than ours is not touched."""


class RunLink(Document, frozen=True, kw_only=True, tag="run-link"):
    """Which snapshots a run has, for a machine whose MLflow does not know the run. MLflow's run says the same."""

    id: str
    """MLflow's."""
    name: str
    started: datetime | None = None
    data: str | None = None
    """Identity of the data snapshot."""
    code: str | None = None


class RunLinks(Document, frozen=True, kw_only=True, tag="run-links"):
    """One file of them."""

    links: tuple[RunLink, ...]


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """What a push or a pull did."""

    packs: int
    size: int
    """Bytes."""
    known: int
    """Packs whose content the other side had already."""
    damaged: tuple[str, ...] = ()
    """Names of packs that were not moved, or not whole, because they are damaged where they lie."""
