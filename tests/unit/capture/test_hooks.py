"""In a real IPython shell: every cell is told of, and no listener can break one."""

from __future__ import annotations

import atexit
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from nbmlops.capture.hooks import CellHooks


class Told:
    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def before_cell(self, source: str, plain: str, cell_id: str | None) -> None:
        self.calls.append(("before", source, plain, cell_id))

    def after_cell(self, error: BaseException | None, count: int | None) -> None:
        self.calls.append(("after", type(error).__name__, count))


class Failing:
    def __init__(self) -> None:
        self.count = 0

    def before_cell(self, source: str, plain: str, cell_id: str | None) -> None:
        self.count += 1
        raise RuntimeError("ours")

    def after_cell(self, error: BaseException | None, count: int | None) -> None:
        self.count += 1
        raise ValueError("ours too")


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    InteractiveShell.clear_instance()
    made = InteractiveShell.instance()
    made.history_manager.enabled = False
    yield made
    atexit.unregister(made.atexit_operations)
    made.atexit_operations()
    InteractiveShell.clear_instance()


def test_a_listener_is_told_of_source_plain_python_and_outcome(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    told = Told()
    hooks = CellHooks(shell, told)
    shell.run_cell("x = 1", store_history=True, cell_id="c1")
    shell.run_cell("%who_ls", store_history=True)
    shell.run_cell("1/0", store_history=True)
    shell.run_cell("def", store_history=True)
    hooks.remove()
    plain = "get_ipython().run_line_magic('who_ls', '')\n"
    assert told.calls == [
        ("before", "x = 1", "x = 1\n", "c1"),
        ("after", "NoneType", 1),
        ("before", "%who_ls", plain, None),
        ("after", "NoneType", 2),
        ("before", "1/0", "1/0\n", None),
        ("after", "ZeroDivisionError", 3),
        ("before", "def", "def\n", None),
        ("after", "SyntaxError", 4),
    ]


def test_a_listener_that_raises_never_breaks_a_cell_and_is_reported_once(
    shell: InteractiveShell, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    failing = Failing()
    hooks = CellHooks(shell, failing)
    with caplog.at_level(logging.WARNING, logger="nbmlops"):
        results = [shell.run_cell(f"x = {number}\nx + 1") for number in range(3)]
    hooks.remove()
    assert [(result.success, result.result) for result in results] == [(True, 1), (True, 2), (True, 3)]
    assert shell.user_ns["x"] == 2
    assert failing.count == 6
    assert [record.getMessage() for record in caplog.records] == [
        "nbmlops could not record a cell; `%mlops doctor` shows what is wrong"
    ]
    assert hooks.is_broken
    captured = capsys.readouterr()
    assert "Traceback" not in captured.out + captured.err


def test_after_removal_nothing_is_told(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    told = Told()
    before = {event: list(listeners) for event, listeners in shell.events.callbacks.items()}
    CellHooks(shell, told).remove()
    shell.run_cell("x = 1")
    assert told.calls == []
    assert {event: list(listeners) for event, listeners in shell.events.callbacks.items()} == before
