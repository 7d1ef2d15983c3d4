"""`runs`: windows, filters, search, order, and what a list leaves out."""

from __future__ import annotations

from typing import Any

import pytest

from nbmlops.doors.render.pages import page
from nbmlops.doors.render.terminal import plain_text
from nbmlops.errors import UsageError
from nbmlops.model.run import Tags
from nbmlops.ops.call import Call
from nbmlops.ops.runs import Request, Result, runs
from nbmlops.project import Project
from nbmlops.track import runs_sqlite
from nbmlops.track.query import Columns
from tests.unit.ops.mlflow_runs import Runs


@pytest.fixture
def filled(project: Project) -> Runs:
    made = Runs(project)
    for number in range(7):
        made.add(
            f"forest-{number}",
            params={"trees": str(number * 4), "depth": "auto" if number % 2 else str(number)},
            metrics={} if number == 3 else {"accuracy": number / 10},
            tags={"team": "red" if number < 2 else "blue"},
            status="FAILED" if number == 5 else "FINISHED",
        )
    return made


def asked(filled: Runs, **values: Any) -> Result:
    return runs(Call(filled.project.root), Request(**values))


def names(result: Result) -> str:
    return " ".join(run.name.removeprefix("forest-") for run in result.runs)


def test_windows_join_to_the_whole_list_and_know_its_length(filled: Runs) -> None:
    parts = [asked(filled, limit=3, offset=offset, sort="accuracy") for offset in (0, 3, 6, 9)]
    assert " ".join(names(part) for part in parts).split() == ["6", "5", "4", "2", "1", "0", "3"]
    assert {part.total for part in parts} == {7}
    assert "3 of 7" in plain_text(page(parts[0]))
    assert "of 7" not in plain_text(page(asked(filled)))


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"sort": "params.trees"}, "6 5 4 3 2 1 0"),
        ({"sort": "trees", "reverse": True}, "0 1 2 3 4 5 6"),
        ({"sort": "depth"}, "6 4 2 0 5 3 1"),
        ({"filter": ["accuracy > 0.3"]}, "6 5 4"),
        ({"filter": ["accuracy >= 0.1", "trees <= 8"]}, "2 1"),
        ({"filter": ["depth = auto", "status = FAILED"]}, "5"),
        ({"filter": ["tags.team = red"]}, "1 0"),
        ({"filter": ["name ~ T-2"]}, "2"),
        ({"filter": ["accuracy > 99"]}, ""),
        ({"search": "AUTO"}, "5 3 1"),
        ({"search": "red", "filter": ["trees = 4"]}, "1"),
        ({"filter": ["absent = x"]}, ""),
        ({"sort": "absent"}, "6 5 4 3 2 1 0"),
        ({"search": "%"}, ""),
        ({"experiment": "beer"}, ""),
    ],
)
def test_what_fits_in_its_order(filled: Runs, values: dict[str, Any], found: str) -> None:
    result = asked(filled, **values)
    assert names(result) == found
    assert result.total == len(found.split())


def test_a_bare_name_in_a_filter_is_a_metric_before_it_is_a_parameter(filled: Runs) -> None:
    filled.add("both", params={"accuracy": "high"}, metrics={"accuracy": 0.95})
    assert names(asked(filled, filter=["accuracy > 0.9"])) == "both"
    with pytest.raises(UsageError, match="'high' is none"):
        asked(filled, filter=["accuracy = high"])
    assert names(asked(filled, filter=["params.accuracy = high"])) == "both"


def test_a_list_sees_what_was_written_since_the_last_one(filled: Runs) -> None:
    assert asked(filled, limit=2).total == 7
    run = filled.add("new", metrics={"accuracy": 7.0})
    assert asked(filled, limit=2).total == 8
    assert names(asked(filled, limit=1, sort="accuracy")) == "new"
    filled.writer.client.delete_run(run)
    assert names(asked(filled, limit=1, sort="accuracy")) == "6"
    assert names(asked(filled, deleted=True)) == "new"


def test_a_run_inside_another_is_shown_with_it_though_it_does_not_count(filled: Runs) -> None:
    outer = filled.add("outer")
    filled.add("later")
    filled.add("inner", parent=outer)
    result = asked(filled, limit=1)
    assert ([run.name for run in result.runs], [run.name for run in result.outer]) == (["inner"], ["outer"])
    assert result.total == 10
    text = plain_text(page(result))
    assert text.index("outer") < text.index("  inner")


def test_notes_and_other_long_tags_are_not_in_lists(filled: Runs) -> None:
    filled.add("noted", tags={Tags.MLFLOW_NOTE: "x" * 5000, "short": "y"})
    (run,) = asked(filled, limit=1).runs
    assert "short" in run.tags
    assert Tags.MLFLOW_NOTE not in run.tags
    assert names(asked(filled, search="xxxxx")) == "noted"


def test_names_of_columns_are_of_runs_that_are_there(filled: Runs) -> None:
    gone = filled.add("gone", params={"lost": "1"}, metrics={"lost": 1.0}, experiment="lost")
    filled.writer.client.delete_run(gone)
    assert asked(filled).columns is None
    found = asked(filled, columns=True)
    assert found.columns == Columns(metrics=("accuracy",), params=("depth", "trees"), experiments=("wine",))
    assert "depth, trees" in plain_text(page(found))


@pytest.mark.parametrize("values", [{"offset": -1}, {"search": "x" * 2000}, {"filter": ["nonsense"]}])
def test_what_cannot_be_asked_is_refused_in_one_line(filled: Runs, values: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        asked(filled, **values)
    assert "\n" not in str(caught.value)


def test_the_order_is_made_once_for_all_windows_until_something_is_written(
    filled: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []
    real = runs_sqlite._ids
    monkeypatch.setattr(runs_sqlite, "_ids", lambda *args: (made.append(args), real(*args))[1])
    monkeypatch.setattr(runs_sqlite, "_YOUNG_SECONDS", -1.0)
    for offset in (0, 2, 4):
        asked(filled, limit=2, offset=offset, sort="accuracy")
    assert len(made) == 1
    filled.add("new")
    assert names(asked(filled, limit=9, sort="accuracy", reverse=True)).endswith("3")
    assert len(made) == 2
    asked(filled, limit=2, sort="accuracy")
    assert asked(filled, limit=2, sort="accuracy").total == 8
    assert len(made) == 3
