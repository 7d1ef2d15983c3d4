"""`delete` and `undelete`: runs out of the lists and back, with those inside them."""

from __future__ import annotations

import pytest

from nbmlops.doors.render.pages import page
from nbmlops.doors.render.terminal import plain_text
from nbmlops.errors import NotFoundError, StateError
from nbmlops.model.run import Tags
from nbmlops.ops import delete as deleting
from nbmlops.ops import undelete as undeleting
from nbmlops.ops.call import Call
from nbmlops.project import Project
from nbmlops.track.lists import find_run, list_runs
from tests.unit.ops.mlflow_runs import Runs


@pytest.fixture
def runs(project: Project) -> Runs:
    made = Runs(project)
    made.add("alone")
    outer = made.add("outer")
    inner = made.add("inner", parent=outer)
    made.add("innermost", parent=inner)
    return made


def names(runs: Runs) -> list[str]:
    return sorted(run.name for run in list_runs(runs.project.uri))


def delete(runs: Runs, *refs: str) -> deleting.Result:
    return deleting.delete(Call(runs.project.root), deleting.Request(runs=refs))


def undelete(runs: Runs, *refs: str) -> undeleting.Result:
    return undeleting.undelete(Call(runs.project.root), undeleting.Request(runs=refs))


def test_a_run_goes_with_all_inside_it_and_comes_back_so(runs: Runs) -> None:
    before = list_runs(runs.project.uri)
    gone = delete(runs, "outer")
    assert ([run.name for run in gone.runs], [run.name for run in gone.inside]) == (["outer"], ["inner", "innermost"])
    assert names(runs) == ["alone"]
    assert "with 2 runs inside" in plain_text(page(gone))
    back = undelete(runs, gone.runs[0].id[:8])
    assert [run.name for run in back.inside] == ["inner", "innermost"]
    assert list_runs(runs.project.uri) == before
    assert "Back again: outer" in plain_text(page(back))


def test_one_inside_that_is_named_too_is_counted_once(runs: Runs) -> None:
    gone = delete(runs, "inner", "outer", "inner")
    assert [run.name for run in gone.runs] == ["inner", "outer"]
    assert [run.name for run in gone.inside] == ["innermost"]


def test_a_run_under_way_stays_and_so_do_the_others(runs: Runs) -> None:
    outer = find_run(runs.project.uri, "outer")
    runs.add("busy", parent=outer.id, status="RUNNING")
    with pytest.raises(StateError, match=r"busy .* is still under way"):
        delete(runs, "alone", "outer")
    assert names(runs) == ["alone", "busy", "inner", "innermost", "outer"]


def test_a_run_of_a_dead_kernel_is_not_under_way(runs: Runs) -> None:
    runs.add("orphan", status="RUNNING", tags={Tags.SESSION: "nobody"})
    assert [run.name for run in delete(runs, "orphan").runs] == ["orphan"]


def test_only_what_is_there_is_deleted_and_only_what_is_deleted_comes_back(runs: Runs) -> None:
    with pytest.raises(NotFoundError, match="There is no run absent"):
        delete(runs, "alone", "absent")
    with pytest.raises(NotFoundError, match="There is no deleted run alone"):
        undelete(runs, "alone")
    delete(runs, "alone")
    with pytest.raises(NotFoundError, match="It was deleted"):
        delete(runs, "alone")
    with pytest.raises(NotFoundError, match="Near names: alone"):
        undelete(runs, "alome")
