"""What a validation has found, with the run in which it happened."""

from __future__ import annotations

from nbmlops.model.contract import Level, Validation
from nbmlops.model.run import Tags
from nbmlops.ops.metrics import log_points
from nbmlops.ops.session import Session
from nbmlops.track.messages import SetTags


def record(session: Session, found: Validation) -> None:
    """Only where a run is open: a look at a table makes none."""
    run = session.current
    if run is None or not session.is_on:
        return
    warnings = [each for each in found.broken if each.severity is Level.WARNING]
    log_points(
        session,
        {
            "validation_rows": found.rows,
            "validation_broken_rules": len(found.errors),
            "validation_warnings": len(warnings),
        },
    )
    session.send(SetTags(key=run.key, tags={Tags.CONTRACT: "broken" if found.errors else "kept"}))
