from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import numpy as np
import pytest

from nbmlops.errors import UnavailableError
from nbmlops.serve.batching import Batcher
from nbmlops.serve.rows import Array


def row(value: float) -> Array:
    return np.array([[value]])


class Sums:
    """Adds one; remembers how many rows it was asked with, and in which thread."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.asked: list[int] = []
        self.threads: set[int] = set()

    def __call__(self, rows: Array) -> Any:
        time.sleep(self.seconds)
        self.asked.append(len(rows))
        self.threads.add(threading.get_ident())
        if (rows == -1).any():
            raise ValueError("minus one")
        return rows[:, 0] + 1


async def ask(batcher: Batcher, values: list[float]) -> list[Any]:
    return await asyncio.gather(*(batcher.ask(row(value)) for value in values), return_exceptions=True)


@pytest.mark.parametrize("seconds", [0.0, 0.005])
def test_everybody_gets_their_own_answer(seconds: float) -> None:
    async def play() -> None:
        score = Sums(seconds)
        batcher = Batcher(score)
        for _ in range(3):
            found = await ask(batcher, [float(n) for n in range(200)])
            assert [each.tolist() for each in found] == [[n + 1] for n in range(200)]
        assert sum(score.asked) == 600
        assert len(score.asked) < 60  # together, not one by one
        assert sum(batcher.taken_sizes()) == 600
        assert batcher.taken_sizes() == []
        assert batcher.waiting == 0
        batcher.close()

    asyncio.run(play())


def test_what_takes_next_to_no_time_needs_no_thread() -> None:
    async def play() -> None:
        score = Sums()
        batcher = Batcher(score)
        for n in range(20):
            await batcher.ask(row(n))
        assert threading.get_ident() in score.threads
        slow = Sums(0.01)
        batcher = Batcher(slow)
        for n in range(5):
            await batcher.ask(row(n))
        assert threading.get_ident() not in slow.threads
        batcher.close()

    asyncio.run(play())


def test_one_that_fails_does_not_take_others_along() -> None:
    async def play() -> None:
        batcher = Batcher(Sums(0.001))
        found = await ask(batcher, [1.0, -1.0, 2.0])
        assert [found[0].tolist(), found[2].tolist()] == [[2.0], [3.0]]
        assert isinstance(found[1], ValueError)
        assert (await batcher.ask(row(4))).tolist() == [5.0]
        batcher.close()

    asyncio.run(play())


def test_too_many_are_sent_away_and_those_who_leave_make_room() -> None:
    async def play() -> None:
        score = Sums(0.02)
        batcher = Batcher(score, most_waiting=3)
        found = await ask(batcher, [float(n) for n in range(10)])
        turned = [each for each in found if isinstance(each, UnavailableError)]
        assert len(turned) == 7
        assert {each.kind for each in turned} == {"queue-full"}
        asked = len(score.asked)
        first = asyncio.create_task(batcher.ask(row(1)))
        await asyncio.sleep(0.001)
        gone = asyncio.create_task(batcher.ask(row(2)))
        await asyncio.sleep(0.001)
        gone.cancel()
        assert (await first).tolist() == [2.0]
        assert (await batcher.ask(row(3))).tolist() == [4.0]
        assert sum(score.asked[asked:]) == 2  # nobody asks for the one who has gone
        batcher.close()

    asyncio.run(play())


def test_batches_are_bounded_and_of_one_type() -> None:
    async def play() -> None:
        score = Sums(0.001)
        batcher = Batcher(score, most_rows=4)
        large = np.arange(9.0).reshape(-1, 1)
        parts = [batcher.ask(large), *(batcher.ask(row(n)) for n in range(6)), batcher.ask(np.array([[1]]))]
        found = await asyncio.gather(*parts)
        assert found[0].tolist() == (np.arange(9.0) + 1).tolist()
        assert found[-1].dtype == np.int64
        assert max(score.asked) == 9
        assert max(each for each in score.asked if each != 9) <= 4
        batcher.close()

    asyncio.run(play())
