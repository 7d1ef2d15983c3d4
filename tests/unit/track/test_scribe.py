"""The path from a kernel's message to an MLflow run, through a real scribe process."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbmlops.model.run import DatasetUse, Tags
from nbmlops.track import lists
from nbmlops.track import messages as m
from nbmlops.track.address import tracking_uri
from nbmlops.track.journal import sessions
from nbmlops.track.scribe_client import Scribe, command

NOW = 1_760_000_000_000


def wait_for(condition: Any, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture
def scribe(tmp_path: Path) -> Iterator[Scribe]:
    made = make(tmp_path, "s1")
    yield made
    made.close(30.0)


def make(root: Path, session: str, uri: str = "") -> Scribe:
    return Scribe(command(root, session, uri), root / ".nbmlops" / "spool", session=session)


def open_run(key: str = "k1", **more: Any) -> m.OpenRun:
    return m.OpenRun(key=key, name="baseline", experiment="wine", started_ms=NOW, **more)


def test_a_run_with_everything_arrives_in_mlflow(tmp_path: Path, scribe: Scribe) -> None:
    note = tmp_path / "note.txt"
    note.write_text("hello")
    scribe.send(open_run(tags={Tags.SESSION: "s1"}, params={"lr": "0.1"}))
    scribe.send(m.LogParams(key="k1", params={"depth": "3"}))
    scribe.send(m.LogMetrics(key="k1", points=(m.Point("loss", 0.5, 0, NOW), m.Point("loss", 0.25, 1, NOW))))
    scribe.send(m.LogMetrics(key="k1", points=(m.Point("odd", "nan", 0, NOW),)))
    scribe.send(m.SetTags(key="k1", tags={"note": "x"}))
    use = DatasetUse(name="train.csv", path="data/train.csv", digest="ab" * 32, size=7, context="training")
    scribe.send(m.LogDatasets(key="k1", uses=(use,)))
    scribe.send(m.LogArtifact(key="k1", path=str(note), folder="notes"))
    scribe.send(m.LogText(key="k1", text="print(1)", file="cell.py"))
    scribe.send(m.EndRun(key="k1", ended_ms=NOW + 1000))
    answer = scribe.flush(60.0)

    assert answer.done
    assert answer.errors == ()
    uri = tracking_uri(tmp_path)
    run = lists.find_run(uri, answer.runs["k1"])
    assert (run.name, run.experiment, run.status, run.seconds) == ("baseline", "wine", "FINISHED", 1.0)
    assert run.params == {"lr": "0.1", "depth": "3"}
    assert run.metrics["loss"] == 0.25
    assert run.metrics["odd"] != run.metrics["odd"]
    assert run.tags["note"] == "x"
    found = lists.datasets(uri, run.id)
    assert found == (
        DatasetUse(
            name="train.csv",
            path=str(tmp_path / "data/train.csv"),
            digest="ab" * 32,
            size=7,
            context="training",
        ),
    )
    places = {path.name for path in (tmp_path / ".nbmlops" / "artifacts").rglob("*.*")}
    assert {"note.txt", "cell.py"} <= places


def test_a_broken_message_is_told_and_the_next_one_is_written(tmp_path: Path, scribe: Scribe) -> None:
    scribe.send(open_run())
    assert scribe._pen is not None
    scribe._pen.append(b"{not json\n")
    scribe.send(m.SetTags(key="nobody", tags={"a": "b"}))
    scribe.send(m.SetTags(key="k1", tags={"a": "b"}))
    answer = scribe.flush(60.0)
    assert answer.done
    assert "unreadable message" in answer.errors[0]
    assert "nobody" in answer.errors[1]
    assert lists.find_run(tracking_uri(tmp_path), answer.runs["k1"]).tags["a"] == "b"


def test_an_explicit_parameter_that_changes_is_a_conflict_and_an_automatic_one_keeps_the_first(
    tmp_path: Path, scribe: Scribe
) -> None:
    scribe.send(open_run(params={"lr": "0.1"}))
    scribe.send(m.LogParams(key="k1", params={"lr": "0.2", "new": "1"}))
    assert scribe.flush(60.0).errors == ()
    scribe.send(m.LogParams(key="k1", params={"lr": "0.3"}, explicit=True))
    answer = scribe.flush(30.0)
    assert "Parameter lr" in answer.errors[0]
    assert lists.find_run(tracking_uri(tmp_path), answer.runs["k1"]).params == {"lr": "0.1", "new": "1"}


KERNEL = """
import sys, time
from pathlib import Path
from nbmlops.track.scribe_client import Scribe, command
from nbmlops.track import messages as m
root = Path(sys.argv[1])
scribe = Scribe(command(root, "dead"), root / ".nbmlops" / "spool", session="dead")
scribe.send(m.OpenRun(key="k", name="n", experiment="e", started_ms=1000, tags={"nbmlops.session": "dead"}))
scribe.send(m.LogMetrics(key="k", points=(m.Point("loss", 0.5, 0, 1000),)))
if sys.argv[2] == "goodbye":
    scribe.close()
else:
    print(scribe.pid, flush=True)
    time.sleep(60)
