"""From a notebook to a package, through a real registry, to a machine that has never seen the project."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.journeys.conftest import TRAINING, Terminal, flowers, one_line, write
from tests.services import servers

POLICY = """\
signed: nbmlops.pub
provenance: true
data: known
certificate: EQUIVALENT
metrics: {accuracy_score: "> 0.5"}
secrets: refuse
"""
NOTEBOOK = "# %%\n%load_ext nbmlops\n" + TRAINING


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("docker-registry") is None,
    reason="docker-registry is not installed. On Debian, as root: apt-get install docker-registry",
)
def test_a_pipeline_is_packed_sent_and_runs_elsewhere(
    terminal: Terminal, tmp_path: Path, variables: dict[str, str]
) -> None:
    (terminal.folder / "data").mkdir()
    (terminal.folder / "data" / "flowers.csv").write_text(flowers())
    write(terminal.folder, "flowers.ipynb", NOTEBOOK)
    terminal.good("export", "flowers.ipynb")
    first = terminal.good("run", "pipelines/flowers", "--name", "first")["result"]
    maker = {"KITOPS_HOME": str(tmp_path / "maker"), "DOCKER_CONFIG": str(tmp_path / "docker")}
    packed = terminal.good("pack", "pipelines/flowers", **maker)
    assert packed["run"] == first["run"]
    assert terminal.good("pack", "first", **maker)["package"]["digest"] == packed["package"]["digest"]
    terminal.good("promote", "first", "champion", "--model", "flowers")
    for name in ("models:/flowers@champion", f"runs:/{first['run']}"):
        assert terminal.good("pack", name, **maker)["run"] == first["run"]
    unknown = terminal.nbmlops("pack", "models:/flowers@nobody", **maker)
    assert "There is no model models:/flowers@nobody" in one_line(unknown)
    kinds = {layer["kind"] for layer in packed["package"]["layers"]}
    assert kinds == {"model", "code", "dataset", "docs"}
    (terminal.folder / "nbmlops-policy.yaml").write_text(POLICY)
    terminal.good("sign", packed["references"][0], "--new-key", **maker)
    assert terminal.good("verify", packed["references"][0], **maker)["package"]["findings"] == []

    server, host = servers.registry(tmp_path / "registry")
    server.start()
    try:
        name = f"{host}/garden/flowers:v1"
        terminal.good("push", packed["references"][0], name, **maker)
        elsewhere = Terminal(tmp_path, variables)
        user = {"KITOPS_HOME": str(tmp_path / "user"), "DOCKER_CONFIG": str(tmp_path / "docker")}
        pulled = elsewhere.good("pull", name, **user)
        assert pulled["package"]["digest"] == packed["package"]["digest"]
        elsewhere.good("unpack", name, "-d", "another place", **user)
    finally:
        server.stop()
    there = Terminal(tmp_path / "another place", variables)
    again = there.good("run", "pipelines/flowers")["result"]
    assert again["state"] == "done"
    assert again["metrics"]["accuracy_score"] == first["metrics"]["accuracy_score"]
    # The run came along: nothing of the first project is asked for it.
    terminal.folder.rename(tmp_path / "away")
    reproduced = there.good("reproduce")
    assert reproduced["reproduction"]["verdict"] == "REPRODUCED"
    assert reproduced["run"]["metrics"] == first["metrics"]
    assert there.good("reproduce", first["run"][:8])["run"]["id"] == reproduced["run"]["id"]
    assert there.good("show", "first")["run"]["tags"]["nbmlops.received"] == first["run"]
    rows = "numpy.array([[1.0, 2.0], [2.0, 1.0]])"
    predict = f"import mlflow, numpy; print(len(mlflow.pyfunc.load_model('model').predict({rows})))"
    done = subprocess.run(
        [sys.executable, "-c", predict], cwd=there.folder, env=variables, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "2", done.stderr
    assert "accuracy_score" in (there.folder / "MODEL_CARD.md").read_text()
    for name in ("MODEL_CARD.md", "provenance.json", "bom.json", "Kitfile"):
        assert str(terminal.folder) not in (there.folder / name).read_text()


@pytest.mark.slow
def test_the_same_pipeline_in_two_places_gives_the_same_layers(tmp_path: Path, variables: dict[str, str]) -> None:
    found = []
    for place in (tmp_path / "one", tmp_path / "further" / "down" / "other"):
        (place / "data").mkdir(parents=True)
        (place / "data" / "flowers.csv").write_text(flowers())
        write(place, "flowers.ipynb", NOTEBOOK)
        terminal = Terminal(place, {**variables, "KITOPS_HOME": str(tmp_path / "kitops")})
        terminal.good("init")
        terminal.good("export", "flowers.ipynb")
        terminal.good("run", "pipelines/flowers")
        layers = terminal.good("pack", "pipelines/flowers")["package"]["layers"]
        found.append({layer["path"]: layer["digest"] for layer in layers if layer["kind"] != "docs"})
    assert {"model", "pipelines/flowers", "data/flowers.csv"} <= set(found[0])
    assert found[0] == found[1]
