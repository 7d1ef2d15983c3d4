from __future__ import annotations

import re
import time
from datetime import UTC

import pytest

from nbmlops.lib import clock


def test_an_id_is_26_characters_of_crockfords_alphabet() -> None:
    assert re.fullmatch(r"[0-9a-hjkmnp-tv-z]{26}", clock.new_id())


def test_ids_made_later_sort_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_last", 0)  # put back afterwards: other tests go on in the present
    moments = [0, 1, 31, 32, 1_700_000_000_000, 1_700_000_000_001, 2**48 - 1]
    made = []
    for milliseconds in moments:
        monkeypatch.setattr(time, "time_ns", lambda now=milliseconds: now * 1_000_000)
        made.append(clock.new_id())
    assert made == sorted(made)


def test_ids_of_one_moment_differ() -> None:
    assert len({clock.new_id() for _ in range(2000)}) == 2000


def test_now_knows_that_it_is_utc() -> None:
    assert clock.utc_now().tzinfo is UTC


def test_ids_of_one_process_sort_in_the_order_in_which_they_were_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_last", 0)
    made = [clock.new_id() for _ in range(5000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now - 3_600_000_000_000)
    assert clock.new_id() > made[-1]
