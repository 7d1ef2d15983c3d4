"""Everything that may be wrong with what a person hands over: a code, one line, and nothing is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nbmlops.doors.cli.main import run as cli
from nbmlops.testing.notebooks import notebook_file

GOOD = '# %% tags=["parameters"]\nn = 1\nname = "x"\n# %%\ntotal = n + 1'


def altered(**changes: Any) -> str:
    return json.dumps({**json.loads(notebook_file(GOOD)), **changes})


def of_kernel(name: str, language: str) -> str:
    return altered(metadata={"kernelspec": {"name": name, "display_name": name, "language": language}})


NOTEBOOKS = {
    "a text": ("not json at all", 6, "notebook-not-json"),
    "no bytes": ("", 6, "notebook-not-json"),
    "broken json": (notebook_file(GOOD)[:-30], 6, "notebook-not-json"),
    "merge conflict": ("<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> other\n", 6, "notebook-not-json"),
    "another json": ('{"a": 1}', 6, "notebook-invalid"),
    "a json list": ("[1, 2]", 6, "notebook-invalid"),
    "deep json": ("[" * 100_000, 6, "notebook-not-json"),
    "no utf-8": (b"\xff\xfe\x00".decode("latin-1"), 6, None),
    "format 3": ('{"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": []}', 6, "notebook-too-old"),
    "format 5": (altered(nbformat=5), 6, "notebook-too-new"),
    "no cells": (altered(cells=[]), 6, "notebook-empty"),
    "cell of no type": (altered(cells=[{"source": "1"}]), 6, "notebook-invalid"),
    "cells of text": (altered(cells=["x = 1"]), 6, "notebook-invalid"),
    "only words": (notebook_file("# %% [markdown]\n# hello"), 6, "notebook-empty"),
    "syntax error": (notebook_file("# %%\nx = 1\n# %%\ny = = 2"), 6, None),
    "undefined name": (notebook_file("# %%\nx = never_made + 1"), 6, None),
    "another language": (of_kernel("ir", "R"), 6, "notebook-language"),
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert cli(["init"]) == 0
    (folder / "good.ipynb").write_text(notebook_file(GOOD))
    capsys.readouterr()
    return folder


def refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    """The code and the facts of an error; on a terminal it is one line."""
    code = cli(list(words))
    out, err = capsys.readouterr()
    lines = [line for line in err.splitlines() if line.startswith("nbmlops: ")]
    assert len(lines) == 1, err
    assert "Traceback" not in err
    assert out == ""
    assert cli([*words, "--json"]) == code
    facts: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert facts["error"] != "InternalError"
    return code, facts


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        # Databases write their log back when they like.
        if path.is_file() and ".db" not in path.name
    }


@pytest.mark.parametrize("what", NOTEBOOKS)
def test_a_notebook_that_cannot_be_exported_is_refused_in_one_line(
    place: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    text, code, kind = NOTEBOOKS[what]
    (place / "bad.ipynb").write_text(text, encoding="latin-1" if what == "no utf-8" else "utf-8")
    before = files(place)
    found, facts = refused(["export", "bad.ipynb", "--no-verify"], capsys)
    assert found == code
    assert kind is None or facts["kind"] == kind
    assert "\n" not in facts["message"] + facts["hint"]
    assert files(place) == before


@pytest.mark.parametrize(
    ("words", "code", "kind"),
    [
        (["export", "absent.ipynb"], 3, "notebook-not-found"),
        (["export", "."], 2, "notebook-is-folder"),
        (["export", "good.ipynb", "--want", "absent"], None, None),
        (["run", "absent"], 3, "pipeline-missing"),
        (["run", "good.ipynb"], 3, "pipeline-missing"),
        (["snapshot", "absent.csv"], 3, "path-missing"),
        (["restore", "data"], 3, None),
        (["show", "absent"], 3, "run-not-found"),
        (["compare", "a", "b"], 3, "run-not-found"),
        (["diff", "absent"], 3, None),
    ],
)
def test_a_thing_that_is_not_there_is_refused_in_one_line(
    place: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int | None, kind: str | None
) -> None:
    before = files(place)
    found, facts = refused(words, capsys)
    assert found != 0
    assert code is None or found == code
    assert kind is None or facts["kind"] == kind
    assert files(place) == before


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (["m=2"], "parameter-unknown"),
        (["n=2", "n=3"], "parameter-duplicate"),
        (["n=many"], "parameter-ill-typed"),
        (["n=1.5"], "parameter-ill-typed"),
        (["n=True"], "parameter-ill-typed"),
        (["n="], "parameter-ill-typed"),
        (["n"], "parameter-malformed"),
        (["=2"], "parameter-unknown"),
    ],
)
def test_a_parameter_that_does_not_fit_is_refused_before_anything_runs(
    place: Path, capsys: pytest.CaptureFixture[str], given: list[str], kind: str
) -> None:
    assert cli(["export", "good.ipynb", "--no-verify"]) == 0
    capsys.readouterr()
    before = files(place)
    words = [word for each in given for word in ("-p", each)]
    found, facts = refused(["run", "pipelines/good", *words], capsys)
    assert (found, facts["kind"]) == (2, kind)
    assert files(place) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("steps:", "steps: ["),
        ("steps:", "stepps:"),
        ("kind: pipeline", "kind: sonata"),
        ("version: 1", "version: 99"),
        ("version: 1", "version: one"),
        ("type: int", "type: complex"),
        ("default: 1", "default: many"),
        ("steps/", "../../"),
        ("name: good", "name: good\nname: twice"),
        ("", "\x00"),
        ("", "é"),
    ],
)
def test_a_pipeline_that_was_edited_badly_is_refused_in_one_line(
    place: Path, capsys: pytest.CaptureFixture[str], old: str, new: str
) -> None:
    assert cli(["export", "good.ipynb", "--no-verify"]) == 0
    capsys.readouterr()
    document = place / "pipelines" / "good" / "pipeline.yaml"
    text = document.read_text()
    assert old in text
    document.write_bytes(text.replace(old, new, 1).encode("latin-1"))
    before = files(place)
    found, facts = refused(["run", "pipelines/good"], capsys)
    assert found in (2, 3, 9), facts
    assert "\n" not in facts["message"] + facts["hint"]
    assert files(place) == before


def test_two_steps_of_one_name_are_refused(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = "# %% [markdown]\n# # One\n# %%\na = sum([1])\n# %% [markdown]\n# # Two\n# %%\nb = a + 1"
    (place / "two.ipynb").write_text(notebook_file(source))
    assert cli(["export", "two.ipynb", "--no-verify"]) == 0
    capsys.readouterr()
    document = place / "pipelines" / "two" / "pipeline.yaml"
    document.write_text(document.read_text().replace("- name: two", "- name: one"))
    found, facts = refused(["run", "pipelines/two"], capsys)
    assert (found, facts["kind"]) == (2, "step-duplicate")


CHAIN = "# %% [markdown]\n# # One\n# %%\na = sum([1])\n# %% [markdown]\n# # Two\n# %%\nb = a + 1"


@pytest.fixture
def chain(place: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A pipeline's folder: `two` takes from `one`."""
    (place / "two.ipynb").write_text(notebook_file(CHAIN))
    assert cli(["export", "two.ipynb", "--no-verify"]) == 0
    capsys.readouterr()
    return place / "pipelines" / "two"


