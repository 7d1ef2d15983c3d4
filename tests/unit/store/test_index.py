"""Looking up many digests at once gives what looking up each of them gives."""

from __future__ import annotations

import pytest

from nbmlops.lib.digest import digest_bytes
from nbmlops.project import Project
from nbmlops.store.pack import Kind


def raw(number: int) -> bytes:
    return bytes.fromhex(digest_bytes(str(number).encode()))


@pytest.mark.parametrize("others", [0, 2_000], ids=["most of the store", "few of the store"])
def test_many_digests_are_found_among_others(project: Project, others: int) -> None:
    with project.objects.writing() as writer:
        writer.put_whole([(str(number).encode(), "x") for number in range(150 + others)])
    index = project.objects.index
    pack = index.packs.names()[0]
    index.flag([(pack, raw(3), Kind.CHUNK)])
    asked = [raw(number) for number in (*range(150), *range(10_000, 10_050))]
    assert index.known(asked, [Kind.CHUNK]) == {raw(number) for number in range(150) if number != 3}
    assert index.known(asked, [Kind.RECIPE]) == set()
