"""The tags that MLflow's own runs get from us."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nbmlops.track import context
from nbmlops.track.links import NotebookContext


@pytest.fixture(autouse=True)
def _no_context() -> Iterator[None]:
    context.set_context(None)
    yield
    context.set_context(None)


def test_a_session_gives_the_current_tags() -> None:
    context.set_context(lambda: {"nbmlops.cell": "c1", "nbmlops.notebook": ""})
    assert NotebookContext().in_context()
    assert NotebookContext().tags() == {"nbmlops.cell": "c1"}


def test_a_script_gets_them_from_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not NotebookContext().in_context()
    monkeypatch.setenv(context.VARIABLE, '{"nbmlops.step": "train"}')
    assert NotebookContext().tags() == {"nbmlops.step": "train"}


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 1}'])
def test_whatever_the_environment_holds_mlflow_goes_on(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(context.VARIABLE, text)
    assert NotebookContext().tags() == {}


def test_a_session_that_fails_gives_no_tags_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    context.set_context(lambda: {}[1])
    provider = NotebookContext()
    assert provider.tags() == {}
    assert provider.tags() == {}
    assert len(caplog.records) == 1
