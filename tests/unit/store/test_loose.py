"""Objects of the first layout: read as ever, named where damaged, healed into packs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import zstandard

from nbmlops.errors import IntegrityError
from nbmlops.lib.digest import digest_bytes, short
from nbmlops.store.objects import Objects

CONTENTS = {"text": b"a,b,c\n" * 50_000, "noise": os.urandom(200_000), "nothing": b""}


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects(tmp_path / "objects")


def keep(objects: Objects, content: bytes, *, packed: bool) -> str:
    """As the first version wrote it."""
    digest = digest_bytes(content)
    path = objects.loose.path(digest)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"NBO1\x01" + zstandard.compress(content) if packed else b"NBO1\x00" + content)
    return digest


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS.keys())
def test_an_object_of_the_first_layout_is_read_and_not_stored_again(
    objects: Objects, content: bytes, packed: bool
) -> None:
    digest = keep(objects, content, packed=packed)
    assert objects.has(digest)
    assert objects.read(digest) == content
    assert objects.put_bytes(content) == (digest, 0)
    assert list(objects.loose.digests()) == [digest]
    assert objects.packs.names() == ()


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
    digest = keep(objects, CONTENTS[content], packed=content == "text")
    path = objects.loose.path(digest)
    path.write_bytes(DAMAGES[damage](path.read_bytes()))  # type: ignore[no-untyped-call]
    target = tmp_path / "target"
    target.write_text("mine")
    for _ in range(2):  # the second time, it has been set aside
        with pytest.raises(IntegrityError) as caught:
            objects.restore(digest, target)
        assert caught.value.kind == "object-damaged"
        assert short(digest) in caught.value.message
    assert target.read_text() == "mine"
    (tmp_path / "original").write_bytes(CONTENTS[content])
    assert objects.put_file(tmp_path / "original", digest) > 0
    assert objects.read(digest) == CONTENTS[content]