"""


def kernel(root: Path, how: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(KERNEL), str(root), how], stdout=subprocess.PIPE, text=True
    )


def statuses(root: Path) -> list[str]:
    with contextlib.suppress(sqlite3.OperationalError):
        return [run.status for run in lists.list_runs(tracking_uri(root))]
    return []


def test_a_killed_kernel_leaves_a_killed_run_with_its_data(tmp_path: Path) -> None:
    process = kernel(tmp_path, "wait")
    assert process.stdout is not None
    process.stdout.readline()
    process.kill()
    process.communicate()
    wait_for(lambda: statuses(tmp_path) == ["KILLED"])
    wait_for(lambda: sessions(tmp_path / ".nbmlops" / "spool") == ())
    run = lists.find_run(tracking_uri(tmp_path), "n")
    assert run.metrics == {"loss": 0.5}
    assert "goodbye" in run.tags[Tags.FAILURE]


def test_a_kernel_that_says_goodbye_leaves_finished_runs(tmp_path: Path) -> None:
    kernel(tmp_path, "goodbye").communicate(timeout=30)
    wait_for(lambda: statuses(tmp_path) == ["FINISHED"])


def test_a_killed_scribe_and_kernel_are_picked_up_by_the_next_session_without_twins(tmp_path: Path) -> None:
    process = kernel(tmp_path, "wait")
    assert process.stdout is not None
    scribe_pid = int(process.stdout.readline())
    os.kill(scribe_pid, signal.SIGKILL)
    process.kill()
    process.communicate()
    wait_for(lambda: not Path(f"/proc/{scribe_pid}").exists() or b"Z" in _state(scribe_pid))
    with contextlib.closing(make(tmp_path, "next")) as following:
        following.send(open_run("other"))
        assert following.flush(60.0).done
        wait_for(lambda: sorted(statuses(tmp_path)) == ["KILLED", "RUNNING"])
        following.close(30.0)
    assert [run.name for run in lists.list_runs(tracking_uri(tmp_path))].count("n") == 1


def _state(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2]
    except FileNotFoundError:
        return b"Z"


def test_a_scribe_killed_in_the_middle_is_replaced_and_nothing_is_twice(tmp_path: Path, scribe: Scribe) -> None:
    scribe.send(open_run())
    scribe.send(m.LogMetrics(key="k1", points=(m.Point("loss", 0.5, 0, NOW),)))
    first = scribe.flush(60.0)
    assert scribe.pid is not None
    os.kill(scribe.pid, signal.SIGKILL)
    # As if it had died before it could save how far it was.
    state = tmp_path / ".nbmlops" / "spool" / "s1.state"
    state.write_text(f'{{"uri":"{tracking_uri(tmp_path)}"}}')
    scribe.send(m.LogMetrics(key="k1", points=(m.Point("loss", 0.4, 1, NOW),)))
    again = scribe.flush(60.0)
    assert again.done
    assert again.runs == first.runs
    assert lists.find_run(tracking_uri(tmp_path), "baseline").metrics == {"loss": 0.4}


def test_two_scribes_write_to_one_database_at_once(tmp_path: Path) -> None:
    both = [make(tmp_path, f"s{number}") for number in range(2)]
    for number in range(15):
        for scribe in both:
            key = f"{scribe.session}-{number}"
            scribe.send(open_run(key, params={"n": str(number)}))
            scribe.send(m.LogMetrics(key=key, points=(m.Point("loss", 0.5, 0, NOW),)))
            scribe.send(m.EndRun(key=key, ended_ms=NOW))
    answers = [scribe.flush(90.0) for scribe in both]
    for scribe in both:
        scribe.close(30.0)
    assert [(answer.done, answer.errors, len(answer.runs)) for answer in answers] == [(True, (), 15)] * 2
    runs = lists.list_runs(tracking_uri(tmp_path))
    assert len(runs) == 30
    assert all(run.metrics and run.params and run.status == "FINISHED" for run in runs)


def test_work_goes_on_when_the_server_is_away(tmp_path: Path) -> None:
    scribe = make(tmp_path, "s1", "http://someone:hunter2@127.0.0.1:9")
    scribe.send(open_run())
    answer = scribe.flush(30.0)
    scribe.close(30.0)
    assert not answer.done
    assert "does not answer" in answer.errors[-1]
    assert "hunter2" not in answer.errors[-1]
    assert sessions(tmp_path / ".nbmlops" / "spool") == ("s1",)


def test_single_points_of_a_loop_all_arrive(tmp_path: Path, scribe: Scribe) -> None:
    scribe.send(open_run())
    for step in range(1500):
        scribe.send(m.LogMetrics(key="k1", points=(m.Point("loss", step / 2, step, NOW + step),)))
    scribe.send(m.EndRun(key="k1", ended_ms=NOW))
    assert scribe.flush(60.0).errors == ()
    with contextlib.closing(sqlite3.connect(tmp_path / ".nbmlops" / "mlflow.db")) as database:
        assert database.execute("SELECT count(*), max(value) FROM metrics").fetchone() == (1500, 749.5)
