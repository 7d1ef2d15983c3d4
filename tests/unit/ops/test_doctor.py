"""`doctor` says how well this machine sees what cells read, and what lowers it."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbmlops.capture import folders
from nbmlops.capture.inotify import Inotify
from nbmlops.ops.call import Call
from nbmlops.ops.doctor import Check, Request, doctor
from nbmlops.ops.session import Session
from nbmlops.project import Project
from nbmlops.store.layout import SETTINGS
from tests.ports.tekton_server import NAMESPACE, TOKEN, TektonServer


def named(project: Project, name: str) -> Check:
    (check,) = [check for check in doctor(Call(folder=project.root), Request()).checks if check.name == name]
    return check


def inputs(project: Project) -> Check:
    return named(project, "inputs")


def test_a_machine_with_fanotify_is_good(project: Project) -> None:
    check = inputs(project)
    assert check.is_good, check.found
    assert check.found.startswith("full, 1 folder watched by fanotify")
    assert check.remedy == ""


def test_a_machine_with_inotify_alone_says_what_that_means(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "MAKERS", (Inotify,))
    check = inputs(project)
    assert not check.is_good
    assert check.found == "watched, 1 folder watched by inotify; inotify does not say which process read a file"
    assert "docs/read-paths.md" in check.remedy


def test_settings_that_lower_it_are_named(project: Project) -> None:
    (project.root / SETTINGS).write_text('[capture]\ninputs = "hook"\n')
    assert inputs(project).found == 'partial; capture.inputs is "hook"'
    (project.root / SETTINGS).write_text('[capture]\nroots = ["elsewhere"]\nlargest_watch = 1\n')
    (project.root / "data").mkdir()
    found = inputs(project).found
    assert found.startswith("partial, 1 folder watched by ")
    assert "there are more than 1 folders (capture.largest_watch)" in found


@pytest.fixture
def session(project: Project) -> Iterator[Session]:
    made = Session(project, notebook=None, namespace={})
    made.sensors.install()
    yield made
    made.close()


def test_what_is_patched_for_the_inputs_is_listed_and_gone_afterwards(session: Session) -> None:
    import polars as pl

    original = pl.read_csv.__wrapped__
    result = doctor(Call(folder=session.project.root, session=session), Request())
    assert "polars.read_csv" in result.patched
    session.sensors.uninstall()
    assert pl.read_csv is original
    assert session.sensors.patched() == ()


@pytest.fixture
def jupyter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Paths of Jupyter's that come before all others."""
    for variable, folder in (("JUPYTER_PATH", "data"), ("JUPYTER_CONFIG_PATH", "config")):
        monkeypatch.setenv(variable, str(tmp_path / folder))
    return tmp_path


def put_page(jupyter: Path, version: str) -> Path:
    page = jupyter / "data" / "labextensions" / "nbmlops" / "package.json"
    page.parent.mkdir(parents=True)
    page.write_text(json.dumps({"name": "nbmlops", "version": version}))
    return page.parent


def test_the_sidebar_of_this_version_is_good(project: Project, jupyter: Path) -> None:
    ours = importlib.metadata.version("nbmlops")
    place = put_page(jupyter, ours)
    check = named(project, "sidebar")
    assert (check.is_good, check.found, check.remedy) == (True, f"{ours} in {place}", "")


def test_a_sidebar_of_another_version_is_named(project: Project, jupyter: Path) -> None:
    place = put_page(jupyter, "0.0.1")
    check = named(project, "sidebar")
    assert not check.is_good
    assert check.found.startswith(f"0.0.1 in {place}, but nbmlops is ")
    assert "pip install" in check.remedy


def test_a_sidebar_that_cannot_be_read_is_of_no_version(project: Project, jupyter: Path) -> None:
    (put_page(jupyter, "") / "package.json").write_text("[]")
    assert named(project, "sidebar").found.startswith("of no version in ")


def test_a_server_half_that_is_switched_off_is_told(project: Project, jupyter: Path) -> None:
    assert named(project, "sidebar's server").is_good
    folder = jupyter / "config" / "jupyter_server_config.d"
    folder.mkdir(parents=True)
    (folder / "nbmlops.json").write_text(json.dumps({"ServerApp": {"jpserver_extensions": {"nbmlops": False}}}))
    check = named(project, "sidebar's server")
    assert not check.is_good
    assert check.found == "switched off"
    assert check.remedy.startswith("jupyter server extension enable nbmlops")


def test_the_cluster_of_trainers_is_asked_and_that_of_compilers_is_not(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NBMLOPS_CLUSTER_TOKEN", TOKEN)
    settings = project.root / SETTINGS
    server = TektonServer(tmp_path / "volumes")
    try:
        text = f'[engine.tekton]\naddress = "{server.address}"\nnamespace = "{NAMESPACE}"\nimage = "a:1"\n'
        settings.write_text(text + '[engine.kfp]\nstorage = "20Gi"\n')
        assert named(project, "tekton").found == f"Tekton at {server.address} answers"
        checks = doctor(Call(folder=project.root), Request()).checks
        assert "kfp" not in {check.name for check in checks}
        monkeypatch.setenv("NBMLOPS_CLUSTER_TOKEN", "another")
        refused = named(project, "tekton")
        assert not refused.is_good
        assert "does not let us get the PipelineRun" in refused.found
        assert "NBMLOPS_CLUSTER_TOKEN" in refused.remedy
    finally:
        server.close()
    assert "does not answer" in named(project, "tekton").found
