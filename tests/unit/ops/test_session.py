"""Sessions with a real scribe and a real MLflow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sklearn.linear_model import Ridge

from nbmlops.model.cell import Execution, SessionInfo
from nbmlops.model.run import Tags
from nbmlops.ops.session import Session
from nbmlops.project import Project
from nbmlops.track.lists import find_run, list_runs, models


@pytest.fixture
def session(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.chdir(project.root)
    made = Session(project, notebook=project.root / "wine.ipynb", namespace={})
    made.sensors.install()
    yield made
    made.close(60.0)


def cell(session: Session, source: str, namespace: dict[str, object]) -> None:
    session.before_cell(source, source, "c1")
    error: BaseException | None = None
    try:
        exec(source, namespace)
    except Exception as problem:  # noqa: BLE001 - the cell's own
        error = problem
    session.after_cell(error, 1)


FIT = "from sklearn.linear_model import Ridge\nmodel = Ridge(alpha=2).fit([[1.0], [2.0], [4.0]], [1.0, 2.0, 4.0])"


def test_a_fit_is_a_run_with_its_model_its_notebook_and_its_cell(session: Session) -> None:
    cell(session, FIT, {})
    session.scribe.flush(60.0)
    run = find_run(session.project.uri, "Ridge")
    assert run.params["alpha"] == "2"
    assert (run.status, run.tags[Tags.NOTEBOOK], run.tags[Tags.CELL]) == ("FINISHED", "wine.ipynb", "c1")
    assert len(models(session.project.uri, run.id)) == 1


def test_models_are_not_kept_where_the_settings_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project.init(tmp_path / "plain")
    (project.root / "nbmlops.toml").write_text("[tracking]\nmodels = false\n")
    monkeypatch.chdir(project.root)
    session = Session(Project(project.root), notebook=None, namespace={})
    session.sensors.install()
    cell(session, FIT, {})
    session.scribe.flush(60.0)
    run = find_run(project.uri, "Ridge")
    session.close(60.0)
    assert models(project.uri, run.id) == ()
    assert run.tags[Tags.MODEL] == "skipped: tracking.models is false"


def test_what_a_cell_read_is_the_data_of_its_run_and_a_change_after_that_is_told(session: Session) -> None:
    data = session.project.root / "a.csv"
    data.write_text("1")
    cell(session, "from pathlib import Path\ntext = Path('a.csv').read_text()\n" + FIT, {})
    session.scribe.flush(60.0)
    first = find_run(session.project.uri, "Ridge")
    assert Tags.DATA_SNAPSHOT in first.tags
    assert Tags.PROBLEM not in first.tags
    data.write_text("22")
    cell(session, FIT.replace("alpha=2", "alpha=3"), {})
    session.scribe.flush(60.0)
    second = find_run(session.project.uri, "Ridge")
    assert second.tags[Tags.PROBLEM] == "no longer as it was read: a.csv"


def test_cells_are_there_after_the_session_with_their_outcomes(project: Project) -> None:
    session = Session(project, notebook=None, namespace={})
    cell(session, "x = 1", {})
    cell(session, "1 / 0", {})
    session.close(60.0)
    found = project.records.oldest(Execution, subject=session.id)
    assert [(each.source, str(each.outcome)) for each in found] == [("x = 1", "ok"), ("1 / 0", "error")]
    info = project.records.get(SessionInfo, session.id)
    assert info is not None
    assert info.ended is not None


def test_switched_off_nothing_is_seen_and_nothing_is_patched(session: Session) -> None:
    def told() -> bool:
        info = session.project.records.get(SessionInfo, session.id)
        return info is not None and info.is_on

    assert told()
    session.switch(False)
    assert not told()
    cell(session, FIT, {})
    assert session.sensors.patched() == ()
    session.scribe.flush(60.0)
    path = session.project.layout.mlflow_db
    assert not path.exists() or list_runs(session.project.uri) == ()
    session.switch(True)
    assert told()
    Ridge().fit([[1.0], [2.0]], [1.0, 2.0])
    session.scribe.flush(60.0)
    assert [run.name for run in list_runs(session.project.uri)] == ["Ridge"]
