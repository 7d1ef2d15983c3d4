"""The result of `evaluate`, as text, as a notebook shows it, and with a column to pick."""

from __future__ import annotations

import sys
from typing import Any

import msgspec
import pytest

from nbmlops.doors.magics.display import Interactive, Shown, shown
from nbmlops.doors.render import pages
from nbmlops.doors.render.terminal import plain_text
from nbmlops.model.evaluation import Evaluation, Rule
from nbmlops.ops.evaluate import Result
from tests.unit.evaluate.evaluations import evaluation, of_numbers, slice_of

RULE = Rule(rule="accuracy at least", value=0.9, limit=0.95, passed=False, why="It is 0.9.", line=3)


def result(found: Evaluation, **values: Any) -> Result:
    return Result(**{name: getattr(found, name) for name in found.__struct_fields__}, **values)


def test_the_page_tells_figures_slices_and_the_gate() -> None:
    found = result(evaluation(gate=(RULE,), passed=False), run="f" * 32)
    text = plain_text(pages.page(found), 200)
    assert "tuned against models:/wine@champion: 120 rows of data/test.csv, predicting kind" in text
    assert "0.85 to 0.94" in text
    assert "not kept: It is 0.9." in text
    assert "The gate is not passed." in text
    assert "Recorded as run ffffffffffff." in text
    assert pages.exit_code(found) == 1
    assert pages.exit_code(msgspec.structs.replace(found, passed=True)) == 0
    assert pages.exit_code(msgspec.structs.replace(found, passed=None)) == 0


def test_the_page_of_numbers_alone() -> None:
    text = plain_text(pages.page(result(of_numbers())), 200)
    assert "0.4 to 0.6" in text
    assert "gate" not in text


def test_what_was_promoted_is_told() -> None:
    found = result(evaluation(passed=True), promoted="models:/wine@champion", version="3", before="2")
    assert "models:/wine@champion is version 3 now, until now version 2." in plain_text(pages.page(found), 200)
    assert "models:/wine@champion is version 3 now." in pages.picture(found)


def test_a_notebook_shows_the_report() -> None:
    bundle = Shown(result(evaluation()))._repr_mimebundle_()
    assert "<svg" in bundle["text/html"]
    assert "tuned against" in bundle["text/plain"]


def test_a_column_can_be_picked() -> None:
    found = result(evaluation(slices=(slice_of("red"), slice_of("4", column="doors"), slice_of("blue"))))
    display = shown(found)
    assert isinstance(display, Interactive)
    picked, table = display._widget.children
    assert picked.options == ("colour", "doors")
    assert "red" in table.value
    assert "blue" in table.value
    picked.value = "doors"
    assert "doors" in table.value
    assert "red" not in table.value


def test_the_report_is_shown_before_the_column_to_pick(capsys: pytest.CaptureFixture[str]) -> None:
    display = shown(result(evaluation(slices=(slice_of("red"), slice_of("4", column="doors")))))
    assert isinstance(display, Interactive)
    display._ipython_display_()
    told = capsys.readouterr().out
    assert 0 <= told.index("<svg") < told.index("VBox(")


def test_without_widgets_or_columns_the_report_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not isinstance(shown(result(evaluation())), Interactive)
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    two = result(evaluation(slices=(slice_of("red"), slice_of("4", column="doors"))))
    display = shown(two)
    assert not isinstance(display, Interactive)
    assert "<svg" in display._repr_mimebundle_()["text/html"]
