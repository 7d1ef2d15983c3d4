"""Conditions on runs as people type them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from nbmlops.errors import UsageError
from nbmlops.model.run import RunView
from nbmlops.track.conditions import Kind, Name, as_kind, found_by, holds, read_condition

BEGAN = datetime(2026, 3, 4, 12, tzinfo=UTC)
RUN = RunView(
    id="abcdef0123456789",
    name="Größe 1",
    status="FINISHED",
    experiment="wine",
    started=BEGAN,
    ended=BEGAN + timedelta(seconds=90),
    params={"trees": "10", "depth": "auto", "big": "1e3"},
    metrics={"accuracy": 0.9, "loss": float("nan"), "a=b": 1.0},
    tags={"team": "red", "mlflow.source.git.commit": "feed", "mlflow.note.content": "a Note"},
)


@pytest.mark.parametrize(
    "text",
    [
        "metrics.accuracy > 0.89",
        "metrics.accuracy=.9",
        " metrics.accuracy  <= 9e-1 ",
        "metrics.accuracy != nan",
        "metrics.loss = nan",
        "`metrics.a=b` >= 1",
        "params.trees = 10.0",
        "params.trees < 11",
        "params.big = 1000",
        "params.depth = auto",
        "params.depth != 7",
        "params.depth > 'a'",
        "params.trees ~ 1",
        "tags.team = red",
        "name ~ GRÖSSE",
        "name = 'Größe 1'",
        "status = finished",
        "experiment != beer",
        "id ~ abc",
        "seconds = 90",
        "started > 2026-03-04T11:59+00:00",
        "started < 2026-03-06",
    ],
)
def test_a_condition_that_holds(text: str) -> None:
    assert holds(read_condition(text), RUN)


@pytest.mark.parametrize(
    "text",
    [
        "metrics.accuracy > 0.9",
        "metrics.loss < 1",
        "metrics.loss != nan",
        "metrics.absent != 1",
        "params.absent != 1",
        "tags.absent != x",
        "params.depth < 7",
        "params.depth = 7",
        "params.trees = '10.0'",
        "name = wine",
        "seconds > 90",
        "started > 2026-03-06",
    ],
)
def test_a_condition_that_does_not(text: str) -> None:
    assert not holds(read_condition(text), RUN)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("accuracy", "at letter 9 one of = != < <= > >= ~ is missing"),
        ("accuracy ! 3", "at letter 10 one of"),
        ("accuracy >> 0.9", "at letter 11 there is one operator too many"),
        ("> 3", "a name is missing at letter 1"),
        ("", "a name is missing at letter 1"),
        ("accuracy >", "a value is missing at letter 11"),
        ("`a=b > 1", "the backtick at letter 1 is not closed"),
        ("metrics.accuracy > high", "accuracy is a number, and 'high' is none"),
        ("metrics.accuracy ~ 1", "~ is for texts"),
        ("seconds > long", "seconds is a number"),
        ("started = 2026-01-01", "times are compared with"),
        ("started > yesterday", "'yesterday' is no time"),
        ("name ~ " + "x" * 2000, "longer than 1000 letters"),
        ("a\nb", "at letter 4 one of"),
    ],
)
def test_a_malformed_condition_is_refused_in_one_line_with_the_place(text: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_condition(text)
    assert why in caught.value.message
    assert "\n" not in str(caught.value)
    assert caught.value.kind == "filter-malformed"


def test_a_bare_name_is_told_what_it_is() -> None:
    condition = read_condition("trees > 9")
    assert condition.of == Name(Kind.ANY, "trees")
    assert holds(as_kind(condition, Kind.PARAM), RUN)
    assert not holds(as_kind(condition, Kind.METRIC), RUN)
    with pytest.raises(UsageError, match="accuracy is a number"):
        as_kind(read_condition("accuracy = high"), Kind.METRIC)


@pytest.mark.parametrize("text", ["größe", "WIN", "abcd", "AUTO", "red", "note"])
def test_a_text_is_found(text: str) -> None:
    assert found_by(text, RUN)


@pytest.mark.parametrize("text", ["beer", "feed", "bcdef", "trees"])
def test_names_of_things_and_digests_are_not_searched(text: str) -> None:
    assert not found_by(text, RUN)
