"""Lists of runs without MLflow, and the same through MLflow's client."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.model.run import DatasetUse, Tags
from nbmlops.track import address, lists, lists_client, lists_sqlite, orphans, runs_client, runs_sqlite
from nbmlops.track.conditions import Kind, holds, read_condition, read_name
from nbmlops.track.messages import Point
from nbmlops.track.query import Query
from nbmlops.track.writer import Writer

NOW = 1_760_000_000_000


class Filled:
    def __init__(self, root: Path) -> None:
        self.uri = address.tracking_uri(root)
        address.prepare(root, self.uri)
        self.writer = Writer(self.uri, root)
        self.ids: dict[str, str] = {}
        for number, (name, experiment) in enumerate([("a", "x"), ("b", "x"), ("c", "y"), ("a", "x")]):
            run = self.writer.open_run(
                name,
                experiment,
                tags={Tags.SESSION: f"s{number}"},
                params={"n": str(number)},
                parent=self.ids.get("b") if name == "c" else None,
                started_ms=NOW + number * 1000,
            )
            self.ids[f"{name}{number}" if number == 3 else name] = run
            if name != "b":
                self.writer.log_metrics(run, [Point("loss", float(number), 0, NOW)])
        self.writer.end_run(self.ids["a"], ended_ms=NOW + 500)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Filled:
    return Filled(tmp_path_factory.mktemp("project"))


def path_of(filled: Filled) -> Path:
    path = address.sqlite_path(filled.uri)
    assert path is not None
    return path


def names(runs: Any) -> str:
    return " ".join(run.name for run in runs)


def test_newest_first_and_by_a_metric_with_those_without_it_last(filled: Filled) -> None:
    assert names(lists.list_runs(filled.uri)) == "a c b a"
    assert names(lists.list_runs(filled.uri, order_by="loss", descending=False)) == "a c a b"
    assert names(lists.list_runs(filled.uri, order_by="name", descending=False, limit=2, offset=1)) == "a b"


def test_filters(filled: Filled) -> None:
    assert names(lists.list_runs(filled.uri, experiment="y")) == "c"
    assert names(lists.list_runs(filled.uri, experiment="none")) == ""
    assert names(lists.list_runs(filled.uri, parents_only=True)) == "a b a"
    assert names(lists.list_runs(filled.uri, status="FINISHED")) == "a"
    assert names(lists.list_runs(filled.uri, params={"n": "1"})) == "b"
    assert names(lists.list_runs(filled.uri, tags={Tags.SESSION: "s2"})) == "c"


def query(sort: str = "started", **options: Any) -> Query:
    conditions = tuple(read_condition(text) for text in options.pop("filter", ()))
    return Query(order_by=read_name(sort), conditions=conditions, **options)


QUERIES = (
    query(),
    query(experiment="x"),
    query(parents_only=True),
    query(limit=2, offset=1),
    query(params={"n": "1"}),
    query("loss"),
    query("n", descending=False),
    query("seconds"),
    query("experiment"),
    query("tags.mlflow.parentRunId"),
    query(filter=["loss >= 2"]),
    query(filter=["loss > 1e-7", "loss < 1e300", "loss != inf"]),
    query(filter=["loss != 2", "n != 0"]),
    query(filter=["n > 0", "n < 3.0"]),
    query(filter=["name ~ B"]),
    query(filter=["params.n = 2.0"]),
    query(filter=["params.n ~ 2"]),
    query(filter=["params.n < x"]),
    query(filter=["status = running"]),
    query(filter=["experiment != y"]),
    query(filter=[f"tags.{Tags.SESSION} = s2"]),
    query(filter=["seconds < 1"]),
    query(filter=["started > 2026-01-01", "seconds < 1"]),
    query(filter=["metrics.loss = nan"]),
    query(filter=["nothing = 3"]),
    query(search="C"),
    query(search="Ä"),
    query(search="s1"),
    query(is_deleted=True),
)


@pytest.mark.parametrize("asked", QUERIES, ids=range(len(QUERIES)))
def test_the_client_gives_the_same_lists(filled: Filled, asked: Query) -> None:
    own = runs_sqlite.page(path_of(filled), asked)
    assert runs_client.runs(filled.uri, asked) == own.runs
    other = runs_client.page(filled.uri, asked)
    assert other.runs == own.runs
    assert other.total == own.total or not other.is_total
    every = runs_sqlite.runs(path_of(filled), query(limit=1000))
    if asked.conditions and all(each.of.kind is not Kind.ANY for each in asked.conditions):
        assert {run.id for run in own.runs} == {
            run.id for run in every if all(holds(each, run) for each in asked.conditions)
        }


def test_the_client_gives_the_same_families_and_names(filled: Filled) -> None:
    assert lists_client.children(filled.uri, filled.ids["b"]) == lists.children(filled.uri, filled.ids["b"])
    assert [view.id for view in lists_client.matching(filled.uri, "a")] == [filled.ids["a3"]]


def test_a_run_is_found_by_id_by_its_beginning_and_by_name(filled: Filled) -> None:
    wanted = filled.ids["c"]
    assert lists.find_run(filled.uri, wanted).id == wanted
    assert lists.find_run(filled.uri, wanted[:20]).id == wanted
    assert lists.find_run(filled.uri, "a").id == filled.ids["a3"]
    assert lists.find_run(filled.uri, "c").parent == filled.ids["b"]


def test_a_run_that_is_not_there_names_near_ones(filled: Filled) -> None:
    with pytest.raises(NotFoundError, match="There is no run zzz"):
        lists.find_run(filled.uri, "zzz")
    run = filled.writer.open_run("baseline", "z", tags={}, params={})
    with pytest.raises(NotFoundError, match="Near names: baseline"):
        lists.find_run(filled.uri, "basline")
    filled.writer.client.delete_run(run)


def test_an_ambiguous_beginning_is_refused(filled: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists_sqlite, "ids_starting", lambda path, ref, stage: ("abcd1", "abcd2"))
    with pytest.raises(UsageError, match="abcd is the beginning of 2 run ids"):
        lists.find_run(filled.uri, "abcd")


def test_datasets_and_models_come_back(filled: Filled, tmp_path: Path) -> None:
    use = DatasetUse(name="t.csv", path="/data/t.csv", digest="ab" * 32, size=3, context="training")
    filled.writer.log_datasets(filled.ids["a"], [use])
    filled.writer.log_datasets(filled.ids["a"], [use])
    assert lists.datasets(filled.uri, filled.ids["a"]) == (use,)
    assert lists_client.datasets(filled.uri, filled.ids["a"]) == (use,)
    number = filled.writer.experiment("x")
    made = filled.writer.client.create_logged_model(number, name="model", source_run_id=filled.ids["a"])
    assert [model.id for model in lists.models(filled.uri, filled.ids["a"])] == [made.model_id]
    assert lists.models(filled.uri, filled.ids["a"]) == lists_client.models(filled.uri, filled.ids["a"])


def test_a_project_without_runs_has_empty_lists(tmp_path: Path) -> None:
    uri = address.tracking_uri(tmp_path)
    assert lists.list_runs(uri) == ()
    assert lists.children(uri, "x") == ()
    assert lists.datasets(uri, "x") == ()
    assert lists.models(uri, "x") == ()
    assert not lists.analyze_if_grown(uri)
    with pytest.raises(NotFoundError):
        lists.find_run(uri, "abcdef")
    assert not (tmp_path / ".nbmlops").exists()


def test_the_planner_is_told_when_the_tables_have_doubled(tmp_path: Path) -> None:
    filled = Filled(tmp_path)
    path = address.sqlite_path(filled.uri)
    assert path is not None

    def grow(count: int) -> None:
        with contextlib.closing(sqlite3.connect(path)) as database, database:
            database.executemany(
                "INSERT INTO runs (run_uuid, lifecycle_stage, experiment_id) VALUES (?, 'active', 1)",
                [(f"{number:032x}",) for number in range(grown[0], grown[0] + count)],
            )
        grown[0] += count

    grown = [0]
    assert not lists.analyze_if_grown(filled.uri)  # a handful of runs
    grow(120)
    assert lists.analyze_if_grown(filled.uri)
    assert not lists.analyze_if_grown(filled.uri)
    grow(100)
    assert not lists.analyze_if_grown(filled.uri)
    grow(60)
    assert lists.analyze_if_grown(filled.uri)


def test_the_runs_that_runs_lie_in_are_found(filled: Filled) -> None:
    listed = lists.list_runs(filled.uri)
    inner = tuple(run for run in listed if run.parent)
    assert [run.name for run in lists.parents(filled.uri, inner)] == ["b"]
    assert lists.parents(filled.uri, listed) == ()
    assert lists_client.runs_by_id(filled.uri, [filled.ids["b"]]) == lists.parents(filled.uri, inner)


def test_lists_of_a_file_do_not_import_mlflow(filled: Filled) -> None:
    code = (
        "import sys; from nbmlops.track import lists; lists.list_runs(sys.argv[1]);assert 'mlflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, filled.uri], check=True)


def test_running_runs_of_dead_sessions_are_killed_and_others_left(tmp_path: Path) -> None:
    filled = Filled(tmp_path)
    ended = orphans.end_orphans(filled.uri, lambda session: session == "s1")
    assert set(ended) == {filled.ids["c"], filled.ids["a3"]}
    found = {run.id: run for run in lists.list_runs(filled.uri)}
    assert found[filled.ids["c"]].status == "KILLED"
    assert "gone" in found[filled.ids["c"]].tags[Tags.FAILURE]
    assert found[filled.ids["b"]].status == "RUNNING"
    assert found[filled.ids["a"]].status == "FINISHED"
    assert orphans.end_orphans(filled.uri, lambda session: False) == (filled.ids["b"],)
    assert orphans.end_orphans(filled.uri, lambda session: False) == ()


def test_orphans_are_ended_through_the_client_as_well(tmp_path: Path) -> None:
    filled = Filled(tmp_path)
    ended = orphans._end_through_client(filled.uri, lambda session: session == "s1")
    assert set(ended) == {filled.ids["c"], filled.ids["a3"]}
