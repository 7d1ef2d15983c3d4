"""Looks at a deployment's log: what is found, kept, told once, and over again."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from unittest import mock

import pandas as pd
import pytest

from nbmlops.errors import ConflictError, IntegrityError, NotFoundError, StateError, UsageError
from nbmlops.monitor.history import HistoryFolder
from tests.unit.monitor import logs
from tests.unit.monitor.deployments import HOUR, Deployed, told


def test_traffic_like_the_training_data_is_in_order(tmp_path: Path) -> None:
    wine = Deployed(tmp_path)
    wine.trained()
    for ago in (3, 2, 1):
        wine.asked(ago)
    found = wine.look()
    assert told(found) == []
    assert found.exit_code == 0
    assert found.reference == "the training data of wine:v1"
    assert [each.rows for each in found.windows] == [300, 300, 300]
    assert all(each.drift for each in found.windows)
    assert (found.rows, found.rows_read) == (900, 900)


def test_a_column_that_moves_is_named_once_and_told_when_it_is_over(tmp_path: Path) -> None:
    wine = Deployed(tmp_path)
    wine.trained()
    wine.asked(3)
    wine.asked(2, shift=1.5)
    first = wine.look(1)
    assert told(first) == [("drift", "hue")]
    assert first.exit_code == 1
    assert [(each.finding.subject, each.is_over) for each in first.events] == [("hue", False)]
    again = wine.look(0.9)
    assert told(again) == [("drift", "hue")]
    assert again.events == ()
    assert (again.rows, again.rows_read) == (600, 0)
    wine.asked(1)
    over = wine.look()
    assert told(over) == []
    assert [(each.finding.subject, each.is_over) for each in over.events] == [("hue", True)]
    kept = HistoryFolder(wine.folder.monitor)
    assert [each.is_over for each in kept.events()] == [False, True]
    assert len((kept.path / "looks.jsonl").read_text().splitlines()) == 3


def test_a_finding_goes_on_while_too_few_rows_come_to_judge(tmp_path: Path) -> None:
    wine = Deployed(tmp_path)
    wine.trained()
    wine.asked(30, shift=1.5)
    assert told(wine.look(since="48h")) == [("drift", "hue")]
    wine.asked(1, 5)
    found = wine.look()
    assert told(found) == [("drift", "hue")]
    assert found.events == ()


def test_a_look_reads_what_is_new_and_comes_to_the_same(tmp_path: Path) -> None:
    wine, other = Deployed(tmp_path / "a"), Deployed(tmp_path / "b")
    for each in (wine, other):
        each.trained()
        each.asked(5)
        each.asked(4)
    wine.look(2)
    for each in (wine, other):
        each.asked(1, shift=0.8)
    part, all_ = wine.look(), other.look()
    assert (part.rows_read, all_.rows_read) == (300, 900)
    assert part.rows == all_.rows == 900
    assert part.windows == all_.windows
    assert part.drift == all_.drift
    # Another width, or an earlier beginning, is read anew.
    assert wine.look(window="30min").rows_read == 900
    assert wine.look(since="48h").rows_read == 900


def test_without_a_profile_the_first_window_is_what_others_are_compared_with(tmp_path: Path) -> None:
    wine = Deployed(tmp_path)
    wine.asked(3, 100)
    few = wine.look(2)
    assert few.reference == ""
    assert told(few) == []
    wine.asked(2)
    wine.asked(1, shift=1.5)
    found = wine.look()
    assert found.reference.startswith("the first window, ")
    assert told(found) == [("drift", "hue")]
    assert found.windows[1].drift == {}
    # It stays the reference when it is far behind.
    assert wine.look(since="1h").reference == found.reference


def test_a_table_may_be_named_and_is_remembered(tmp_path: Path) -> None:
    wine = Deployed(tmp_path)
    wine.trained()
    wine.asked(1)
    pd.DataFrame({"hue": [9.0, 8.0] * 100, "target": [0, 1] * 100}).to_csv(tmp_path / "odd.csv", index=False)
    found = wine.look(data="odd.csv")
    assert found.reference == "odd.csv"
    assert told(found) == [("drift", "hue")]
    assert wine.look().reference == "odd.csv"
    assert wine.look(clear=True).reference == "the training data of wine:v1"
    with pytest.raises(NotFoundError):
        wine.look(data="absent.csv")


def test_columns_that_are_lost_or_of_another_kind_are_errors_and_redacted_ones_are_not(tmp_path: Path) -> None:
    wine = Deployed(tmp_path)
    wine.trained()
    wine.asked(1, input__hue=None, input__alcohol=["12 %"] * 300)
    found = wine.look()
    assert sorted(told(found)) == [("drift", "alcohol"), ("drift", "hue"), ("drift-share", "columns")]
    assert {each.severity.value for each in found.findings} == {"error"}
    wine.write(redacted=("hue", "alcohol"))
    assert told(wine.look(clear=True)) == []


def test_answers_that_move_are_found(tmp_path: Path) -> None:
    wine = Deployed(tmp_path)
    wine.trained()
    wine.asked(1, output__prediction=[2] * 300)
    assert told(wine.look()) == [("drift", "output.prediction")]


def test_a_shadow_is_looked_at_beside_the_stable_revision(tmp_path: Path) -> None:
    wine = Deployed(tmp_path, is_wanted=True, shadow=2)
    wine.trained()
    wine.asked(2, revision="1")
    wine.asked(2, revision="2")
    wine.asked(1, revision="1")
    wine.asked(1, revision="2", output__prediction=[2] * 300)
    found = wine.look()
    assert told(found) == [("drift", "output.prediction (revision 2)")]
    assert {each.revision for each in found.windows} == {"1", "2"}
    wine.write(shadow=0)
    assert told(wine.look()) == []


def test_accuracy_below_its_limit_is_found_and_is_over_when_it_is_good_again(tmp_path: Path) -> None:
    wine = Deployed(tmp_path, "[monitor]\naccuracy = 0.9\nlabels = 0.5\n")
    wine.trained()

    def labelled(hours_ago: int, share: float) -> None:
        truth = [number % 3 for number in range(300)]
        said = [each if number % 100 < share * 100 else (each + 1) % 3 for number, each in enumerate(truth)]
        wine.asked(hours_ago, output__prediction=said)
        start = wine.this_hour - hours_ago * HOUR
        table = logs.columns(300, start, 1800)
        rows = zip(table.column("request_id").to_pylist(), table.column("time").to_pylist(), truth, strict=True)
        logs.labels(wine.folder.requests, [(name, 0, label, at + timedelta(minutes=20)) for name, at, label in rows],
                    str(hours_ago))  # fmt: skip

    labelled(5, 0.95)
    good = wine.look(3)
    assert told(good) == []
    assert good.performance[0].labelled == 300
    labelled(3, 0.7)
    bad = wine.look(1)
    assert told(bad) == [("performance", "accuracy")]
    assert "accuracy is 0.7 of the newest window with labels; it has to be at least 0.9." in bad.findings[0].message
    assert told(wine.look(0.9)) == [("performance", "accuracy")]
    labelled(1, 0.96)
    assert told(wine.look()) == []


def test_few_labels_are_a_finding_where_some_are_expected(tmp_path: Path) -> None:
    wine = Deployed(tmp_path, "[monitor]\nlabels = 0.5\n")
    wine.asked(1)
    start = wine.this_hour - HOUR
    name = logs.columns(300, start, 1800).column("request_id").to_pylist()[0]
    logs.labels(wine.folder.requests, [(name, 0, 1, start + HOUR), ("unknown", 0, 1, start + HOUR)])
    found = wine.look()
    assert told(found) == [("labels", "labels")]
    assert "1 of 2 labels are of requests that are not here." in found.notes


def test_silence_is_a_finding_where_requests_are_expected(tmp_path: Path) -> None:
    wine = Deployed(tmp_path, "[monitor]\nrequests = 10\n", is_wanted=True)
    found = wine.look(1)
    assert told(found) == [("silence", "requests")]
    wine.asked(1, 30)
    assert told(wine.look()) == []


def test_slow_answers_are_a_finding(tmp_path: Path) -> None:
    wine = Deployed(tmp_path, "[monitor]\np99 = 0.001\n")
    wine.trained()
    wine.asked(1)
    assert told(wine.look()) == [("latency", "p99")]


def test_nothing_to_look_at_is_told_and_in_order(tmp_path: Path) -> None:
    wine = Deployed(tmp_path)
    found = wine.look()
    assert found.exit_code == 0
    assert found.windows == ()
    assert "Nothing was asked in that time." in found.notes


def test_a_report_is_written_and_the_router_finds_figures(tmp_path: Path) -> None:
    wine = Deployed(tmp_path)
    wine.trained()
    wine.asked(2)
    wine.asked(1, shift=1.5)
    found = wine.look(output="out/wine.html")
    page = Path(found.report).read_text()
    assert page.startswith("<!doctype html>")
    assert "<script" not in page
    assert "hue has drifted" in page
    assert "polyline" in page
    figures = wine.folder.gauges.read_text()
    assert "nbmlops_findings 1\n" in figures
    assert 'nbmlops_drift{column="hue"} ' in figures


def test_events_go_to_a_command_and_a_failing_one_is_told(tmp_path: Path) -> None:
    out = tmp_path / "told.json"
    command = json.dumps(["sh", "-c", f"cat > {out}"])
    wine = Deployed(tmp_path / "a", f"[monitor]\ncommand = {command}\n")
    wine.trained()
    wine.asked(1, shift=1.5)
    assert told(wine.look()) == [("drift", "hue")]
    document = json.loads(out.read_text())
    assert document["deployment"] == "wine"
    assert document["events"][0]["finding"]["subject"] == "hue"
    out.unlink()
    wine.look()
    assert not out.exists()
    broken = Deployed(tmp_path / "b", '[monitor]\ncommand = ["/absent/notify"]\n')
    broken.trained()
    broken.asked(1, shift=1.5)
    found = broken.look()
    assert told(found) == [("drift", "hue")]
    assert any("/absent/notify" in note for note in found.notes)


def test_what_cannot_be_looked_at_is_told_in_a_line(tmp_path: Path) -> None:
    wine = Deployed(tmp_path, monitored=False)
    with pytest.raises(StateError) as off:
        wine.look()
    assert off.value.kind == "monitor-off"
    assert "--monitor" in off.value.hint
    wine.write(monitored=True)
    for more in ({"since": "soon"}, {"window": "1s"}, {"window": "2d"}, {"every": "0"}, {"since": "9000h"}):
        with pytest.raises(UsageError) as odd:
            wine.look(**more)
        assert odd.value.kind == "window-malformed"
    (tmp_path / "nbmlops.toml").write_text("[monitor]\ndirft = 1\n")
    with pytest.raises(UsageError, match="do you mean drift"):
        wine.look()


def test_two_looks_at_a_time_are_one_too_many(tmp_path: Path) -> None:
    wine = Deployed(tmp_path)
    with HistoryFolder(wine.folder.monitor).locked(), pytest.raises(ConflictError):
        wine.look()


def test_what_is_kept_and_damaged_says_so_and_can_be_forgotten(tmp_path: Path) -> None:
    wine = Deployed(tmp_path)
    wine.asked(1)
    wine.look()
    state = wine.folder.monitor / "state.json"
    state.write_text("{")
    with pytest.raises(IntegrityError) as error:
        wine.look()
    assert "--clear" in error.value.hint
    assert wine.look(clear=True).exit_code == 0


def test_watching_looks_again_until_it_is_interrupted(tmp_path: Path) -> None:
    wine = Deployed(tmp_path)
    wine.trained()
    wine.asked(1, shift=1.5)
    waited = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            raise KeyboardInterrupt

    with mock.patch("nbmlops.ops.monitor.time.sleep", wait):
        found = wine.look(watch=True, every="2s")
    assert waited == [2.0, 2.0, 2.0]
    assert found.looks == 3
    assert told(found) == [("drift", "hue")]
    assert found.events == ()
    assert len((wine.folder.monitor / "looks.jsonl").read_text().splitlines()) == 3


def test_watching_goes_on_when_somebody_else_looks_in_between(tmp_path: Path) -> None:
    wine = Deployed(tmp_path)
    wine.asked(1)
    others = HistoryFolder(wine.folder.monitor)
    other = others.locked()
    waited = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 1:
            other.__enter__()
        elif len(waited) == 2:
            other.__exit__(None, None, None)
        else:
            raise KeyboardInterrupt

    with mock.patch("nbmlops.ops.monitor.time.sleep", wait):
        assert wine.look(watch=True).looks == 2


def test_hostile_names_are_text_on_pages_and_in_figures(tmp_path: Path) -> None:
    evil = '<script>alert(1)</script>"}\n# x'
    wine = Deployed(tmp_path)
    wine.asked(3, **{f"input__{evil}": [1.0, 2.0, 3.0] * 100})
    wine.look(1.9)
    wine.asked(1, **{f"input__{evil}": [7.0, 8.0, 9.0] * 100})
    found = wine.look(output="wine.html")
    assert told(found) == [("drift", evil)]
    page = Path(found.report).read_text()
    assert "<script" not in page
    assert "&lt;script" in page
    (line,) = [each for each in wine.folder.gauges.read_text().splitlines() if "script" in each]
    assert line.startswith('nbmlops_drift{column="<script>alert(1)</script>\\"}\\n# x"} ')


def test_nobody_watches_where_nobody_could_interrupt_it(tmp_path: Path) -> None:
    wine = Deployed(tmp_path)
    with ThreadPoolExecutor(1) as pool, pytest.raises(UsageError) as refused:
        pool.submit(wine.look, watch=True).result()
    assert refused.value.kind == "watch-endless"
