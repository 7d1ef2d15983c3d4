"""A look at a real project, as a tick takes it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbmlops.model.reconciler import Attempt, Kind, Memory, NeedSpec, Reason, Reconciler, State
from nbmlops.ops.call import Call
from nbmlops.ops.reconciling.needs.observe import observe
from nbmlops.ops.reconciling.observing import Observing

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def trainer(**fields: Any) -> Reconciler:
    return Reconciler(name="kinds", kind=Kind.TRAINER, path="reconcilers/kinds.yaml", model="kinds",
                      pipeline="pipelines/kinds", **fields)  # fmt: skip


def attempt(state: State = State.SUCCEEDED, *, began: datetime = NOW, **fields: Any) -> Attempt:
    return Attempt(key="k", number=1, began=began, ended=began, state=state, version="1", **fields)


def look_at(
    root: Path, *attempts: Attempt, now: datetime = NOW, rejected: dict[str, str] | None = None, **fields: Any
) -> Observing:
    memory = Memory(name="kinds", attempts=attempts, rejected=rejected or {})
    return Observing(Call(root), trainer(**fields), memory, now)


def asked(look: Observing, need: str, **options: Any) -> Reason:
    return observe(look, NeedSpec(need=need, options=options))
