"""One look at a deployment: what has come since the look before, compared, judged by the rules, kept and told."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from nbmlops.deploy.folder import DeploymentFolder
from nbmlops.lib.files import write_atomic
from nbmlops.model.deployment import Spec
from nbmlops.model.drift import Drift
from nbmlops.model.monitoring import Counted, History, Look, Traffic, Window
from nbmlops.monitor import events, findings
from nbmlops.monitor.channels import sentence, tell
from nbmlops.monitor.gauges import gauges
from nbmlops.monitor.history import HistoryFolder, closed
from nbmlops.monitor.labels import Told, read_labels
from nbmlops.monitor.performance import Judged, judged
from nbmlops.monitor.rules import Rules
from nbmlops.monitor.timeline import GRACE, LEAST_ROWS, Reference, compared, fingerprint, window_of, with_drift
from nbmlops.monitor.windows import Part, Reading, read_windows, shown, start_of
from nbmlops.ops.deployment_view import DeploymentView, State, view
from nbmlops.ops.monitor_reference import reference_of

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("nbmlops.monitor")


def look_at(
    folder: DeploymentFolder,
    kept: HistoryFolder,
    rules: Rules,
    *,
    now: datetime,
    since: timedelta,
    width: timedelta,
    told: Callable[[str], None] = lambda what: None,
) -> Look:
    """Whoever calls this has locked `kept`. Raises IntegrityError for what is kept of other looks."""
    spec = folder.spec()
    history = kept.read()
    start = start_of(now - since, width)
    labels = read_labels(folder.requests, start)
    fresh = start if labels.count else _fresh_from(history, start, width)
    told("reading")
    reading = read_windows(folder.requests, fresh, now, width, redacted=spec.redacted, is_joined=bool(labels.count))
    told("comparing")
    windows = _windows(history, reading, start, fresh, now, width)
    seen = view(folder, spec)
    every = _compared(folder, kept, spec, rules, windows, reading, history)
    compared_, drift, references = every.windows, every.drift, every.references
    performance = _performance(reading, labels, spec)
    traffic, counted = _traffic(history, seen)
    notes = [*reading.notes, *labels.notes, *every.notes, *(note for each in performance for note in each.notes)]
    stable = str(spec.stable)
    look = Look(
        deployment=folder.name,
        time=now,
        since=start,
        width_seconds=width.total_seconds(),
        reference=references[stable].name if stable in references else "",
        rows=sum(each.rows for each in compared_),
        rows_read=reading.table.num_rows,
        windows=compared_,
        drift=tuple(drift.items()),
        performance=tuple(each.whole for each in performance),
        by_window=tuple(found for each in performance for found in each.by_window),
        traffic=traffic,
        notes=tuple(dict.fromkeys([*notes, *_of_labels(labels, performance), *_of_state(seen, windows, now, width)])),
    )
    running = _running(spec)
    found = findings.find(look, [each for each in performance if each.whole.revision in running], rules,
                          history.alarms, stable)  # fmt: skip
    _silence(found, spec, compared_, rules, now, width)
    open_, raised = events.changed(
        history.open, found.findings, lambda each: found.is_judged(each, running), deployment=folder.name, now=now
    )
    for each in raised:
        logger.info("%s", sentence(each))
    problems = tell(raised, rules.channels)
    look = msgspec.structs.replace(
        look, findings=tuple(each.finding for each in open_), events=raised, notes=(*look.notes, *problems)
    )
    kept.add(look)
    kept.write(
        History(
            looked=now,
            since=start,
            width_seconds=width.total_seconds(),
            windows=compared_,
            open=open_,
            alarms={name: each for name, each in found.alarms.items() if name.partition("/")[2] in running},
            counted=counted,
            compared=every.fingerprints,
        )
    )
    write_atomic(folder.gauges, gauges(look, stable))
    bare = tuple(msgspec.structs.replace(each, profile=None) for each in compared_)
    return msgspec.structs.replace(look, windows=bare)


def _fresh_from(history: History, start: datetime, width: timedelta) -> datetime:
    """What has to be read: windows that were not over at the last look, unless that one read less than is asked for."""
    if history.looked is None or history.since is None or history.width_seconds != width.total_seconds():
        return start
    if history.since > start:
        return start
    return max(start, start_of(history.looked - GRACE, width))


def _running(spec: Spec) -> tuple[str, ...]:
    """Revisions that are judged. Of a deployment that is stopped, the one that would answer."""
    return tuple(str(each) for each in dict.fromkeys((spec.stable, *spec.running)) if each)


def _windows(
    history: History, reading: Reading, start: datetime, fresh: datetime, now: datetime, width: timedelta
) -> tuple[Window, ...]:
    old = [each for each in closed(history, width.total_seconds(), start) if each.start < fresh]
    return (*old, *(window_of(each, now) for each in reading.parts))


class _Compared(msgspec.Struct, kw_only=True):
    windows: tuple[Window, ...] = ()
    drift: dict[str, Drift] = {}
    """By running revision: of the newest window that tells anything."""
    references: dict[str, Reference] = {}
    fingerprints: dict[str, str] = {}
    notes: list[str] = []


def _compared(
    folder: DeploymentFolder,
    kept: HistoryFolder,
    spec: Spec,
    rules: Rules,
    windows: Sequence[Window],
    reading: Reading,
    history: History,
) -> _Compared:
    """All windows with how far they have moved. Those that were told of at the look before stay as they are, unless
    what they are compared with is another one.
    """
    found = _Compared()
    all_: list[Window] = []
    left_out = list(dict.fromkeys([*(shown(each) for each in reading.left_out), *spec.redacted]))
    for revision in dict.fromkeys(each.revision for each in windows):
        own = [each for each in windows if each.revision == revision]
        reference, note = reference_of(folder, kept, spec, revision, own)
        found.notes += [note] if note else []
        if reference is None:
            all_ += [with_drift(each, None) for each in own]
            continue
        found.references[revision] = reference
        found.fingerprints[revision] = mark = fingerprint(reference, rules, left_out)
        is_same = history.compared.get(revision) == mark
        columns = {column.name for each in own if each.profile for column in each.profile.columns}
        newest = _newest(own, revision)
        for each in own:
            # The reference itself has not moved.
            if each.start == reference.start or (is_same and each.drift and each is not newest):
                all_.append(each)
                continue
            one = compared(each, reference, rules, left_out=left_out, seen=columns)
            all_.append(with_drift(each, one))
            if one is not None and each is newest and revision in _running(spec):
                found.drift[revision] = one
        if columns and not columns & {each.name for each in reference.profile.columns}:
            some = ", ".join(sorted(columns)[:5])
            found.notes.append(f"{reference.name} has none of the columns that are asked for: {some}.")
    if left_out:
        some = ", ".join(left_out[:10])
        found.notes.append(f"Not looked at, for their values are not kept or are no single ones: {some}.")
    found.windows = tuple(sorted(all_, key=lambda each: each.start))
    return found


def _performance(reading: Reading, labels: Told, spec: Spec) -> list[Judged]:
    if not labels.count:
        return []
    by_revision: dict[str, list[Part]] = {}
    for part in reading.parts:
        by_revision.setdefault(part.revision, []).append(part)
    return [judged(parts, labels) for parts in by_revision.values()]


def _of_labels(labels: Told, performance: Sequence[Judged]) -> list[str]:
    if not labels.count:
        return []
    notes = []
    unknown = min((each.unknown for each in performance), default=labels.count)
    if unknown and len(performance) <= 1:
        notes.append(f"{unknown:,} of {labels.count:,} labels are of requests that are not here.")
    if labels.again:
        notes.append(f"{labels.again:,} labels were told again: the last one counts.")
    return notes


def _of_state(seen: DeploymentView, windows: Sequence[Window], now: datetime, width: timedelta) -> list[str]:
    notes = []
    if seen.state is State.DOWN:
        notes.append(f"{seen.name} is down. {seen.problem}".strip())
    if not windows:
        notes.append("Nothing was asked in that time.")
    elif (newest := max(each.end for each in windows)) <= now - width:
        notes.append(f"Nothing was asked since {newest:%Y-%m-%d %H:%M} UTC.")
    return notes


def _traffic(history: History, seen: DeploymentView) -> tuple[tuple[Traffic, ...], dict[str, Counted]]:
    """Since the look before. A router that was started again begins at nothing."""
    if seen.since is None:
        return (), history.counted
    found = []
    counted = {}
    for each in seen.revisions:
        if not each.role:
            continue
        name = str(each.number)
        before = history.counted.get(name)
        here = Counted(since=seen.since, requests=each.traffic.requests, failed=each.traffic.failed)
        counted[name] = here
        if before is None or before.since != here.since or before.requests > here.requests:
            before = Counted(since=here.since, requests=0, failed=0)
        found.append(
            Traffic(revision=name, requests=here.requests - before.requests, failed=here.failed - before.failed)
        )
    return tuple(found), counted


def _silence(
    found: findings.Found, spec: Spec, windows: Sequence[Window], rules: Rules, now: datetime, width: timedelta
) -> None:
    """Of the last window that is over, if the deployment was there from its beginning."""
    end = start_of(now - GRACE, width)
    revision = spec.revision(spec.stable)
    if revision is None or not spec.is_wanted or revision.created > end - width or not spec.share:
        return
    requests = sum(each.requests for each in windows if each.end == end and each.revision == str(spec.stable))
    findings.silence(found, (end - width, end), requests / spec.share, rules)


def _newest(windows: Sequence[Window], revision: str) -> Window | None:
    return next((each for each in reversed(windows) if each.revision == revision and each.rows >= LEAST_ROWS), None)
