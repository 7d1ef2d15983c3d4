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
from nbmlops.store import writing
from nbmlops.store.database import Database
from nbmlops.store.index import SCHEMA, Index
from nbmlops.store.objects import Objects
from nbmlops.store.pack import Kind

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


def rows(objects: Objects) -> list[tuple[str, str, int]]:
    """Digest, kind and stored bytes of all that lies in packs."""
    return [
        (entry.digest.hex(), Kind(entry.kind).name, entry.stored)
        for name in objects.packs.names()
        for entry in objects.packs.trailer(name)
    ]


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS.keys())
def test_what_is_kept_comes_back_however_it_came_in(objects: Objects, tmp_path: Path, content: bytes) -> None:
    digest, stored = objects.put_bytes(content)
    assert digest == digest_bytes(content)
    assert sum(row[2] for row in rows(objects)) == stored
    assert objects.read(digest) == content
    other = Objects(tmp_path / "other" / "objects")
    (tmp_path / "x").write_bytes(content)
    assert other.put_file(tmp_path / "x", digest) == stored
    assert rows(other) == rows(objects)
    assert other.read(digest) == content
    other.restore(digest, tmp_path / "back" / "x")
    assert (tmp_path / "back" / "x").read_bytes() == content


def test_small_content_is_one_chunk_and_larger_content_a_recipe(objects: Objects) -> None:
    small, _ = objects.put_bytes(b"small")
    assert [row[:2] for row in rows(objects)] == [(small, "CHUNK")]
    large, _ = objects.put_bytes(CONTENTS["noise"])
    assert [kind for digest, kind, _ in rows(objects) if digest == large] == ["RECIPE"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=2000))
def test_any_bytes_come_back(objects: Objects, content: bytes) -> None:
    digest, _ = objects.put_bytes(content)
    assert objects.read(digest) == content


def test_content_that_shrinks_is_stored_small_and_noise_is_not_blown_up(objects: Objects) -> None:
    assert objects.put_bytes(CONTENTS["text"])[1] < 2000
    assert objects.put_bytes(CONTENTS["noise"])[1] < len(CONTENTS["noise"]) * 1.002


def test_the_same_content_costs_nothing_the_second_time(objects: Objects, tmp_path: Path) -> None:
    digest, _ = objects.put_bytes(b"same")
    (tmp_path / "x").write_bytes(b"same")
    before = objects.packs.names()
    assert objects.put_bytes(b"same") == (digest, 0)
    assert objects.put_file(tmp_path / "x", digest) == 0
    assert objects.packs.names() == before


def test_an_edit_in_the_middle_stores_what_is_around_it(objects: Objects) -> None:
    content = os.urandom(6_000_000)
    objects.put_bytes(content)
    edited = content[:3_000_000] + b"inserted" + content[3_000_000:]
    digest, stored = objects.put_bytes(edited)
    assert stored < 600_000
    assert objects.read(digest) == edited


def test_many_puts_in_one_batch_are_one_pack(objects: Objects) -> None:
    with objects.writing() as writer:
        digests = [writer.put_bytes(b"%d" % number)[0] for number in range(1000)]
        assert objects.packs.names() == ()
    assert len(objects.packs.names()) == 1
    assert [objects.read(digest) for digest in digests] == [b"%d" % number for number in range(1000)]


def test_a_batch_that_fails_leaves_nothing(objects: Objects) -> None:
    digest = digest_bytes(b"x")

    def fail() -> None:
        with objects.writing() as writer:
            assert writer.put_bytes(b"x")[0] == digest
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert os.listdir(objects.packs.folder) == []
    assert not objects.has(digest)
    objects.put_bytes(b"x")
    assert objects.read(digest) == b"x"


def test_a_full_pack_is_finished_and_the_next_one_begun(objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "PACK_BYTES", 1_000_000)
    content = os.urandom(6_000_000)
    digest, _ = objects.put_bytes(content)
    assert len(objects.packs.names()) >= 5
    assert objects.read(digest) == content


def test_an_object_that_was_never_kept_is_not_found(objects: Objects) -> None:
    digest = digest_bytes(b"x")
    assert not objects.has(digest)
    with pytest.raises(NotFoundError, match=f"The store has no object {short(digest)}"):
        objects.read(digest)


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def damage(objects: Objects, kind: Kind, place: float) -> None:
    """Flip a bit in the first entry of that kind: at its beginning (0) up to its end (1)."""
    for name in objects.packs.names():
        for entry in objects.packs.trailer(name):
            if entry.kind == kind:
                path = objects.packs.path(name)
                path.write_bytes(flipped(path.read_bytes(), entry.offset + int((entry.stored - 1) * place)))
                return
    raise AssertionError(f"there is no {kind.name}")


