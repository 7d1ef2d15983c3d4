"""What is kept between looks at a deployment: a folder of its own, and no rows of anybody's.

state.json        windows without their profiles, open findings, alarms, what routers had counted
profiles/         of the newest windows, by revision and window
looks.jsonl       a line for each look, without profiles; the oldest go first
events.jsonl      findings that have begun or ended
reference.json    the profile that was named with --data
first-N.json      of revision N, the first window that had enough rows
gauges.prom       of the last look, for the router
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from nbmlops.errors import ConflictError, IntegrityError
from nbmlops.lib.files import refusing_disk_errors, write_atomic
from nbmlops.model.drift import Drift
from nbmlops.model.finding import Event
from nbmlops.model.monitoring import LAYOUT, History, Look, Window
from nbmlops.model.profile import Profile

MOST_WINDOWS, MOST_PROFILES = 1000, 200
MOST_BYTES = 4 << 20
"""Of looks, and of events."""
_LAST = 5
"""Windows of a look, that its line tells of."""
_Document = TypeVar("_Document", bound=msgspec.Struct)


class HistoryFolder:
    def __init__(self, path: Path) -> None:
        self.path = path

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """One look at a time. Raises ConflictError where somebody else is looking."""
        with refusing_disk_errors(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            file = (self.path / "look.lock").open("w")
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ConflictError(
                    f"Somebody else is looking at {self.path.parent.name} at this moment.",
                    kind="monitor-busy",
                    hint="Try again in a moment.",
                ) from None
            yield

    def read(self) -> History:
        """With profiles as far as they are kept. Raises IntegrityError."""
        found = self.glance()
        windows = tuple(
            msgspec.structs.replace(each, profile=self._profile(each)) for each in found.windows[-MOST_PROFILES:]
        )
        return msgspec.structs.replace(found, windows=(*found.windows[:-MOST_PROFILES], *windows))

    def glance(self) -> History:
        """Without profiles: quickly. Raises IntegrityError."""
        found = self._document("state.json", History) or History()
        if found.layout > LAYOUT:
            raise IntegrityError(
                f"{self.path / 'state.json'} was written by a newer nbmlops.",
                kind="monitor-newer",
                hint="Use that one, or forget it: nbmlops monitor NAME --clear",
            )
        return found

    def write(self, history: History) -> None:
        windows = history.windows[-MOST_WINDOWS:]
        folder = self.path / "profiles"
        kept = set()
        for each in windows[-MOST_PROFILES:]:
            if each.profile is None:
                continue
            name = _name_of(each)
            kept.add(name)
            # An open window's profile grows.
            if not each.is_closed or not (folder / name).exists():
                write_atomic(folder / name, msgspec.json.encode(each.profile))
        bare = tuple(msgspec.structs.replace(each, profile=None) for each in windows)
        write_atomic(
            self.path / "state.json",
            msgspec.json.encode(msgspec.structs.replace(history, windows=bare)),
            durable=True,
        )
        for path in folder.glob("*.json"):
            if path.name not in kept:
                path.unlink(missing_ok=True)

    def add(self, look: Look) -> None:
        """Without profiles and drawings."""
        short = msgspec.structs.replace(
            look,
            windows=tuple(msgspec.structs.replace(each, profile=None) for each in look.windows[-_LAST:]),
            by_window=look.by_window[-_LAST:],
            drift=tuple((revision, _bare(drift)) for revision, drift in look.drift),
        )
        self._append("looks.jsonl", [msgspec.json.encode(short)])
        self._append("events.jsonl", [msgspec.json.encode(each) for each in look.events])

    def events(self, most: int = 50) -> tuple[Event, ...]:
        """The newest, oldest first."""
        found = []
        with contextlib.suppress(FileNotFoundError):
            for line in (self.path / "events.jsonl").read_bytes().splitlines()[-most:]:
                with contextlib.suppress(msgspec.DecodeError):
                    found.append(msgspec.json.decode(line, type=Event))
        return tuple(found)

    def reference(self, name: str) -> Profile | None:
        """`reference.json`, or `first-N.json`. Raises IntegrityError."""
        return self._document(name, Profile)

    def keep_reference(self, name: str, profile: Profile) -> None:
        write_atomic(self.path / name, msgspec.json.encode(profile))

    def clear(self) -> None:
        """All but the lock."""
        import shutil

        shutil.rmtree(self.path / "profiles", ignore_errors=True)
        for path in self.path.glob("*"):
            if path.name != "look.lock" and path.is_file():
                path.unlink(missing_ok=True)

    def _profile(self, window: Window) -> Profile | None:
        """One that is damaged is one that is not there."""
        with contextlib.suppress(FileNotFoundError, msgspec.DecodeError):
            return msgspec.json.decode((self.path / "profiles" / _name_of(window)).read_bytes(), type=Profile)
        return None

    def _document(self, name: str, kind: type[_Document]) -> _Document | None:
        path = self.path / name
        try:
            return msgspec.json.decode(path.read_bytes(), type=kind)
        except FileNotFoundError:
            return None
        except msgspec.DecodeError as error:
            raise IntegrityError(
                f"{path} cannot be read: {error}.",
                kind="monitor-damaged",
                hint="Forget what was seen: nbmlops monitor NAME --clear",
            ) from error

    def _append(self, name: str, lines: Sequence[bytes]) -> None:
        if not lines:
            return
        path = self.path / name
        with refusing_disk_errors(path):
            with path.open("ab") as file:
                # A line that a crash has cut short stays one line.
                ends = file.tell() == 0 or _last(path) == b"\n"
                file.write((b"" if ends else b"\n") + b"\n".join(lines) + b"\n")
            if path.stat().st_size > MOST_BYTES:
                rows = path.read_bytes().splitlines()
                write_atomic(path, b"\n".join(rows[len(rows) // 2 :]) + b"\n")


def closed(history: History, width_seconds: float, since: datetime) -> tuple[Window, ...]:
    """Windows that need not be read again: of this width, from `since` on."""
    return tuple(
        each
        for each in history.windows
        if each.is_closed and each.start >= since and abs((each.end - each.start).total_seconds() - width_seconds) < 1
    )


def _bare(drift: Drift) -> Drift:
    return msgspec.structs.replace(
        drift, columns=tuple(msgspec.structs.replace(each, shape=None) for each in drift.columns)
    )


def _name_of(window: Window) -> str:
    revision = "".join(each if each.isalnum() else "-" for each in window.revision)[:40] or "0"
    return f"{revision}-{window.start:%Y%m%dT%H%M%S}-{(window.end - window.start).total_seconds():.0f}.json"


def _last(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1)
