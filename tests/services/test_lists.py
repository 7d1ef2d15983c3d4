"""Lists asked of a server on PostgreSQL, against the same runs in the project's own SQLite file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mlflow.entities import LoggedModelStatus

from nbmlops.model.run import RunView
from nbmlops.ops.annotate import Request as AnnotateRequest
from nbmlops.ops.annotate import annotate
from nbmlops.ops.call import Call
from nbmlops.ops.delete import Request as DeleteRequest
from nbmlops.ops.delete import delete
from nbmlops.ops.promote import Request as PromoteRequest
from nbmlops.ops.promote import promote
from nbmlops.ops.undelete import Request as UndeleteRequest
from nbmlops.ops.undelete import undelete
from nbmlops.project import Project
from nbmlops.track import address, lists
from nbmlops.track.conditions import read_condition, read_name
from nbmlops.track.messages import Point
from nbmlops.track.query import Query
from nbmlops.track.registry import version_of
from nbmlops.track.writer import Writer
from tests.services.conftest import Team
from tests.unit.ops.mlflow_runs import Runs

pytestmark = pytest.mark.slow
NOW = 1_760_000_000_000


def fill(uri: str, root: Path) -> None:
    """Families, equal names, a run without the metric, and a metric that is not a number."""
    writer = Writer(uri, root)
    parent = None
    for number in range(12):
        run = writer.open_run(
            f"run-{number % 5}",
            "lists",
            tags={"kind": "odd" if number % 2 else "even"},
            params={"n": str(number % 3)},
            parent=parent if number % 4 else None,
            started_ms=NOW + number * 1000,
        )
        if number % 4 == 0:
            parent = run
        value: float | str = "nan" if number == 5 else (number * 7 % 11) / 2
        if number != 3:
            writer.log_metrics(run, [Point("loss", value, 0, NOW), Point("a/b", float(number), 0, NOW)])
        writer.end_run(run, "FAILED" if number == 7 else "FINISHED", ended_ms=NOW + number * 1000 + 500)


@pytest.fixture(scope="module")
def both(team: Team, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    root = tmp_path_factory.mktemp("lists")
    own = address.tracking_uri(root)
    address.prepare(root, own)
    for uri in (own, team.uri):
        fill(uri, root)
    return own, team.uri


def told(runs: tuple[RunView, ...]) -> list[Any]:
    """What can be compared between two stores: not the ids."""
    return [(run.started, run.name, run.status, run.params, repr(run.metrics), bool(run.parent)) for run in runs]


QUERIES: dict[str, dict[str, Any]] = {
    "newest": {"limit": 5},
    "page": {"limit": 4, "offset": 3},
    "oldest": {"descending": False},
    "best": {"order_by": "loss"},
    "worst": {"order_by": "loss", "descending": False, "limit": 7},
    "metric with a slash": {"order_by": "a/b", "limit": 3},
    "no such metric": {"order_by": "nothing"},
    "outer ones": {"parents_only": True, "limit": 2},
    "failed": {"status": "FAILED"},
    "by tag and parameter": {"tags": {"kind": "odd"}, "params": {"n": "1"}},
    "by a value with a quote": {"params": {"n": "it's"}},
}


@pytest.mark.parametrize("query", QUERIES)
def test_a_server_gives_the_same_list(both: tuple[str, str], query: str) -> None:
    own, server = both
    assert told(lists.list_runs(server, experiment="lists", **QUERIES[query])) == told(
        lists.list_runs(own, experiment="lists", **QUERIES[query])
    )


SEARCHES: dict[str, tuple[str, dict[str, Any]]] = {
    "newest": ("started", {"limit": 5}),
    "a window": ("loss", {"limit": 3, "offset": 4}),
    "by a bare parameter": ("n", {"limit": 20}),
    "by a parameter, the smallest first": ("params.n", {"limit": 5, "descending": False}),
    "by time": ("seconds", {}),
    "a bare metric": ("started", {"filter": ["loss > 1.5"]}),
    "tiny and huge": ("started", {"filter": ["loss > 1e-7", "loss < 1e300"]}),
    "not a number": ("started", {"filter": ["loss = nan"]}),
    "a bare parameter": ("started", {"filter": ["n >= 1", "n != x"]}),
    "a name of nothing": ("started", {"filter": ["nothing = x"]}),
    "parameters and tags": ("started", {"filter": ["params.n = 1.0", "tags.kind = odd"]}),
    "a status": ("started", {"filter": ["status = failed"]}),
    "a name": ("name", {"filter": ["name ~ RUN-1"]}),
    "a text": ("started", {"search": "ODD"}),
    "outer ones": ("started", {"parents_only": True, "limit": 2}),
    "deleted ones": ("started", {"is_deleted": True}),
}


@pytest.mark.parametrize("search", SEARCHES)
def test_a_server_gives_the_same_window(both: tuple[str, str], search: str) -> None:
    sort, options = SEARCHES[search]
    conditions = tuple(read_condition(text) for text in options.get("filter", ()))
    rest = {name: value for name, value in options.items() if name != "filter"}
    query = Query(order_by=read_name(sort), experiment="lists", conditions=conditions, **rest)
    own, server = (lists.page_of_runs(uri, query) for uri in both)
    assert told(server.runs) == told(own.runs)
    assert server.total == own.total or not server.is_total


def test_a_server_names_the_same_columns(both: tuple[str, str]) -> None:
    """The server knows runs of other tests, too."""
    own, server = (lists.columns(uri) for uri in both)
    assert own.metrics
    assert own.params
    assert set(own.metrics) <= set(server.metrics)
    assert set(own.params) <= set(server.params)
    assert set(own.experiments) <= set(server.experiments)
    assert list(server.metrics) == sorted(server.metrics)


def test_names_with_equal_runs_are_sorted(both: tuple[str, str]) -> None:
    names = [[run.name for run in lists.list_runs(uri, experiment="lists", order_by="name")] for uri in both]
    assert names[0] == names[1] == sorted(names[0], reverse=True)


def test_families_stay_together(both: tuple[str, str]) -> None:
    for uri in both:
        cut = lists.list_runs(uri, experiment="lists", limit=3)
        (outer,) = lists.parents(uri, cut)
        assert [run.name for run in lists.children(uri, outer.id)] == ["run-4", "run-0", "run-1"]
        assert lists.find_run(uri, outer.id[:6]).id == outer.id
        assert lists.find_run(uri, "run-1").started == cut[0].started


def test_runs_of_a_server_are_annotated_deleted_and_brought_back(
    both: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, uri = both
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    project = Project.init(tmp_path / "project")
    call = Call(project.root)
    runs = Runs(project)
    outer = runs.add("outer", experiment="edited")
    runs.add("inner", experiment="edited", parent=outer)
    done = annotate(call, AnnotateRequest(run="outer", name="renamed", tag=("team=red",), note="x" * 8000))
    assert (done.run.name, done.run.tags["team"], len(done.note)) == ("renamed", "red", 8000)
    gone = delete(call, DeleteRequest(runs=("renamed",)))
    assert [run.name for run in (*gone.runs, *gone.inside)] == ["renamed", "inner"]
    assert lists.list_runs(uri, experiment="edited") == ()
    undelete(call, UndeleteRequest(runs=(outer[:8],)))
    assert {run.name for run in lists.list_runs(uri, experiment="edited")} == {"renamed", "inner"}


def test_a_model_of_a_server_is_promoted(
    both: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, uri = both
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    project = Project.init(tmp_path / "project")
    runs = Runs(project)
    run = runs.add("fitted", experiment="promoted")
    client = runs.writer.client
    made = client.create_logged_model(client.get_run(run).info.experiment_id, name="model", source_run_id=run)
    client.finalize_logged_model(made.model_id, LoggedModelStatus.READY)
    first = promote(Call(project.root), PromoteRequest(run="fitted", alias="champion"))
    again = promote(Call(project.root), PromoteRequest(run="fitted", alias="champion"))
    assert (first.model, first.version, first.is_new, first.before) == ("promoted", "1", True, "")
    assert (again.version, again.is_new, again.before, again.before_run) == ("1", False, "1", run)
    assert version_of(uri, "models:/promoted@champion") == "1"
