"""The page of an explanation: whole by itself, and harmless whatever names say."""

from __future__ import annotations

import re

import msgspec
import pytest

from nbmlops.attribution.report import MOST_COLUMNS, MOST_PARTS, body, report, row_body
from nbmlops.doors.render.pages.explain_model import page, picture, widget
from nbmlops.doors.render.terminal import plain_text
from nbmlops.model.attribution import CHANGE, Dependence, ExplainedRow, Importance, Outcome, Part
from nbmlops.model.evaluation import Data, Evaluated
from nbmlops.ops.explain_model import Result
from tests.unit.evaluate.test_report import read

NASTY = '<script>alert("x")</script>'


def part(name: str, amount: float, error: float | None = None) -> Part:
    return Part(name=name, value="1.5", amount=amount, error=error)


def outcome(of: str, *parts: Part) -> Outcome:
    return Outcome(of=of, answer=0.2 + sum(each.amount for each in parts), base=0.2, parts=parts)


ROW = ExplainedRow(
    row=17,
    picked="least sure",
    answer="red",
    truth="blue",
    outcomes=(
        outcome("red", part("alcohol", 0.3, 0.01), part("hue", -0.1, 0.01), part("ash", 0.0, 0.0)),
        outcome("blue", part("alcohol", -0.3), part("hue", 0.1), part("ash", 0.0)),
    ),
)


def explanation(**values: object) -> Result:
    made = Result(
        model=Evaluated(name="models:/wine@champion", estimator="sklearn.pipeline.Pipeline"),
        data=Data(place="data/test.csv", digest="ab" * 32, bytes=9, rows=80, target="kind"),
        task="classification",
        metric="accuracy",
        score=0.9,
        of="red",
        rows=80,
        repeats=10,
        confidence=0.95,
        background=80,
        method="exact Shapley values",
        importances=(
            Importance(
                name="alcohol",
                columns=("alcohol",),
                importance=0.25,
                low=0.2,
                high=0.3,
                change=0.4,
                share=1.0,
                direction=0.9,
            ),
            Importance(name="hue", columns=("hue",), importance=-0.01, change=0.1, share=0.0, direction=-0.2),
            Importance(name="ash", columns=("ash",), importance=None, why="The model failed: no."),
        ),
        explained=(ROW, ExplainedRow(row=3, picked="asked for", answer="blue", why="The model failed.")),
        curves=(
            Dependence(column="alcohol", values=("1", "2"), places=(1.0, 2.0), answers=(0.1, 0.7)),
            Dependence(column="colour", values=("red", "missing"), places=(), answers=(0.3, 0.3)),
        ),
    )
    return msgspec.structs.replace(made, **values)


@pytest.mark.parametrize(
    "found",
    [
        explanation(),
        explanation(metric=CHANGE, score=None, of="", curves=(), explained=()),
        explanation(importances=(Importance(name="a", columns=("a",), importance=0.0),)),
    ],
)
def test_the_page_is_whole_and_fetches_nothing(found: Result) -> None:
    text = report(found)
    assert text.startswith("<!doctype html>")
    assert "default-src 'none'" in text
    assert not re.findall(r"(?:https?:)?//\w", text)
    assert not set(re.findall(r"\b(?:nan|None|inf)\b", text))
    assert found.model.name in read(text).text
    assert read(body(found)).text
    assert plain_text(page(found))


def test_what_is_told() -> None:
    told = read(report(explanation(notes=("alcohol and ash move together.",)))).text
    for text in (
        "accuracy, 0.9 as it is,",
        "0.2 to 0.3",
        "rises with it",
        "The model failed: no.",
        "alcohol and ash move together.",
        "Row 17: red, truly blue (least sure)",
        "± 0.01",
        "probability of red",
        "not what causes what",
    ):
        assert text in told
    assert "falls with it" not in told


def test_names_of_columns_values_and_classes_are_text() -> None:
    nasty = outcome(NASTY, part(NASTY, 0.1), part("b", 0.2))
    found = explanation(
        importances=(Importance(name=NASTY, columns=(NASTY,), importance=1.0, why=NASTY),),
        explained=(ExplainedRow(row=1, picked=NASTY, answer=NASTY, truth=NASTY, outcomes=(nasty, nasty)),),
        curves=(Dependence(column=NASTY, values=(NASTY, NASTY), places=(), answers=(0.1, 0.2)),),
        notes=(NASTY,),
        of=NASTY,
    )
    assert NASTY not in report(found)
    assert "script" not in read(report(found)).names
    assert NASTY not in picture(found)


def test_what_is_beyond_the_first_is_folded_or_summed() -> None:
    many = tuple(Importance(name=f"c{n}", columns=(f"c{n}",), importance=1.0) for n in range(MOST_COLUMNS + 4))
    parts = tuple(part(f"c{n}", 0.5) for n in range(MOST_PARTS + 3))
    row = ExplainedRow(row=1, picked="", answer="", outcomes=(outcome("", *parts),))
    told = read(report(explanation(importances=many, explained=(row,)))).text
    assert "4 more" in told
    assert "3 more" in told
    assert "+1.5" in told
    assert "and 9 more" in plain_text(page(explanation(importances=many)))


def test_a_row_alone_shows_the_outcome_that_is_asked_for() -> None:
    assert "probability of blue" in read(row_body(ROW, 1)).text
    assert "could not be explained" in read(row_body(explanation().explained[1])).text


def test_a_notebook_has_rows_and_classes_to_pick() -> None:
    found = widget(explanation(explained=(ROW, msgspec.structs.replace(ROW, row=18))))
    row, of, drawn = found.children
    assert [label for label, _ in row.options] == ["17: red", "18: red"]
    assert "Row 17" in drawn.value
    row.value, of.value = 1, "blue"
    assert "Row 18" in drawn.value
    assert "probability of blue" in drawn.value
    alone = msgspec.structs.replace(ROW, outcomes=ROW.outcomes[:1])
    assert widget(explanation(explained=(alone,))) is None
    assert widget(explanation(explained=())) is None


def test_a_terminal_shows_bars() -> None:
    told = plain_text(page(explanation(run="0123456789abcdef", report="/x/y.html")))
    assert "████████████" in told
    assert "not measured" in told
    assert "1 more" in told
    assert "Recorded as run 0123456789ab." in told