@pytest.mark.parametrize("place", [0, 0.5, 1])
@pytest.mark.parametrize(("content", "kind"), [("small", Kind.CHUNK), ("noise", Kind.CHUNK), ("noise", Kind.RECIPE)])
def test_a_damaged_object_is_named_never_returned_and_healed(
    objects: Objects, tmp_path: Path, place: float, content: str, kind: Kind
) -> None:
    data = {"small": b"a,b,c\n" * 100, "noise": CONTENTS["noise"]}[content]
    digest, _ = objects.put_bytes(data)
    damage(objects, kind, place)
    target = tmp_path / "target"
    target.write_text("mine")
    for reader in (objects, objects, Objects(objects.folder)):
        with pytest.raises(IntegrityError) as caught:
            reader.restore(digest, target)
        assert caught.value.kind == "object-damaged"
        assert short(digest) in caught.value.message
    assert target.read_text() == "mine"
    (tmp_path / "original").write_bytes(data)
    assert objects.put_file(tmp_path / "original", digest) > 0
    assert objects.read(digest) == data
    (objects.folder.parent / "index.db").unlink()  # and with it the memory of what was damaged
    assert Objects(objects.folder).read(digest) == data


def test_a_pack_that_is_gone_or_has_no_trailer_is_missed_and_healed(objects: Objects, tmp_path: Path) -> None:
    digest, _ = objects.put_bytes(CONTENTS["noise"])
    (name,) = objects.packs.names()
    path = objects.packs.path(name)
    whole = path.read_bytes()
    for rest in (b"", whole[: len(whole) // 2], whole[:-1], flipped(whole, len(whole) - 60)):
        path.write_bytes(rest)
        with pytest.raises((IntegrityError, NotFoundError)):
            Objects(objects.folder, Index(Database(tmp_path / f"{len(rest)}.db", SCHEMA), objects.packs)).read(digest)
    path.unlink()
    with pytest.raises(NotFoundError):
        objects.read(digest)
    assert objects.put_bytes(CONTENTS["noise"])[1] > 0
    assert objects.read(digest) == CONTENTS["noise"]


def test_what_another_process_kept_is_found_though_the_index_was_not_told(objects: Objects, tmp_path: Path) -> None:
    absent = digest_bytes(b"kept elsewhere")
    assert not objects.has(absent)
    other = Objects(tmp_path / "other" / "objects")
    other.put_bytes(b"kept elsewhere")
    (name,) = other.packs.names()
    objects.packs.adopt(other.packs.path(name), name)
    assert objects.read(absent) == b"kept elsewhere"


def test_a_pack_from_elsewhere_is_taken_in_only_whole(objects: Objects, tmp_path: Path) -> None:
    other = Objects(tmp_path / "other" / "objects")
    digest, _ = other.put_bytes(CONTENTS["noise"])
    (name,) = other.packs.names()
    bad = tmp_path / "bad"
    whole = other.packs.path(name).read_bytes()
    for place in range(4, len(whole), len(whole) // 40):
        bad.write_bytes(flipped(whole, place))
        with pytest.raises(IntegrityError):
            objects.packs.adopt(bad, name)
        assert os.listdir(objects.packs.folder) == []
    objects.packs.adopt(other.packs.path(name), name)
    assert objects.read(digest) == CONTENTS["noise"]


@pytest.mark.parametrize("rest", [b"", b"garbage" * 1000], ids=["lost", "damaged"])
def test_a_lost_or_damaged_index_is_made_again(objects: Objects, rest: bytes) -> None:
    digest, _ = objects.put_bytes(CONTENTS["noise"])
    objects.index.database.close()
    path = objects.folder.parent / "index.db"
    for each in path.parent.glob("index.db*"):
        each.unlink()
    if rest:
        path.write_bytes(rest)
    again = Objects(objects.folder)
    assert again.read(digest) == CONTENTS["noise"]
    assert again.put_bytes(CONTENTS["noise"]) == (digest, 0)


def test_a_file_that_is_no_longer_what_it_was_is_refused_and_leaves_nothing(objects: Objects, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"new")
    digest = digest_bytes(b"old")
    with pytest.raises(ConflictError) as caught:
        objects.put_file(tmp_path / "x", digest)
    assert caught.value.kind == "file-changed"
    assert os.listdir(objects.packs.folder) == []
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
    whole = [entry for name in objects.packs.names() for entry in objects.packs.trailer(name)]
    assert any(entry.kind == Kind.RECIPE for entry in whole)
    for entry in whole:
        assert digest_bytes(objects.read(entry.digest.hex())) == entry.digest.hex()


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
    assert {row[0] for row in rows(objects)} == {digest_bytes(str(n).encode() * 1000) for n in range(60)}
    for number in range(60):
        data = str(number).encode() * 1000
        assert objects.read(digest_bytes(data)) == data
