"""What a proposal says: found together from MLflow, the pipeline's folder and the executed notebooks."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterator
from typing import Any

from nbmlops.errors import NbmlopsError
from nbmlops.lib.durations import lasting
from nbmlops.model.reconciler import Attempt, Reason, Reconciler
from nbmlops.ops import executed
from nbmlops.ops.call import Call
from nbmlops.ops.registered import RUN_TAG
from nbmlops.pipeline.folder import read_certificate
from nbmlops.reconcile.body import Story
from nbmlops.reconcile.world import Verdict
from nbmlops.track import edit
from nbmlops.track.registry import version_of

_MOST_LINES = 2000


def story_of(call: Call, spec: Reconciler, attempt: Attempt, verdict: Verdict, before: str, reason: Reason) -> Story:
    assert spec.publish is not None
    return Story(
        name=spec.name,
        place=spec.publish.place,
        value=attempt.version,
        before=before,
        key=attempt.key,
        model=spec.model,
        table=verdict.table,
        verdict=verdict.why,
        reason=reason,
        certificate=_certificate(call, spec),
        difference=_difference(call, spec, attempt),
        cost=f"{lasting(attempt.cpu_seconds)} of CPU" if attempt.cpu_seconds else "",
        run=attempt.run,
    )


def _certificate(call: Call, spec: Reconciler) -> str:
    found = read_certificate(call.project.root / spec.pipeline)
    if found is None:
        return "none"
    equal = sum(each.verdict == found.verdict for each in found.comparisons)
    return f"{found.verdict.value} ({equal} of {len(found.comparisons)} values), made {found.made:%Y-%m-%d}"


def _difference(call: Call, spec: Reconciler, attempt: Attempt) -> str:
    """Of what the champion's run has shown and what this one has; empty where one of them is gone."""
    with contextlib.suppress(NbmlopsError):
        uri = call.project.uri
        version = version_of(uri, f"models:/{spec.model}@champion")
        run = edit.version_tags(uri, spec.model, version).get(RUN_TAG, "") if version is not None else ""
        if not run or run == attempt.run:
            return ""
        old, new = _lines(call, run), _lines(call, attempt.run)
        names = (f"version {version}", f"version {attempt.version}")
        return "\n".join(difflib.unified_diff(old, new, *names, lineterm="", n=2))
    return ""


def _lines(call: Call, run: str) -> list[str]:
    notebook = executed.executed(call, executed.Request(run=run)).notebook or {}
    return list(_shown(notebook))[:_MOST_LINES]


def _shown(notebook: dict[str, Any]) -> Iterator[str]:
    """Code and the texts that it showed."""
    for cell in notebook.get("cells", ()):
        if cell.get("cell_type") != "code":
            continue
        yield from _joined(cell.get("source", "")).splitlines()
        for output in cell.get("outputs", ()):
            text = output.get("text") or (output.get("data") or {}).get("text/plain") or ""
            yield from (f"> {line}" for line in _joined(text).splitlines())


def _joined(text: Any) -> str:
    return "".join(text) if isinstance(text, list) else str(text)
