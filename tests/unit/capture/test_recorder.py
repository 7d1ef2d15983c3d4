from __future__ import annotations

from pathlib import Path

import pytest

from nbmlops.capture.files import FileWatch
from nbmlops.capture.recorder import LONGEST_TRACEBACK, Recorder, failure_of
from nbmlops.model.cell import CellFailure, Outcome
from nbmlops.model.documents import decode, encode


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return Recorder("s1", "work/n.ipynb", FileWatch(tmp_path))


def test_a_cell_that_ran_is_recorded_whole(recorder: Recorder, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a")
    begun = recorder.begin("y = x\n", "y = x\n", {"x": 1}, "cell-7")
    (tmp_path / "x.csv").read_text()
    (tmp_path / "y.csv").write_text("b")
    execution = recorder.finish(None, 3, run="r1")
    assert execution is not None
    assert (execution.id, execution.started) == (begun.id, begun.started)
    assert (execution.session, execution.notebook, execution.order, execution.count) == (
        "s1",
        "work/n.ipynb",
        1,
        3,
    )
    assert (execution.cell_id, execution.source, execution.run) == ("cell-7", "y = x\n", "r1")
    assert (execution.outcome, execution.failure) == (Outcome.OK, None)
    assert (execution.reads, execution.writes) == (("x",), ("y",))
    assert ([use.path for use in execution.inputs], [use.path for use in execution.outputs]) == (
        ["x.csv"],
        ["y.csv"],
    )
    assert 0 < execution.seconds < 10
    assert decode(encode(execution), type(execution), place="") == execution


def test_the_source_asked_for_is_kept_and_names_come_from_plain_python(recorder: Recorder) -> None:
    recorder.begin("%time y = x", "get_ipython().run_line_magic('time', 'y = x')\nz = 1", {})
    execution = recorder.finish(None, None)
    assert execution is not None
    assert (execution.source, execution.writes) == ("%time y = x", ("z",))


def test_cells_are_counted_in_the_order_in_which_they_ran(recorder: Recorder) -> None:
    orders = []
    for _ in range(3):
        recorder.begin("x", "x", {})
        execution = recorder.finish(None, 1)
        assert execution is not None
        orders.append(execution.order)
    assert orders == [1, 2, 3]


def test_an_end_without_a_beginning_records_nothing(recorder: Recorder) -> None:
    assert recorder.finish(None, 1) is None
    recorder.begin("x", "x", {})
    recorder.finish(None, 1)
    assert recorder.finish(None, 1) is None


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (ValueError("bad"), Outcome.ERROR),
        (KeyboardInterrupt(), Outcome.INTERRUPTED),
        (SystemExit(1), Outcome.ERROR),
    ],
)
def test_a_cell_that_failed_says_how(recorder: Recorder, error: BaseException, outcome: Outcome) -> None:
    recorder.begin("x", "x", {})
    execution = recorder.finish(error, 1)
    assert execution is not None
    assert execution.failure is not None
    assert (execution.outcome, execution.failure.error) == (outcome, type(error).__name__)


def test_secrets_are_neither_in_the_source_nor_in_the_failure(recorder: Recorder) -> None:
    recorder.begin('token = "hunter2"', "", {})
    execution = recorder.finish(ValueError("https://me:hunter2@host"), 1)
    assert "hunter2" not in encode(execution).decode()  # type: ignore[arg-type]


def test_text_that_utf_8_cannot_hold_is_stored_escaped(recorder: Recorder) -> None:
    recorder.begin("x = '\ud800'", "x = '\ud800'", {})
    execution = recorder.finish(ValueError("\udce9"), 1)
    assert execution is not None
    assert execution.failure is not None
    assert (execution.source, execution.failure.message) == ("x = '\\ud800'", "\\udce9")
    encode(execution)


def test_an_exception_whose_text_raises_is_recorded_all_the_same() -> None:
    class Odd(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert failure_of(Odd()).message == "<its text cannot be shown: RuntimeError>"


def test_a_traceback_is_plain_text_with_its_causes_and_bounded() -> None:
    try:
        try:
            raise KeyError("inner")
        except KeyError as inner:
            raise ValueError("\x1b[31mouter\x1b[0m" + "x" * 30_000) from inner
    except ValueError as error:
        failure = failure_of(error)
    assert isinstance(failure, CellFailure)
    assert (len(failure.message), len(failure.traceback)) == (2000, LONGEST_TRACEBACK)
    try:
        raise ValueError("\x1b[31mouter\x1b[0m") from KeyError("inner")
    except ValueError as error:
        lines = failure_of(error).traceback.splitlines()
    assert (lines[0], lines[-1]) == ("KeyError: 'inner'", "ValueError: outer")
