"""Which steps `run` shall execute: `--from STEP`, `--only STEP`, `--force`."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.model.pipeline import Pipeline
from nbmlops.pipeline.order import in_order, needs_of
from nbmlops.pipeline.schedule import Choice


def choose(pipeline: Pipeline, *, start: Sequence[str] = (), only: Sequence[str] = (), force: bool = False) -> Choice:
    """Raises NotFoundError for a step that the pipeline does not have, UsageError for wishes that do not fit."""
    if start and only:
        raise UsageError("--from and --only exclude each other.", kind="arguments-malformed", hint="Give one of them.")
    for name in (*start, *only):
        check_step(pipeline, name)
    if only:
        left_out = frozenset(step.name for step in pipeline.steps) - frozenset(only)
        return Choice(forced=dict.fromkeys(only, "asked for"), left_out=left_out)
    if force:
        return Choice(forced=dict.fromkeys((step.name for step in pipeline.steps if not step.exit), "forced"))
    forced: dict[str, str] = {}
    for step in in_order(pipeline):
        if step.name in start:
            forced[step.name] = "asked for"
        elif before := next((need for need in needs_of(step) if need in forced), None):
            forced[step.name] = f"comes after {before}"
    return Choice(forced=forced)


def check_step(pipeline: Pipeline, name: str) -> None:
    names = [step.name for step in pipeline.steps]
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        raise NotFoundError(
            f"Pipeline {pipeline.name} has no step {name!r}.",
            kind="step-missing",
            hint=f"Did you mean {near[0]}?" if near else f"It has: {', '.join(names)}.",
        )
