"""What lies beside the output while it comes into being, so that whoever is stopped goes on where they were.

    OUT.parts/plan.json             what is asked for: another plan starts anew
    OUT.parts/PLAN-00012.arrow      the rows of a part, in the form in which Arrow writes what it has in memory
    OUT.parts/PLAN-00012.json       ... and that they are all there: written last
    OUT.parts/output                what has become of the parts so far
    OUT.parts/package/              the model, laid out
    OUT.parts/lock                  held by whoever works on it

PLAN is the beginning of the plan's digest: a cluster's worker that still scores a part of an earlier plan does no harm.
The folder goes when the output is there.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from nbmlops.errors import ConflictError, IntegrityError
from nbmlops.lib.digest import short
from nbmlops.lib.failpoints import failpoint
from nbmlops.lib.files import refusing_disk_errors, write_atomic
from nbmlops.model.batch_scoring import ScoredPart, ScoringPlan
from nbmlops.model.documents import decode, encode, identity

PACKAGE = "package"


class WorkFolder:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.plan_id = ""
        """Once there is a plan."""

    @property
    def package(self) -> Path:
        return self.path / PACKAGE

    @property
    def has_begun(self) -> bool:
        return (self.path / "plan.json").is_file()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Raises ConflictError while another process works on the same output."""
        with refusing_disk_errors(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise ConflictError(
                    f"Another `batch` is writing {self.path.name.removesuffix('.parts')} now.",
                    kind="output-busy",
                    hint="Wait for it, or choose another output.",
                ) from None
            yield
        finally:
            os.close(handle)

    def begin(self, plan: ScoringPlan) -> tuple[dict[int, ScoredPart], bool]:
        """What is finished of this plan already, and whether another one had to give way."""
        file = self.path / "plan.json"
        before = file.read_bytes() if file.is_file() else b""
        wanted = encode(plan)
        self.plan_id = short(identity(plan))
        for each in self.path.iterdir():
            is_kept = each.suffix in (".arrow", ".json") and before == wanted
            if each.name not in ("lock", PACKAGE) and not is_kept:
                _remove(each)
        if before == wanted:
            return self._finished(plan), False
        write_atomic(file, wanted, durable=True)
        return {}, bool(before)

    def plan(self) -> ScoringPlan:
        found = decode((self.path / "plan.json").read_bytes(), ScoringPlan, place=str(self.path / "plan.json"))
        self.plan_id = short(identity(found))
        return found

    def rows_of(self, number: int) -> Path:
        return self.path / f"{self.plan_id}-{number:05d}.arrow"

    def finish(self, done: ScoredPart) -> None:
        failpoint("batch-part")
        write_atomic(self._told(done.number), encode(done))

    def scored(self, number: int) -> ScoredPart:
        path = self._told(number)
        return decode(path.read_bytes(), ScoredPart, place=str(path))

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)

    def _told(self, number: int) -> Path:
        return self.path / f"{self.plan_id}-{number:05d}.json"

    def _finished(self, plan: ScoringPlan) -> dict[int, ScoredPart]:
        """A part whose rows are not as long as they were, after the machine has crashed, is none."""
        found = {}
        for part in plan.parts:
            with contextlib.suppress(OSError, IntegrityError):
                done = self.scored(part.number)
                if done.bad is None and self.rows_of(part.number).stat().st_size == done.size:
                    found[part.number] = done
        return found


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
