"""What a job's process is started with, and what is read of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from nbmlops.doors.server import process
from nbmlops.doors.server.process import environment, lines_of


def read(chunks: Sequence[bytes]) -> list[bytes]:
    async def reading() -> list[bytes]:
        stream = asyncio.StreamReader()
        for chunk in chunks:
            stream.feed_data(chunk)
        stream.feed_eof()
        return [line async for line in lines_of(stream)]

    return asyncio.run(reading())


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_lines_are_whole_however_they_arrive(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_CHUNK", size)
    assert read([b"one\ntwo\n\nthree\nnot ended"]) == [b"one", b"two", b"", b"three"]


def test_a_long_line_comes_whole() -> None:
    line = b"x" * (3 << 20)
    assert read([line, b"\nend\n"]) == [line, b"end"]


def test_a_line_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "LARGEST_LINE", 1000)
    with pytest.raises(ValueError, match="a line of more than"):
        read([b"x" * 2000])


def test_a_job_gets_the_environment_without_what_opens_the_server() -> None:
    given = {
        "JPY_SESSION_NAME": "x", "JPY_API_TOKEN": "x", "JUPYTER_TOKEN": "x", "JUPYTER_TOKEN_FILE": "x",
        "JUPYTERHUB_API_TOKEN": "x", "JUPYTER_PATH": "/share", "JUPYTER_CONFIG_DIR": "/config", "HF_TOKEN": "theirs",
        "PATH": "/bin",
    }  # fmt: skip
    assert sorted(environment(given)) == ["HF_TOKEN", "JUPYTER_CONFIG_DIR", "JUPYTER_PATH", "PATH"]
