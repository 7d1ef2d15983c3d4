"""Kill a process at every point of a snapshot, a restore and a gc in turn, and look at what is left.

    python -m tests.unit.store.crash SCENARIO FOLDER     # prints how often it was killed

Each attempt is a fork of this process, so that a hundred of them cost no hundred starts.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path

import zstandard

from nbmlops.lib import failpoints
from nbmlops.lib.digest import digest_bytes
from nbmlops.model.snapshot import SnapshotRecord
from nbmlops.ops import gc as gc_op
from nbmlops.ops.call import Call
from nbmlops.ops.snapshot import take_data
from nbmlops.ops.verify import Request as VerifyRequest
from nbmlops.ops.verify import verify
from nbmlops.project import Project
from nbmlops.snapshot.find import load
from nbmlops.snapshot.restore import plan, restore
from nbmlops.store import sweep, writing

NOISE = random.Random(1).randbytes(700_000)


def forked(act: Callable[[], None], wish: str = "") -> int:
    """Exit code of `act` in a process of its own, killed where the wish says."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            failpoints._wish = wish
            act()
            code = 0
        except BaseException:  # noqa: BLE001 - told, and the exit code says so
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def fill(root: Path, version: str) -> None:
    data = root / "data"
    data.mkdir(exist_ok=True)
    (data / "large.bin").write_bytes(NOISE[:350_000] + version.encode() + NOISE[350_000:])
    (data / "small.csv").write_text(f"version\n{version}\n")
    (data / "same.csv").write_text("always\n")


def files_in(folder: Path) -> dict[str, bytes]:
    """By name, without what a killed writer has left half done."""
    names = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".nbmlops-")]
    return {path.name: path.read_bytes() for path in names}


def restored(project: Project, digest: str, to: Path) -> dict[str, bytes]:
    actions = plan(load(digest, project.objects), target=to, paths=(), elsewhere=True, stats=project.stats)
    restore(actions, objects=project.objects, force=True)
    return files_in(to)


def check(root: Path) -> None:
    """Every snapshot that is listed can be restored, the named one is listed, and nothing is damaged."""
    project = Project.find(root)
    records = project.records.newest(SnapshotRecord, limit=10_000)
    assert [record for record in records if record.message == "named"], "the named snapshot was lost"
    for record in records:
        found = restored(project, record.snapshot, root.parent / f"{time.monotonic_ns()}")
        version = found["small.csv"].decode().split()[1]
        assert found["large.bin"] == NOISE[:350_000] + version.encode() + NOISE[350_000:]
        assert record.message != "named" or version == "first"
    result = verify(Call(root), VerifyRequest())
    assert result.exit_code == 0, result


def first(root: Path) -> None:
    project = Project.init(root)
    fill(root, "first")
    # One file as the first layout kept it.
    data = (root / "data" / "same.csv").read_bytes()
    loose = project.objects.loose.path(digest_bytes(data))
    loose.parent.mkdir(parents=True)
    loose.write_bytes(b"NBO1\x01" + zstandard.compress(data))
    take_data(project, [root / "data"], message="named")


def take_one(root: Path, number: int) -> None:
    fill(root, str(number))
    take_data(Project.find(root), [root / "data"])


def restore_first(root: Path, number: int) -> None:
    project = Project.find(root)
    named = next(record for record in project.records.oldest(SnapshotRecord) if record.message == "named")
    target = root.parent / "target"
    # What an attempt that was killed has left is whole, file by file.
    fill(root, "first")
    wanted = files_in(root / "data")
    assert files_in(target).items() <= wanted.items()
    shutil.rmtree(target, ignore_errors=True)
    assert restored(project, named.snapshot, target) == wanted


def collect(root: Path, number: int) -> None:
    sweep.YOUNG_SECONDS = gc_op.YOUNG_SECONDS = -1
    result = gc_op.gc(Call(root), gc_op.Request(older_than="0"))
    assert result.freed > 0


def run(root: Path, act: Callable[[Path, int], None], before: Callable[[Path, int], None] | None = None) -> int:
    assert forked(lambda: first(root)) == 0
    for number in range(1, 200):
        if before is not None:
            for more in range(3):
                assert forked(partial(before, root, number * 10 + more)) == 0
        code = forked(partial(act, root, number), f"kill@{number}")
        assert code in (0, -signal.SIGKILL), code
        assert forked(lambda: check(root)) == 0
        if code == 0:
            return number - 1
    raise AssertionError("it never came through")


def main(scenario: str, folder: str) -> None:
    writing.PACK_BYTES = 250_000  # several packs for a snapshot
    root = Path(folder)
    if scenario == "snapshot":
        print(run(root, take_one))
    elif scenario == "restore":
        print(run(root, restore_first))
    else:
        print(run(root, collect, take_one))


if __name__ == "__main__":
    main(*sys.argv[1:])
