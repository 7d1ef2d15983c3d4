"""Objects are whole, or named as damaged; never half, never wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbmlops.errors import ConflictError, IntegrityError, NotFoundError
from nbmlops.lib.digest import digest_bytes, short
from nbmlops.store.objects import Objects

CONTENTS = {
    "nothing": b"",
    "one byte": b"x",
    "text": b"a,b,c\n" * 50_000,
    "noise": os.urandom(200_000),
    "text then noise": b"0" * 70_000 + os.urandom(3_000_000),
    "looks like an object": b"NBO1\x01(\xb5/\xfd",
}


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects(tmp_path / "objects")


def on_disk(objects: Objects) -> dict[str, int]:
    return {str(p.relative_to(objects.folder)): p.stat().st_size for p in objects.folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS.keys())
def test_what_is_kept_comes_back_however_it_came_in(objects: Objects, tmp_path: Path, content: bytes) -> None:
    digest, stored = objects.put_bytes(content)
    assert digest == digest_bytes(content)
    assert on_disk(objects) == {f"{digest[:2]}/{digest[2:]}": stored}
    assert objects.read(digest) == content
    other = Objects(tmp_path / "other")
    (tmp_path / "x").write_bytes(content)
    stored_file = other.put_file(tmp_path / "x", digest)
    assert on_disk(other) == {f"{digest[:2]}/{digest[2:]}": stored_file}
    assert other.read(digest) == content
    other.restore(digest, tmp_path / "back" / "x")
    assert (tmp_path / "back" / "x").read_bytes() == content


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=2000))
def test_any_bytes_come_back(objects: Objects, content: bytes) -> None:
    digest, _ = objects.put_bytes(content)
    assert objects.read(digest) == content


def test_content_that_shrinks_is_stored_small_and_noise_is_not_blown_up(objects: Objects) -> None:
    assert objects.put_bytes(CONTENTS["text"])[1] < 2000
    assert objects.put_bytes(CONTENTS["noise"])[1] == len(CONTENTS["noise"]) + 5


def test_the_same_content_costs_nothing_the_second_time(objects: Objects, tmp_path: Path) -> None:
    digest, _ = objects.put_bytes(b"same")
    (tmp_path / "x").write_bytes(b"same")
    before = objects.path(digest).stat().st_mtime_ns
    assert objects.put_bytes(b"same") == (digest, 0)
    assert objects.put_file(tmp_path / "x", digest) == 0
    assert objects.path(digest).stat().st_mtime_ns == before


def test_an_object_that_was_never_kept_is_not_found(objects: Objects) -> None:
    digest = digest_bytes(b"x")
    assert not objects.has(digest)
    with pytest.raises(NotFoundError, match=f"The store has no object {short(digest)}"):
        objects.read(digest)


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


DAMAGES = {
    "cut": lambda data: data[:-3],
    "empty": lambda data: b"",
    "header only": lambda data: data[:5],
    "first byte": lambda data: flipped(data, 0),
    "codec": lambda data: flipped(data, 4),
    "unknown codec": lambda data: data[:4] + b"\x07" + data[5:],
    "middle": lambda data: flipped(data, len(data) // 2),
    "last byte": lambda data: flipped(data, len(data) - 1),
    "another object": lambda data: b"NBO1\x00other",
}


@pytest.mark.parametrize("damage", DAMAGES.keys())
@pytest.mark.parametrize("content", ["text", "noise"])
def test_a_damaged_object_is_named_never_returned_and_healed(
    objects: Objects, tmp_path: Path, damage: str, content: str
) -> None:
    digest, _ = objects.put_bytes(CONTENTS[content])
    path = objects.path(digest)
    path.write_bytes(DAMAGES[damage](path.read_bytes()))  # type: ignore[no-untyped-call]
    target = tmp_path / "target"
    target.write_text("mine")
    for _ in range(2):  # the second time, it has been set aside
        with pytest.raises(IntegrityError) as caught:
            objects.restore(digest, target)
        assert caught.value.kind == "object-damaged"
        assert short(digest) in caught.value.message
    assert target.read_text() == "mine"
    assert sorted(os.listdir(tmp_path)) == ["objects", "target"]
    (tmp_path / "original").write_bytes(CONTENTS[content])
    assert objects.put_file(tmp_path / "original", digest) > 0
    assert objects.read(digest) == CONTENTS[content]


def test_a_file_that_is_no_longer_what_it_was_is_refused_and_leaves_nothing(objects: Objects, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"new")
    digest = digest_bytes(b"old")
    with pytest.raises(ConflictError) as caught:
        objects.put_file(tmp_path / "x", digest)
    assert caught.value.kind == "file-changed"
    assert on_disk(objects) == {}
    (tmp_path / "x").unlink()
    with pytest.raises(ConflictError, match="changed while it was read"):
        objects.put_file(tmp_path / "x", digest)


@pytest.mark.parametrize("executable", [False, True])
def test_a_restored_file_is_executable_only_if_it_was(objects: Objects, tmp_path: Path, executable: bool) -> None:
    digest, _ = objects.put_bytes(b"x")
    objects.restore(digest, tmp_path / "x", executable=executable)
    assert bool((tmp_path / "x").stat().st_mode & 0o100) is executable
    assert (tmp_path / "x").stat().st_mode & 0o400


def test_a_writer_killed_in_the_middle_leaves_no_half_object(tmp_path: Path) -> None:
    code = """
        import os, sys
        from pathlib import Path
        from nbmlops.store.objects import Objects
        objects = Objects(Path(sys.argv[1]))
        print("ready", flush=True)
        while True:
            objects.put_bytes(os.urandom(2_000_000))
    """
    objects = Objects(tmp_path / "objects")
    for pause in (0.05, 0.1, 0.15):
        child = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code), objects.folder], stdout=subprocess.PIPE)
        assert child.stdout is not None
        with child.stdout:
            child.stdout.readline()
            time.sleep(pause)
            os.kill(child.pid, signal.SIGKILL)
        child.wait()
    whole = [path for path in objects.folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
    assert whole
    for path in whole:
        digest = path.parent.name + path.name
        assert digest_bytes(objects.read(digest)) == digest


def test_two_writers_of_the_same_content_do_not_disturb_each_other(tmp_path: Path) -> None:
    code = """
        import sys
        from pathlib import Path
        from nbmlops.store.objects import Objects
        objects = Objects(Path(sys.argv[1]))
        for number in range(60):
            objects.put_bytes(str(number).encode() * 1000)
    """
    command = [sys.executable, "-c", textwrap.dedent(code), tmp_path / "objects"]
    children = [subprocess.Popen(command) for _ in range(2)]
    assert [child.wait(60) for child in children] == [0, 0]
    objects = Objects(tmp_path / "objects")
    assert len(on_disk(objects)) == 60
    for number in range(60):
        data = str(number).encode() * 1000
        assert objects.read(digest_bytes(data)) == data
