"""What counts as a difference, and what does not."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest

from nbmlops.model.cell import CellFailure, Execution, Outcome
from nbmlops.replay.judge import compare_cells, compare_figures, compare_texts, in_order


def ran(source: str, outcome: Outcome = Outcome.OK) -> Execution:
    failure = CellFailure(error="ValueError", message="no") if outcome is Outcome.ERROR else None
    return Execution(
        id=source,
        session="s",
        notebook="n.ipynb",
        order=1,
        source=source,
        started=datetime(2026, 1, 1, tzinfo=UTC),
        seconds=0.0,
        outcome=outcome,
        failure=failure,
    )


def printed(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def value(**data: str) -> dict[str, Any]:
    return {"output_type": "execute_result", "data": {k.replace("_", "/", 1): v for k, v in data.items()}}


def failed(text: str) -> dict[str, Any]:
    return {"output_type": "error", "ename": "E", "evalue": text}


def found(before: list[dict[str, Any]], after: list[dict[str, Any]], source: str = "f()") -> list[tuple[str, str]]:
    cell = ran(source)
    return [(d.expected, d.actual) for d in compare_cells([cell], [cell], {cell.id: before}, {cell.id: after})]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([printed("a\n"), printed("b\n")], [printed("a\nb\n")]),
        ([printed("w", "stderr")], []),
        ([value(text_plain="<f at 0x7f0123456789>")], [value(text_plain="<f at 0x7fabcdefabcd>")]),
        ([printed("CPU times: user 1 s\nWall time: 2 s\n")], [printed("CPU times: user 3 s\nWall time: 4 s\n")]),
        ([value(text_html="<div id=1>", text_plain="x")], [value(text_html="<div id=2>", text_plain="x")]),
        ([printed("\n")], []),
    ],
)
def test_these_are_the_same(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
    assert found(before, after) == []


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ([printed("a\nb 1\n")], [printed("a\nb 2\n")], ("b 1", "b 2")),
        ([printed("a\n")], [printed("a\nb\n")], ("nothing more", "b")),
        ([value(text_plain="1")], [], ("1", "nothing")),
        ([value(image_png="AAA")], [value(image_png="BBB")], ("a picture (image/png)", "another picture")),
        ([failed("1")], [failed("2")], ("E: 1", "E: 2")),
    ],
)
def test_these_differ(before: list[dict[str, Any]], after: list[dict[str, Any]], told: tuple[str, str]) -> None:
    assert found(before, after) == [told]


def test_what_a_shell_command_shows_is_told_but_does_not_count_and_our_own_words_are_not_compared() -> None:
    cell = ran("!ls")
    (difference,) = compare_cells([cell], [cell], {cell.id: [printed("a")]}, {cell.id: [printed("b")]})
    assert not difference.counts
    assert found([printed("1 s ago")], [printed("2 s ago")], "%mlops runs") == []
    assert found([printed("made a project")], [], "%load_ext nbmlops") == []


def test_a_cell_that_failed_and_now_does_not_or_the_other_way_round() -> None:
    good, bad = ran("f()"), ran("f()", Outcome.ERROR)
    (first,) = compare_cells([good], [bad], {}, {})
    assert (first.what, first.expected, first.actual) == ("outcome", "ok", "ValueError: no")
    (second,) = compare_cells([bad], [good], {}, {})
    assert (second.expected, second.actual) == ("error", "ok")
    (third,) = compare_cells([good], [], {}, {})
    assert third.actual == "not executed"


def test_figures_are_equal_within_the_tolerance_and_clocks_are_left_out() -> None:
    def figures(before: dict[str, float], after: dict[str, float], tolerance: float = 1e-9) -> list[str]:
        return [d.what for d in compare_figures("metric", before, after, cell=1, source="", tolerance=tolerance)]

    assert figures({"a": 1.0}, {"a": 1.0 + 1e-12, "b": 2.0}) == []
    assert figures({"a": 1.0}, {"a": 1.001}) == ["metric a"]
    assert figures({"a": 1.0}, {"a": 1.001}, 0.01) == []
    assert figures({"a": math.nan}, {"a": math.nan}) == []
    assert figures({"a": 1.0, "b": 1.0}, {"b": math.nan}) == ["metric a", "metric b"]
    assert figures({"fit_seconds": 1.0, "wall_time": 2.0}, {}) == []


def test_texts_and_the_order_of_differences() -> None:
    late = compare_texts("parameter", {"p": "1"}, {"p": "2"}, cell=2, source="")
    early = compare_figures("metric", {"m": 1.0}, {}, cell=1, source="", tolerance=0.0)
    cell = ran("f()")
    shown = compare_cells([cell], [cell], {cell.id: [printed("1")]}, {cell.id: [printed("2")]})
    assert [d.what for d in in_order((*late, *early, *shown))] == ["output", "metric m", "parameter p"]
