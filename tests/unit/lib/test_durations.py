"""Durations as people write them."""

from __future__ import annotations

import pytest

from nbmlops.lib.durations import lasting, seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("24h", 86_400),
        ("90", 90),
        ("1.5 h", 5400),
        ("15min", 900),
        ("1h30m", 5400),
        ("1d 2h", 93_600),
        ("250ms", 0.25),
        ("0", 0),
        ("2w", 1_209_600),
    ],
)
def test_it_is_in_seconds(text: str, seconds: float) -> None:
    assert seconds_of(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "soon", "h", "-1h", "1h soon", "1x", "1h1", "99999d", "1e9", "nan", "9" * 400])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no duration"):
        seconds_of(text)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (59, "59 s"), (100, "2 min"), (3600, "60 min"), (4 * 3600, "4 h"), (86_400 * 3, "3 d"), (-5, "1 s")],
)
def test_what_is_left_is_rounded_up(seconds: float, words: str) -> None:
    assert lasting(seconds) == words
