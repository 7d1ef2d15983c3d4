"""The process of a job: what it says on standard output, and nothing else."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from nbmlops import api
from nbmlops.doors.server import child
from nbmlops.doors.server.child import Finished, Line, Order, Refused, Told
from nbmlops.doors.server.process import command
from nbmlops.ops.package_store import store
from nbmlops.project import Project
from tests.unit.package.kits import FILES, folder_of


def said(folder: Path, verb: str, **arguments: Any) -> list[Line]:
    order = msgspec.json.encode(Order(verb=verb, arguments=arguments))
    ended = subprocess.run(command(), input=order, cwd=folder, capture_output=True, check=True)
    return [msgspec.json.decode(line, type=Line) for line in ended.stdout.splitlines()]


def test_progress_then_the_result_with_its_page(tmp_path: Path) -> None:
    Project.init(tmp_path)
    (tmp_path / "data.csv").write_text("a\n1\n")
    *progress, last = said(tmp_path, "snapshot", paths=["data.csv"], message="first")
    assert isinstance(last, Finished)
    assert msgspec.json.decode(last.result)["record"]["message"] == "first"
    assert last.page
    assert progress
    assert all(isinstance(line, Told) for line in progress)


def test_work_whose_finding_is_bad_ends_as_the_command_line_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KITOPS_HOME", str(tmp_path / "kitops"))
    layer = api.pack(source=str(folder_of(FILES, tmp_path / "kit")), tag="wine:v1").package.layers[0]
    *_, good = said(tmp_path, "verify", package="wine:v1")
    assert isinstance(good, Finished)
    assert good.code == 0
    store().path(layer.digest).write_bytes(b"x" * layer.bytes)
    *_, bad = said(tmp_path, "verify", package="wine:v1")
    assert isinstance(bad, Finished)
    assert bad.code == 9


def test_a_refusal_is_the_last_word(tmp_path: Path) -> None:
    (line,) = said(tmp_path, "runs")
    assert isinstance(line, Refused)
    assert line.error["kind"] == "project-missing"
    assert line.error["error"] == "NotFoundError"


def test_a_result_that_cannot_be_drawn_is_a_result(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def broken(result: Any) -> Any:
        raise ValueError("odd")

    monkeypatch.setattr(child, "page", broken)
    assert child._drawn(Order(verb="x", arguments={})) == ()
    assert "odd" in capsys.readouterr().err
