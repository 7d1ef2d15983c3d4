"""The user's own `mlflow.log_metric` by way of the journal: what MLflow stores, raises and reads stays the same."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from typing import Any

import mlflow
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mlflow import MlflowClient
from mlflow.entities import Metric
from mlflow.exceptions import MlflowException
from mlflow.tracking._tracking_service.client import TrackingServiceClient

from nbmlops.ops.session import Session
from nbmlops.project import Project
from nbmlops.track import address

NOW = 1_760_000_000_000


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    root = tmp_path_factory.mktemp("tap")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME"):
            patch.delenv(name, raising=False)
        project = Project.init(root / "project")
        patch.chdir(project.root)
        made = Session(project, notebook=project.root / "wine.ipynb", namespace={})
        made.sensors.install()
        kept = dict(os.environ)
        yield made
        os.environ.update(kept)
        made.close(60.0)
        mlflow.set_tracking_uri(None)


@pytest.fixture(scope="module")
def plain_uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A second database, at whose address nothing of ours stands in between."""
    root = tmp_path_factory.mktemp("plain")
    uri = address.tracking_uri(root)
    address.prepare(root, uri)
    return uri


@pytest.fixture(autouse=True)
def at_the_session(session: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The environment of the kernel, which the fixtures of all tests take away between them."""
    for name, value in address.environment(session.project.root, session.project.uri).items():
        monkeypatch.setenv(name, value)
    mlflow.set_tracking_uri(session.project.uri)
    yield
    while mlflow.active_run() is not None:
        mlflow.end_run()


def stored(uri: str, run: str) -> dict[str, list[tuple[float, int, int]]]:
    client = MlflowClient(uri)
    names = sorted(client.get_run(run).data.metrics)
    return {
        name: [(repr(each.value), each.step, each.timestamp) for each in client.get_metric_history(run, name)]  # type: ignore[misc]
        for name in names
    }


def both(session: Session, plain_uri: str, log: Callable[[str], None]) -> tuple[Any, Any]:
    """What `log(run id)` leaves, or raises, at the session's address and at the plain one."""
    outcomes = []
    for uri in (session.project.uri, plain_uri):
        mlflow.set_tracking_uri(uri)
        with mlflow.start_run(experiment_id="0") as run:
            try:
                log(run.info.run_id)
            except Exception as error:  # noqa: BLE001 - it is what is compared
                text = str(error).replace(run.info.run_id, "RUN")
                outcomes.append((type(error), text, stored(uri, run.info.run_id)))
            else:
                outcomes.append(stored(uri, run.info.run_id))
    ours, theirs = outcomes
    return ours, theirs


VALUES = st.one_of(
    st.floats(),
    st.integers(-(10**6), 10**6),
    st.booleans(),
    st.sampled_from([np.float64(0.25), np.float32(0.5), np.int64(3), np.array([0.75]), np.array(2.0), "1.5"]),
)
NAMES = st.sampled_from(["loss", "val/loss", "été 2", "a:b-c.d"])
STEPS = st.one_of(st.none(), st.integers(-5, 5), st.sampled_from([2**62]))
TIMES = st.integers(NOW, NOW + 3)
CALLS = st.lists(
    st.one_of(
        st.tuples(st.just("log_metric"), NAMES, VALUES, STEPS, TIMES),
        st.tuples(st.just("log_metrics"), st.dictionaries(NAMES, VALUES, max_size=3), st.none(), STEPS, TIMES),
        st.tuples(st.just("client"), NAMES, VALUES, STEPS, TIMES),
        st.tuples(st.just("batch"), st.lists(st.tuples(NAMES, VALUES), max_size=4), st.none(), STEPS, TIMES),
        st.tuples(st.just("run_id"), NAMES, VALUES, STEPS, TIMES),
    ),
    min_size=1,
    max_size=12,
)


def perform(calls: list[Any], run: str) -> None:
    for how, what, value, step, time_ms in calls:
        match how:
            case "log_metric":
                mlflow.log_metric(what, value, step=step, timestamp=time_ms)
            case "log_metrics":
                mlflow.log_metrics(what, step=step, timestamp=time_ms)
            case "client":
                MlflowClient().log_metric(run, what, value, time_ms, step)
            case "batch":
                MlflowClient().log_batch(run, metrics=[Metric(name, each, time_ms, step or 0) for name, each in what])
            case "run_id":
                mlflow.log_metric(what, value, step=step, timestamp=time_ms, run_id=run)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls=CALLS)
