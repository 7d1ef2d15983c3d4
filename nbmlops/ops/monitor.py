"""`monitor`: look at what a deployment was asked and has answered, and tell what is wrong.

monitor wine
monitor wine --window 15min --since 6h -o wine.html
monitor wine --data train.csv
monitor wine --watch --every 60s
"""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Annotated

import msgspec

from nbmlops.deploy.folder import folder_of
from nbmlops.errors import ConflictError, StateError, UsageError
from nbmlops.lib.clock import utc_now
from nbmlops.lib.durations import seconds_of
from nbmlops.lib.files import refusing_disk_errors, write_atomic
from nbmlops.model.monitoring import Look
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.fields import option, positional

WRONG = 1
_LEAST_WINDOW, _LEAST_EVERY = 60.0, 1.0
_MOST_WINDOWS = 2000


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, positional("The deployment, one that keeps what it is asked.")]
    since: Annotated[str, option("How far back to look: 6h, 7d.", metavar="AGE")] = "24h"
    window: Annotated[str, option("Requests of so long are looked at together.", metavar="TIME")] = "1h"
    data: Annotated[
        str,
        option(
            "What requests are compared with from now on: a table, SNAPSHOT:path, a profile, a run. Default: what the "
            "model was trained on, if that is packed with it, else its first window.",
            short="d",
            metavar="DATA",
        ),
    ] = ""
    output: Annotated[str, option("Write a report there, as HTML.", short="o", metavar="FILE")] = ""
    once: Annotated[bool, option("Look once, as without --watch: for cron and CI.")] = False
    watch: Annotated[bool, option("Look again and again, until Ctrl-C.")] = False
    every: Annotated[str, option("How often, with --watch.", metavar="TIME")] = "60s"
    clear: Annotated[bool, option("Forget first what other looks have found, and the reference.")] = False


class Result(Look, frozen=True, kw_only=True):
    report: str = ""
    """The file that was asked for."""
    looks: int = 1

    @property
    def exit_code(self) -> int:
        return WRONG if self.findings else 0


def monitor(call: Call, request: Request) -> Result:
    """Never fails for what it finds: the result says so, and the exit code.

    Raises NotFoundError, StateError for a deployment that keeps no requests, UsageError for times and rules that are
    none, ConflictError where somebody else is looking.
    """
    from nbmlops.monitor.history import HistoryFolder

    since, window, every = _checked(request)
    if request.watch and threading.current_thread() is not threading.main_thread():
        # Nothing could interrupt it there.
        raise UsageError(
            "--watch goes on until it is interrupted, and here nobody could.",
            kind="watch-endless",
            hint="Ask for it as a job, at a terminal or in a notebook.",
        )
    folder = folder_of(call.project.layout.folder, request.name)
    spec = folder.spec()
    if not spec.monitored:
        raise StateError(
            f"{spec.name} does not keep what it is asked.",
            kind="monitor-off",
            hint=f"Let it: nbmlops deploy PACKAGE --name {spec.name} --monitor",
        )
    rules = _rules(call, spec.name)
    kept = HistoryFolder(folder.monitor)
    with kept.locked():
        if request.clear:
            kept.clear()
        if request.data:
            from nbmlops.ops.monitor_reference import keep_named

            keep_named(call, kept, request.data)
    looks = 0
    result: Result | None = None
    while True:
        try:
            try:
                result = _looked(call, request, since=since, window=window, rules=rules, looks=looks)
                looks += 1
            except ConflictError as error:
                if not request.watch:
                    raise
                # Somebody else looks in between.
                call.progress(Progress(task="monitor", note=error.message, state="skipped"))
            if result is not None and not request.watch:
                return result
            time.sleep(every)
        except KeyboardInterrupt:
            if result is None or not request.watch:
                raise
            return result


def _looked(call: Call, request: Request, *, since: timedelta, window: timedelta, rules: object, looks: int) -> Result:
    from nbmlops.monitor.history import HistoryFolder
    from nbmlops.monitor.rules import Rules
    from nbmlops.ops.monitor_look import look_at

    assert isinstance(rules, Rules)
    folder = folder_of(call.project.layout.folder, request.name)
    kept = HistoryFolder(folder.monitor)
    now = utc_now()
    with kept.locked():
        look = look_at(folder, kept, rules, now=now, since=since, width=window,
                       told=lambda what: call.progress(Progress(task="monitor", note=what)))  # fmt: skip
    result = Result(**msgspec.structs.asdict(look), looks=looks + 1)
    if request.output:
        from nbmlops.monitor.report import report

        path = call.path(request.output)
        with refusing_disk_errors(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, report(result))
        result = msgspec.structs.replace(result, report=str(path))
    note = f"{now:%H:%M:%S} {verdict(result)}" if request.watch else ""
    call.progress(Progress(task="monitor", note=note, state="failed" if result.findings else "done"))
    return result


def verdict(look: Look) -> str:
    """In a line."""
    count = len(look.findings)
    if count:
        return f"{look.deployment}: {count} {'thing is' if count == 1 else 'things are'} wrong"
    if not look.windows:
        return f"{look.deployment}: nothing to look at"
    return f"{look.deployment} is in order"


def _rules(call: Call, name: str) -> object:
    from nbmlops.monitor.rules import read
    from nbmlops.store.layout import SETTINGS

    path = call.project.home / SETTINGS
    text = path.read_text("utf-8") if path.is_file() else ""
    return read(call.project.settings.monitor, text, name)


def _checked(request: Request) -> tuple[timedelta, timedelta, float]:
    if request.once and request.watch:
        raise UsageError("--once and --watch contradict each other.", kind="watch-contradicted")
    since, window, every = (
        _seconds(name, text)
        for name, text in (("since", request.since), ("window", request.window), ("every", request.every))
    )
    if window < _LEAST_WINDOW or window % 1:
        raise UsageError(f"--window has to be {_LEAST_WINDOW:g} s or more, in whole seconds.", kind="window-malformed")
    if not window <= since <= window * _MOST_WINDOWS:
        raise UsageError(
            f"--since has to be from one to {_MOST_WINDOWS:,} windows long.",
            kind="window-malformed",
            hint="Choose another --window.",
        )
    if every < _LEAST_EVERY:
        raise UsageError(f"--every has to be {_LEAST_EVERY:g} s or more.", kind="window-malformed")
    return timedelta(seconds=since), timedelta(seconds=window), every


def _seconds(name: str, text: str) -> float:
    try:
        return seconds_of(text)
    except ValueError:
        raise UsageError(
            f"--{name} {text[:40]!r} is no duration.", kind="window-malformed", hint="Write it like 15min, 6h or 7d."
        ) from None
