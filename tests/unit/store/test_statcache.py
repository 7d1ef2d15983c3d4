"""A digest is taken from memory only where the file cannot have changed."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from nbmlops.errors import ConflictError
from nbmlops.lib.digest import digest_bytes
from nbmlops.project import Project
from nbmlops.store import statcache
from nbmlops.store.statcache import TICK_NS, StatCache, key_of, put_small

PAUSE = 3 * TICK_NS / 1e9


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Paths whose content was really read."""
    seen: list[Path] = []
    read = statcache.digest_file

    def counting(path: Path) -> str:
        seen.append(path)
        return read(path)

    monkeypatch.setattr(statcache, "digest_file", counting)
    return seen


def test_an_unchanged_file_is_read_once(project: Project, tmp_path: Path, reads: list[Path]) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"x")
    time.sleep(PAUSE)
    assert [project.stats.digest(path) for _ in range(3)] == [digest_bytes(b"x")] * 3
    assert StatCache(project.objects.index).digest(path) == digest_bytes(b"x")
    assert reads == [path]


def test_a_file_hashed_within_the_tick_of_its_change_is_not_trusted(
    project: Project, tmp_path: Path, reads: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statcache, "TICK_NS", 10_000_000_000)  # so that a slow machine is within it
    path = tmp_path / "x"
    path.write_bytes(b"x")
    project.stats.digest(path)
    project.stats.digest(path)
    assert reads == [path, path]


def test_a_change_of_equal_size_right_after_hashing_is_seen(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "x"
    for number in range(30):
        data = str(number % 10).encode()
        path.write_bytes(data)
        assert project.stats.digest(path) == digest_bytes(data)


def test_a_file_from_the_future_is_always_read(project: Project, tmp_path: Path, reads: list[Path]) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"x")
    later = time.time() + 3600
    os.utime(path, (later, later))
    time.sleep(PAUSE)
    project.stats.digest(path)
    project.stats.digest(path)
    assert reads == [path, path]


def test_a_change_that_hides_behind_its_old_time_and_size_is_seen(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"a")
    time.sleep(PAUSE)
    project.stats.digest(path)
    before = path.stat()
    path.write_bytes(b"b")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert project.stats.digest(path) == digest_bytes(b"b")


def test_a_file_replaced_by_another_of_equal_times_is_seen(project: Project, tmp_path: Path) -> None:
    path, other = tmp_path / "x", tmp_path / "y"
    path.write_bytes(b"a")
    other.write_bytes(b"b")
    time.sleep(PAUSE)
    project.stats.digest(path)
    os.replace(other, path)
    assert project.stats.digest(path) == digest_bytes(b"b")


def test_a_file_that_keeps_changing_is_named(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"")
    read = statcache.digest_file

    def while_somebody_writes(path: Path) -> str:
        digest = read(path)
        with path.open("ab") as file:
            file.write(b"more")
        return digest

    monkeypatch.setattr(statcache, "digest_file", while_somebody_writes)
    with pytest.raises(ConflictError) as caught:
        project.stats.digest(path)
    assert caught.value.facts == {"path": str(path)}


def test_a_file_that_changed_once_has_the_digest_of_its_new_content(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old")
    read = statcache.digest_file
    changes = [b"newer"]

    def while_somebody_writes(path: Path) -> str:
        digest = read(path)
        if changes:
            path.write_bytes(changes.pop())
        return digest

    monkeypatch.setattr(statcache, "digest_file", while_somebody_writes)
    assert project.stats.digest(path) == digest_bytes(b"newer")


def test_threads_may_ask_at_once(project: Project, tmp_path: Path) -> None:
    paths = [tmp_path / str(number) for number in range(20)]
    for path in paths:
        path.write_bytes(path.name.encode())
    found: dict[int, list[str]] = {}

    def ask(who: int) -> None:
        found[who] = [project.stats.digest(path) for path in paths]
        project.database.close()

    threads = [threading.Thread(target=ask, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert found == {who: [digest_bytes(path.name.encode()) for path in paths] for who in range(4)}


def test_of_many_files_only_those_that_changed_are_read(project: Project, tmp_path: Path) -> None:
    paths = [tmp_path / f"{number:03}" for number in range(300)]
    for path in paths:
        path.write_bytes(path.name.encode())
    time.sleep(PAUSE)
    for path in paths:
        project.stats.digest(path)
    paths[7].write_bytes(b"new")
    asked = {str(path): key_of(path.stat()) for path in paths[:200]}
    assert project.stats.known(asked) == {
        str(path): digest_bytes(path.name.encode()) for path in paths[:200] if path is not paths[7]
    }


def test_a_small_file_that_changed_since_it_was_listed_is_left_out(project: Project, tmp_path: Path) -> None:
    listed = {}
    for name in ("same", "longer", "gone"):
        (tmp_path / name).write_bytes(b"x")
        listed[str(tmp_path / name)] = key_of((tmp_path / name).stat())
    (tmp_path / "longer").write_bytes(b"xy")
    (tmp_path / "gone").unlink()
    with project.objects.writing() as writer:
        (kept,) = put_small(writer, listed)
    assert (kept.path, kept.digest) == (str(tmp_path / "same"), digest_bytes(b"x"))
    assert not project.objects.has(digest_bytes(b"xy"))
