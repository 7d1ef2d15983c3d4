"""What a revision's windows are compared with: what was named, what is packed with the model, or its first window."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from nbmlops.deploy.folder import DeploymentFolder
from nbmlops.errors import IntegrityError
from nbmlops.model.deployment import Spec
from nbmlops.model.monitoring import Window
from nbmlops.model.profile import Profile
from nbmlops.monitor.history import HistoryFolder
from nbmlops.monitor.timeline import Reference, first_window, reference_of_model, with_answers
from nbmlops.ops.call import Call

NAMED = "reference.json"


def keep_named(call: Call, kept: HistoryFolder, data: str) -> None:
    """The profile of a table, or one that was kept, from now on. Raises as `drift` does for what is none."""
    from nbmlops.ops.table_source import find_kept

    with tempfile.TemporaryDirectory(prefix="nbmlops-monitor-") as scratch:
        found = find_kept(call, data, Path(scratch))
        kept.keep_reference(NAMED, msgspec.structs.replace(found.profiled(call), source=found.name))


def reference_of(
    folder: DeploymentFolder, kept: HistoryFolder, spec: Spec, revision: str, windows: Sequence[Window]
) -> tuple[Reference | None, str]:
    """And what is odd about it. `windows`: those of the revision, oldest first. None while there is nothing to compare
    with.
    """
    first = _first(kept, revision, windows)
    named = kept.reference(NAMED)
    if named is not None:
        return with_answers(Reference(profile=named, name=named.source), first), ""
    note = ""
    try:
        packed = _packed(folder, spec, revision)
    except IntegrityError as error:
        packed, note = None, error.message
    if packed is not None:
        return with_answers(packed, first), note
    if first is None:
        return None, note
    return Reference(profile=first, name=first.source, start=first.first), note


def _packed(folder: DeploymentFolder, spec: Spec, revision: str) -> Reference | None:
    from nbmlops.profile.model_file import read_model_profile

    found = spec.revision(int(revision)) if revision.isdigit() else None
    if found is None:
        return None
    profile = read_model_profile(folder.files(found.number) / found.model)
    return reference_of_model(profile, f"the training data of {found.package}") if profile is not None else None


def _first(kept: HistoryFolder, revision: str, windows: Sequence[Window]) -> Profile | None:
    """The first window that had enough rows, once it is over: kept as it was then."""
    name = f"first-{revision if revision.isdigit() else '0'}.json"
    with contextlib.suppress(IntegrityError):
        if (profile := kept.reference(name)) is not None:
            return profile
    window = first_window(windows)
    if window is None or window.profile is None:
        return None
    called = f"the first window, {window.start:%Y-%m-%d %H:%M} UTC"
    profile = msgspec.structs.replace(window.profile, source=called)
    kept.keep_reference(name, profile)
    return profile
