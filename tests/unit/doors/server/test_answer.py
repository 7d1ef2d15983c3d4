"""Two answers that say the same have the same mark."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from nbmlops.doors.server.answer import answer


class Told(msgspec.Struct, frozen=True, kw_only=True):
    value: int
    now: datetime


def test_only_the_time_of_the_answer_makes_it_no_other() -> None:
    morning, evening = datetime(2026, 1, 1, 8, tzinfo=UTC), datetime(2026, 1, 1, 20, tzinfo=UTC)
    first, second = answer(Told(value=1, now=morning)), answer(Told(value=1, now=evening))
    assert first.etag == second.etag
    assert first.body != second.body
    assert answer(Told(value=2, now=morning)).etag != first.etag
    assert answer({"value": 1}).etag.startswith('W/"')
