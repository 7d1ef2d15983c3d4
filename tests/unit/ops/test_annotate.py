"""`annotate`: names, tags and notes of runs."""

from __future__ import annotations

from typing import Any

import pytest

from nbmlops.doors.render.html import html
from nbmlops.doors.render.pages import page
from nbmlops.doors.render.terminal import plain_text
from nbmlops.errors import NotFoundError, UsageError
from nbmlops.model.run import Tags
from nbmlops.ops.annotate import Request, Result, annotate
from nbmlops.ops.call import Call
from nbmlops.project import Project
from nbmlops.track.lists import find_run
from tests.unit.ops.mlflow_runs import Runs


@pytest.fixture
def runs(project: Project) -> Runs:
    made = Runs(project)
    made.add("first", tags={"team": "red"})
    return made


def asked(runs: Runs, run: str = "first", **values: Any) -> Result:
    return annotate(Call(runs.project.root), Request(run=run, **values))


def test_a_run_gets_a_name_tags_and_a_note(runs: Runs) -> None:
    result = asked(runs, name="baseline", tag=("stage=old data", "empty="), untag=("team",), note="*Before* the sale.")
    assert (result.before, result.run.name, result.note) == ("first", "baseline", "*Before* the sale.")
    run = find_run(runs.project.uri, "baseline")
    assert run.tags[Tags.MLFLOW_NAME] == "baseline"
    assert (run.tags["stage"], run.tags["empty"]) == ("old data", "")
    assert "team" not in run.tags
    text = plain_text(page(result))
    assert "until now first" in text
    assert "*Before* the sale." in text


def test_an_empty_note_takes_it_away(runs: Runs) -> None:
    asked(runs, note="x")
    assert asked(runs, note="").note == ""
    assert Tags.MLFLOW_NOTE not in find_run(runs.project.uri, "first").tags
    assert asked(runs, note="").note == ""


def test_a_run_under_way_is_annotated_too(runs: Runs) -> None:
    runs.add("slow", status="RUNNING")
    assert asked(runs, "slow", name="slower").run.status == "RUNNING"


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", "a\nb\r\nc", "x" * 8000, "$(reboot) `reboot` %s {0}", "größer ≠ 漢字 🍷"]
)
def test_what_is_written_is_kept_as_it_is_and_shown_as_text(runs: Runs, text: str) -> None:
    result = asked(runs, tag=(f"k={text}",), note=text)
    run = find_run(runs.project.uri, "first")
    assert run.tags["k"] == run.tags[Tags.MLFLOW_NOTE] == text
    assert "<script" not in html(page(result))


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({}, "arguments-malformed"),
        ({"name": "   "}, "name-malformed"),
        ({"name": "x" * 10_000}, "name-malformed"),
        ({"name": "two\nlines"}, "name-malformed"),
        ({"tag": ("novalue",)}, "tag-malformed"),
        ({"tag": ("=value",)}, "tag-malformed"),
        ({"tag": ("a=1", "a=2")}, "tag-malformed"),
        ({"tag": ("<b>=1",)}, "tag-malformed"),
        ({"tag": ("../x=1",)}, "tag-malformed"),
        ({"tag": ("a\nb=1",)}, "tag-malformed"),
        ({"tag": ("x" * 300 + "=1",)}, "tag-malformed"),
        ({"tag": ("a=" + "x" * 10_000,)}, "tag-too-long"),
        ({"tag": ("a=\0",)}, "tag-malformed"),
        ({"note": "x" * 10_000}, "tag-too-long"),
        ({"tag": ("mlflow.runName=x",)}, "tag-reserved"),
        ({"tag": ("nbmlops.session=x",)}, "tag-reserved"),
        ({"untag": ("nbmlops.session",)}, "tag-reserved"),
        ({"untag": ("absent",)}, "tag-missing"),
        ({"run": "absent", "name": "x"}, "run-not-found"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_one_line_and_nothing_is_changed(
    runs: Runs, values: dict[str, Any], kind: str
) -> None:
    before = find_run(runs.project.uri, "first")
    with pytest.raises((UsageError, NotFoundError)) as caught:
        asked(runs, **{"tag": ("good=1",), **values} if values and "tag" not in values else values)
    assert caught.value.kind == kind
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400
    assert find_run(runs.project.uri, "first") == before
