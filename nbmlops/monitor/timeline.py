"""Windows with their profiles, and how far each has moved from the reference."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

import msgspec
import numpy as np

from nbmlops.drift.compare import compare_profiles
from nbmlops.model.drift import Drift, Verdict
from nbmlops.model.monitoring import Window
from nbmlops.model.profile import ModelProfile, Profile
from nbmlops.monitor.rules import Rules
from nbmlops.monitor.windows import MILLISECONDS, OUTPUT, ROW, Part, features
from nbmlops.profile.table import profile_of

GRACE = timedelta(seconds=60)
"""After its end, until nothing more comes into a window: requests are written within a second, clocks differ."""
LEAST_ROWS = 50
REFERENCE_ROWS = 200
"""Of a window that others are compared with."""


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """What windows are compared with. Columns of answers are called `output.NAME`, as in windows."""

    profile: Profile
    name: str
    is_of_model: bool = False
    """It has what the model takes and no more: a column that requests do not have is a loss."""
    start: datetime | None = None
    """Of the window that it is."""


def window_of(part: Part, now: datetime) -> Window:
    milliseconds = part.table.column(MILLISECONDS).to_numpy()
    first = part.table.column(ROW).to_numpy() == 0
    took = milliseconds[first] / 1000 if first.any() else np.empty(0)
    took = took[np.isfinite(took)]
    return Window(
        revision=part.revision,
        start=part.start,
        end=part.end,
        rows=part.table.num_rows,
        requests=int(first.sum()),
        is_closed=part.end + GRACE <= now,
        p50=float(np.quantile(took, 0.5)) if len(took) else None,
        p99=float(np.quantile(took, 0.99)) if len(took) else None,
        profile=_profile(part),
    )


def reference_of_model(found: ModelProfile, name: str) -> Reference:
    outputs = found.outputs.columns if found.outputs is not None else ()
    renamed = tuple(msgspec.structs.replace(each, name=f"{OUTPUT}.{each.name}") for each in outputs)
    profile = msgspec.structs.replace(found.inputs, columns=(*found.inputs.columns, *renamed), source=name)
    return Reference(profile=profile, name=name, is_of_model=True)


def first_window(windows: Sequence[Window]) -> Window | None:
    """The one that may stand for a reference: it has enough rows, and no more will come."""
    return next((each for each in windows if each.is_closed and each.profile and each.rows >= REFERENCE_ROWS), None)


def with_answers(reference: Reference, first: Profile | None) -> Reference:
    """Answers of the first window, where the reference says nothing of such: probabilities in place of labels, say."""
    if first is None:
        return reference
    known = {each.name for each in reference.profile.columns if _is_answer(each.name)}
    answers = tuple(each for each in first.columns if _is_answer(each.name))
    if known & {each.name for each in answers}:
        return reference
    profile = msgspec.structs.replace(reference.profile, columns=(*reference.profile.columns, *answers))
    return msgspec.structs.replace(reference, profile=profile)


def compared(
    window: Window, reference: Reference, rules: Rules, *, left_out: Collection[str], seen: Collection[str]
) -> Drift | None:
    """None without rows. `left_out`: columns that are not kept; `seen`: columns that any window has had."""
    if window.profile is None:
        return None
    out = {*left_out, *rules.ignored}
    now = {each.name for each in window.profile.columns} - out
    known = {each.name for each in reference.profile.columns} - out
    answers = {name for name in known if _is_answer(name)}
    # A reference may have more than is ever asked: the target, for one. And a model may have answered otherwise.
    kept = {name for name in known if name in now or name in seen or (reference.is_of_model and name not in answers)}
    # Columns that nobody has described are no drift of the model's.
    current = {name for name in now if name in known}
    before, after = _only(reference.profile, kept), _only(window.profile, current)
    before = msgspec.structs.replace(before, source=reference.name)
    after = msgspec.structs.replace(after, source=f"{window.start:%Y-%m-%d %H:%M}")
    parts = [
        compare_profiles(_only(before, names), _only(after, names), rules.limits(column))
        for column, names in _groups(kept, rules)
    ]
    if len(parts) == 1:
        return parts[0]
    columns = [each for part in parts for each in part.columns]
    order = {verdict: place for place, verdict in enumerate(_ORDER)}
    columns.sort(key=lambda each: (order[each.verdict], -each.effect))
    return msgspec.structs.replace(parts[0], columns=tuple(columns))


def with_drift(window: Window, drift: Drift | None) -> Window:
    if drift is None or window.rows < LEAST_ROWS:
        return msgspec.structs.replace(window, drift={}, drifted=())
    return msgspec.structs.replace(
        window,
        drift={each.name: round(each.effect, 4) for each in drift.columns if each.measures},
        drifted=tuple(each.name for each in drift.drifted),
    )


def fingerprint(reference: Reference, rules: Rules, left_out: Collection[str]) -> str:
    """Of all that decides what a window's drift is, beside its rows."""
    limits = [rules.limits(), *(rules.limits(name) for name in sorted(rules.columns))]
    told = msgspec.json.encode([reference, limits, sorted(rules.columns), sorted(rules.ignored), sorted(left_out)])
    return hashlib.blake2b(told, digest_size=16).hexdigest()


def with_gaps(windows: Sequence[Window]) -> list[Window | None]:
    """Of one revision, oldest first; None for each in which nothing was asked."""
    found: list[Window | None] = []
    for each in windows:
        last = next((one for one in reversed(found) if one is not None), None)
        if last is not None:
            missing = round((each.start - last.end) / (each.end - each.start))
            found += [None] * min(missing, 1000)
        found.append(each)
    return found


_ORDER = (Verdict.GONE, Verdict.CHANGED, Verdict.DRIFTED, Verdict.NEW, Verdict.STABLE, Verdict.TOO_FEW)


def _groups(names: Collection[str], rules: Rules) -> Iterator[tuple[str, set[str]]]:
    """Columns with limits of their own one by one, and all the others."""
    yield "", {name for name in names if name not in rules.columns}
    for name in rules.columns:
        if name in names:
            yield name, {name}


def _only(profile: Profile, names: Collection[str]) -> Profile:
    return msgspec.structs.replace(profile, columns=tuple(each for each in profile.columns if each.name in names))


def _profile(part: Part) -> Profile | None:
    found = profile_of(features(part.table))
    return msgspec.structs.replace(found, first=part.start, last=part.end) if part.table.num_rows else None


def _is_answer(name: str) -> bool:
    return name == OUTPUT or name.startswith(f"{OUTPUT}.")
