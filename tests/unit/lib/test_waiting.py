"""Waiting for a descriptor, whatever its number."""

from __future__ import annotations

import contextlib
import fcntl
import os
import resource
from collections.abc import Iterator

import pytest

from nbmlops.lib.waiting import readable, writable


@pytest.fixture(params=[0, 2000])
def pipe(request: pytest.FixtureRequest) -> Iterator[tuple[int, int]]:
    """Also one with numbers that `select` does not take."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if request.param >= limit - 100:
        pytest.skip(f"a process may hold {limit} files here")
    # The next free ones from there on: another test may hold some.
    made = os.pipe()
    ends = fcntl.fcntl(made[0], fcntl.F_DUPFD, request.param), fcntl.fcntl(made[1], fcntl.F_DUPFD, request.param)
    for end in made:
        os.close(end)
    yield ends
    for end in ends:
        with contextlib.suppress(OSError):
            os.close(end)


def test_something_to_read_and_its_end(pipe: tuple[int, int]) -> None:
    incoming, outgoing = pipe
    assert not readable(incoming, 0)
    assert not readable(incoming, 0.01)
    os.write(outgoing, b"1")
    assert readable(incoming, 0)
    os.read(incoming, 1)
    os.close(outgoing)
    assert readable(incoming, 0)


def test_room_to_write_into_and_a_broken_end(pipe: tuple[int, int]) -> None:
    incoming, outgoing = pipe
    assert writable(outgoing, 0)
    os.set_blocking(outgoing, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(outgoing, b"0" * 65536)
    assert not writable(outgoing, 0.01)
    os.close(incoming)
    assert writable(outgoing, 0)