def test_steps_that_wait_for_each_other_are_refused_by_name(chain: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = chain / "pipeline.yaml"
    document.write_text(document.read_text().replace("- name: one", "- name: one\n    needs: [two]"))
    found, facts = refused(["run", "pipelines/two"], capsys)
    assert (found, facts["kind"]) == (2, "pipeline-cycle")
    assert "the steps one, two wait for each other" in facts["message"]


@pytest.mark.parametrize("more", ["when: open('x')", "when: a >", "foreach: a", "foreach: x in nobody", "memory: lots"])
def test_what_a_step_may_not_say_is_refused(chain: Path, capsys: pytest.CaptureFixture[str], more: str) -> None:
    document = chain / "pipeline.yaml"
    document.write_text(document.read_text().replace("- name: two", f"- name: two\n    {more}"))
    found, facts = refused(["run", "pipelines/two"], capsys)
    assert found == 2
    assert "step two" in facts["message"]


def test_a_step_notebook_that_was_deleted_is_named(chain: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (chain / "steps" / "02-two.ipynb").unlink()
    found, facts = refused(["run", "pipelines/two"], capsys)
    assert (found, facts["kind"]) == (3, "step-notebook-missing")
    assert "02-two.ipynb" in facts["message"]


def test_a_step_notebook_that_is_none_any_more_is_named(chain: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (chain / "steps" / "02-two.ipynb").write_text("<<<<<<< HEAD\n{}\n")
    found, facts = refused(["run", "pipelines/two"], capsys)
    assert (found, facts["kind"]) == (6, "step-notebook-malformed")
    assert "02-two.ipynb" in facts["message"]


def test_a_damaged_certificate_and_a_damaged_list_of_files_are_named(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli(["export", "good.ipynb", "--no-verify"]) == 0
    capsys.readouterr()
    folder = place / "pipelines" / "good"
    (folder / "certificate.json").write_text("{")
    assert refused(["run", "pipelines/good"], capsys)[0] == 9
    (folder / "certificate.json").unlink()
    (folder / ".export.json").write_text("[1")
    found, facts = refused(["export", "good.ipynb", "--no-verify"], capsys)
    assert found in (4, 9)
    assert ".export.json" in facts["message"]


@pytest.mark.parametrize(
    "text", ["[tracking", "[trakking]\n", "[tracking]\nuri = 1\n", '[snapshot]\nlargest_file = "big"\n']
)
def test_settings_that_cannot_be_read_are_refused_in_one_line(
    place: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    (place / "nbmlops.toml").write_text(text)
    found, facts = refused(["runs"], capsys)
    assert (found, facts["kind"]) == (2, "settings-malformed")


@pytest.mark.parametrize("name", ["records.db", "mlflow.db"])
def test_a_damaged_database_is_one_line_that_says_what_to_do(
    place: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    for leftover in (place / ".nbmlops").glob(f"{name}-*"):
        leftover.unlink()
    (place / ".nbmlops" / name).write_bytes(b"no database at all, but long enough to look at. " * 200)
    found, facts = refused(["snapshots" if name == "records.db" else "runs"], capsys)
    assert found in (8, 9), facts
    assert name in facts["message"]