def test_history_and_latest_values_are_those_of_plain_mlflow(session: Session, plain_uri: str, calls: Any) -> None:
    ours, theirs = both(session, plain_uri, lambda run: perform(calls, run))
    assert ours == theirs


BAD = {
    "empty name": lambda run: mlflow.log_metric("", 1.0),
    "odd name": lambda run: mlflow.log_metric("a//b", 1.0),
    "long name": lambda run: mlflow.log_metric("a" * 251, 1.0),
    "name with a question mark": lambda run: mlflow.log_metrics({"good": 1.0, "what?": 2.0}, timestamp=NOW),
    "no name": lambda run: mlflow.log_metric(None, 1.0),
    "text": lambda run: mlflow.log_metric("loss", "high", timestamp=NOW),
    "nothing": lambda run: mlflow.log_metric("loss", None),
    "two numbers": lambda run: mlflow.log_metric("loss", np.array([1.0, 2.0])),
    "complex": lambda run: mlflow.log_metric("loss", 1j),
    "step of text": lambda run: mlflow.log_metric("loss", 1.0, step="last", timestamp=NOW),
    "time before time": lambda run: mlflow.log_metric("loss", 1.0, timestamp=-5),
    "unknown run": lambda run: MlflowClient().log_metric("0" * 32, "loss", 1.0),
    "no run id": lambda run: MlflowClient().log_metric("nonsense!", "loss", 1.0),
    "a list of metrics": lambda run: mlflow.log_metrics([1.0]),  # type: ignore[arg-type]
    "too few": lambda run: mlflow.log_metric("loss"),  # type: ignore[call-arg]
}


@pytest.mark.parametrize("bad", BAD)
def test_mlflows_errors_are_raised_at_the_call(session: Session, plain_uri: str, bad: str) -> None:
    ours, theirs = both(session, plain_uri, BAD[bad])
    assert isinstance(theirs, tuple)
    assert ours == theirs


def test_a_deleted_run_refuses_at_the_call(session: Session, plain_uri: str) -> None:
    def log(run: str) -> None:
        mlflow.log_metric("loss", 1.0, timestamp=NOW)
        mlflow.delete_run(run)
        try:
            mlflow.log_metric("loss", 2.0, timestamp=NOW)
        finally:
            MlflowClient().restore_run(run)

    ours, theirs = both(session, plain_uri, log)
    assert ours == theirs
    assert ours[0] is MlflowException


def logged() -> str:
    """An open run with a hundred points of a loop."""
    run = mlflow.start_run(experiment_id="0")
    for step in range(100):
        mlflow.log_metric("loss", 100.0 - step, step=step)
    return str(run.info.run_id)


READS: dict[str, Callable[[str], float]] = {
    "get_run": lambda run: mlflow.get_run(run).data.metrics["loss"],
    "client": lambda run: MlflowClient().get_run(run).data.metrics["loss"],
    "history": lambda run: MlflowClient().get_metric_history(run, "loss")[-1].value,
    "search_runs": lambda run: mlflow.search_runs(experiment_ids=["0"]).set_index("run_id")["metrics.loss"][run],
}


@pytest.mark.parametrize("read", READS)
def test_what_was_logged_is_there_when_mlflow_is_read(session: Session, read: str) -> None:
    assert READS[read](logged()) == 1.0


