from __future__ import annotations

from pathlib import Path

import pytest

from nbmlops.lib.digest import CHUNK_BYTES, digest_bytes, digest_file, short

EMPTY = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"


def test_the_digest_of_nothing_is_the_one_of_the_blake3_paper() -> None:
    assert digest_bytes(b"") == EMPTY


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])
def test_a_file_has_the_digest_of_its_bytes(tmp_path: Path, size: int) -> None:
    data = bytes(i % 251 for i in range(1000)) * (size // 1000 + 1)
    (tmp_path / "x").write_bytes(data[:size])
    assert digest_file(tmp_path / "x") == digest_bytes(data[:size])


def test_the_short_form_is_the_first_twelve() -> None:
    assert short(EMPTY) == "af1349b9f5f9"
