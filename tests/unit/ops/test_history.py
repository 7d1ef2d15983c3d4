"""`history`: curves of metrics, thinned out without losing a peak."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest

from nbmlops.doors.render.pages import page
from nbmlops.doors.render.pages.history import sparkline
from nbmlops.doors.render.terminal import plain_text
from nbmlops.errors import NotFoundError, UsageError
from nbmlops.ops.call import Call
from nbmlops.ops.history import Request, Result, history
from nbmlops.project import Project
from nbmlops.track import history as track_history
from nbmlops.track import history_client
from nbmlops.track.history import thinned
from nbmlops.track.messages import Point
from tests.unit.ops.mlflow_runs import NOW, Runs


@pytest.fixture
def runs(project: Project) -> Runs:
    return Runs(project)


def logged(runs: Runs, name: str, **curves: list[float | str]) -> str:
    run = runs.add(name, status="RUNNING")
    for metric, values in curves.items():
        runs.writer.log_metrics(run, [Point(metric, value, step, NOW + step) for step, value in enumerate(values)])
    return run


def asked(runs: Runs, *names: str, **values: Any) -> Result:
    return history(Call(runs.project.root), Request(runs=names, **values))


def test_each_metric_of_each_run_is_a_curve(runs: Runs) -> None:
    first = logged(runs, "first", loss=[3.0, 2.0, 1.0], accuracy=[0.5])
    logged(runs, "second", loss=[9.0])
    result = asked(runs, "first", "second")
    assert [(curve.run_name, curve.metric, curve.total) for curve in result.curves] == [
        ("first", "accuracy", 1),
        ("first", "loss", 3),
        ("second", "loss", 1),
    ]
    loss = result.curves[1]
    assert (loss.run, loss.steps, loss.values) == (first, (0, 1, 2), (3.0, 2.0, 1.0))
    assert loss.times == (NOW, NOW + 1, NOW + 2)
    assert [curve.metric for curve in asked(runs, "first", "second", metric=("loss",)).curves] == ["loss", "loss"]
    assert len(asked(runs, "first", first[:8]).curves) == 2
    assert "█" in plain_text(page(result))


def test_what_is_no_number_stays_what_it_is(runs: Runs) -> None:
    logged(runs, "odd", loss=[1.0, "nan", "inf", "-inf", 2.0])
    (curve,) = asked(runs, "odd").curves
    assert curve.values == (1.0, "nan", "inf", "-inf", 2.0)
    assert msgspec.json.decode(msgspec.json.encode(curve))["values"] == [1.0, "nan", "inf", "-inf", 2.0]
    assert "▁×↑↓█" in plain_text(page(asked(runs, "odd")))


@pytest.mark.parametrize("many", [10, 100_000])
def test_no_peak_is_lost_of_a_long_curve(runs: Runs, monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    monkeypatch.setattr(track_history, "MANY", many)
    values: list[float | str] = [math.sin(step / 50) for step in range(5000)]
    values[1234], values[1235], values[4000] = 77.0, -77.0, "nan"
    logged(runs, "long", loss=values)
    (curve,) = asked(runs, "long", points=100).curves
    assert curve.total == 5000
    assert 30 <= len(curve.values) <= 100
    assert {77.0, -77.0, "nan"} <= set(curve.values)
    assert (curve.steps[0], curve.steps[-1]) == (0, 4999)
    assert list(curve.steps) == sorted(curve.steps)
    assert all(values[step] == value for step, value in zip(curve.steps, curve.values, strict=True))


def test_a_long_curve_without_steps_is_thinned_by_time(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(track_history, "MANY", 10)
    run = runs.add("flat")
    runs.writer.log_metrics(run, [Point("loss", float(n % 7), 0, NOW + n) for n in range(2000)])
    (curve,) = asked(runs, "flat", points=50).curves
    assert set(curve.steps) == {0}
    assert 20 <= len(curve.values) <= 50
    assert list(curve.times) == sorted(curve.times)


def test_a_server_would_be_told_the_same(runs: Runs) -> None:
    run = logged(runs, "odd", loss=[1.0, "nan", "inf", "-inf", 2.0], other=[1.0])
    own = track_history.history(runs.project.uri, run, (), 500)
    served = history_client.histories(runs.project.uri, run, ())
    assert repr([(each.metric, list(each.rows)) for each in own]) == repr(served)
    assert [metric for metric, _ in history_client.histories(runs.project.uri, run, ("loss", "none"))] == ["loss"]


@pytest.mark.parametrize("points", [2, 3, 4, 5, 10, 99, 100])
def test_thinning_keeps_both_ends_and_never_more_than_asked(points: int) -> None:
    rows = [(step, step, float("nan") if step % 11 == 3 else float(step * 37 % 101)) for step in range(1000)]
    kept = thinned(rows, points)
    assert len(kept) <= points
    assert (kept[0], kept[-1]) == (rows[0], rows[-1])


def test_a_curve_that_is_short_enough_stays_whole() -> None:
    rows = [(step, 0, 1.0) for step in range(10)]
    assert thinned(rows, 10) == tuple(rows)


def test_sparklines_of_odd_curves() -> None:
    assert sparkline(()) == ""
    assert sparkline((1.0, 1.0)) == "▅▅"
    assert sparkline(("nan",)) == "×"
    assert sparkline((-1.7e308, 1.7e308)) == "▁█"
    assert len(sparkline(tuple(float(n) for n in range(1000)))) == 40


def test_what_is_not_there_is_said_in_one_line(runs: Runs) -> None:
    logged(runs, "first", loss=[1.0])
    with pytest.raises(NotFoundError, match="Did you mean loss"):
        asked(runs, "first", metric=("los",))
    with pytest.raises(UsageError, match="Ask for 2 to"):
        asked(runs, "first", points=0)
    runs.add("bare")
    assert asked(runs, "bare").curves == ()
    assert "No metric was logged" in plain_text(page(asked(runs, "bare")))