def test_a_run_that_has_ended_has_all_of_its_metrics(session: Session) -> None:
    run = logged()
    mlflow.end_run()
    from nbmlops.track.lists import find_run

    found = find_run(session.project.uri, run)
    assert (found.status, found.metrics["loss"]) == ("FINISHED", 1.0)


def test_what_is_not_plain_goes_through_mlflow(session: Session) -> None:
    run = mlflow.start_run(experiment_id="0").info.run_id
    data = mlflow.data.from_numpy(np.arange(3.0), name="d")  # type: ignore[attr-defined]
    mlflow.log_metric("of data", 1.0, dataset=data)
    mlflow.log_metric("later", 2.0, synchronous=False).wait()  # type: ignore[union-attr]
    model = mlflow.create_external_model("m")
    mlflow.log_metric("of model", 3.0, model_id=model.model_id)
    found = mlflow.get_run(run)
    assert found.data.metrics == {"of data": 1.0, "later": 2.0, "of model": 3.0}
    assert [use.dataset.name for use in found.inputs.dataset_inputs] == ["d"]
    assert mlflow.get_logged_model(model.model_id).metrics[0].key == "of model"


def test_a_loop_is_written_without_anybody_asking(session: Session) -> None:
    import time

    from nbmlops.track.lists import find_run

    run = logged()
    deadline = time.monotonic() + 30
    while find_run(session.project.uri, run).metrics.get("loss") != 1.0:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_when_the_journal_takes_nothing_mlflow_does(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session.scribe, "send", lambda message: False)
    assert mlflow.get_run(logged()).data.metrics == {"loss": 1.0}


def test_a_refusal_that_comes_late_is_told(session: Session, caplog: pytest.LogCaptureFixture) -> None:
    run = logged()
    mlflow.get_run(run)
    # Deleted by somebody else: nothing in this kernel hears of it.
    with_sql = session.project.root / ".nbmlops" / "mlflow.db"
    import sqlite3

    database = sqlite3.connect(with_sql)
    with database:
        database.execute("UPDATE runs SET lifecycle_stage = 'deleted' WHERE run_uuid = ?", (run,))
    mlflow.log_metric("loss", 0.0)
    with caplog.at_level(logging.WARNING, "nbmlops"):
        mlflow.search_runs(experiment_ids=["0"])
    with database:
        database.execute("UPDATE runs SET lifecycle_stage = 'active' WHERE run_uuid = ?", (run,))
    database.close()
    assert "is deleted: 1 metric values are lost" in caplog.text


def test_a_forked_child_logs_by_itself_and_nothing_is_twice(session: Session) -> None:
    run = logged()
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            MlflowClient().log_metric(run, "of the child", 5.0)
            os.write(writes, b"y" if MlflowClient().get_run(run).data.metrics.get("of the child") == 5.0 else b"n")
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reads, 1) == b"y"
    os.close(reads)
    os.close(writes)
    mlflow.log_metric("loss", 0.5, step=200)
    assert mlflow.get_run(run).data.metrics == {"loss": 0.5, "of the child": 5.0}
    assert len(MlflowClient().get_metric_history(run, "loss")) == 101


def test_patches_are_listed_and_undone(session: Session) -> None:
    before = mlflow.log_metric
    assert "mlflow.log_metric" in session.sensors.patched()
    assert "TrackingServiceClient.store" in session.sensors.patched()
    run = logged()
    session.sensors.uninstall()
    try:
        assert not any("mlflow" in name for name in session.sensors.patched())
        assert mlflow.log_metric is mlflow.tracking.fluent.log_metric
        assert mlflow.log_metric is before.__wrapped__  # type: ignore[attr-defined]
        assert not hasattr(TrackingServiceClient.log_batch, "__wrapped__") or "nbmlops" not in str(
            TrackingServiceClient.log_batch.__code__.co_filename
        )
        # Who has kept the function from before.
        before("loss", -1.0, step=300)
        assert mlflow.get_run(run).data.metrics == {"loss": -1.0}
    finally:
        session.sensors.install()
