"""Which rows a page is sent again."""

from __future__ import annotations

import msgspec

from nbmlops.doors.server import rows
from nbmlops.doors.server.rows import Shown
from nbmlops.model.run import RunView


def run(id: int, name: str = "") -> RunView:
    return RunView(id=str(id), name=name, status="FINISHED", experiment="e", metrics={"loss": 0.5})


def test_a_row_is_sent_once_until_it_changes() -> None:
    shown = Shown()
    token, new = shown.news("", (run(1), run(2)))
    assert new == (run(1), run(2))
    assert shown.news(token, (run(1), run(2))) == (token, ())
    later, new = shown.news(token, (run(1, "other"), run(2), run(3)))
    assert [row.id for row in new] == ["1", "3"]
    assert later != token
    assert shown.news(later, (run(1, "other"), run(3))) == (later, ())


def test_a_metric_that_is_no_number_does_not_make_a_row_new() -> None:
    shown, odd = Shown(), msgspec.structs.replace(run(1), metrics={"loss": float("nan")})
    token, _ = shown.news("", (odd,))
    assert shown.news(token, (odd,)) == (token, ())


def test_what_an_older_token_stands_for_stays() -> None:
    shown = Shown()
    token, _ = shown.news("", (run(1),))
    shown.news(token, (run(2),))
    _, new = shown.news(token, (run(2),))
    assert [row.id for row in new] == ["2"]


def test_an_empty_list_has_a_token_too() -> None:
    shown = Shown()
    token, new = shown.news("", ())
    assert token
    assert new == ()
    assert shown.news(token, ()) == (token, ())


def test_tokens_that_are_not_used_are_forgotten() -> None:
    shown = Shown()
    used, _ = shown.news("", (run(1),))
    unused, _ = shown.news("", (run(1),))
    for _ in range(2 * rows._TOKENS):
        shown.news("", (run(1),))
        assert shown.news(used, (run(1),)) == (used, ())
    token, new = shown.news(unused, (run(1),))
    assert new == (run(1),)
    assert token != unused


def test_a_token_stands_for_so_many_rows_at_most() -> None:
    shown = Shown()
    token = ""
    for start in range(0, rows._ROWS + 500, 500):
        token, _ = shown.news(token, tuple(run(number) for number in range(start, start + 500)))
    _, newest = shown.news(token, (run(rows._ROWS),))
    _, oldest = shown.news(token, (run(0),))
    assert (newest, oldest) == ((), (run(0),))
