"""`image`: the service of a package answers from a container, and what is sent to a registry is that image."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest

from nbmlops import api
from nbmlops.deploy.folder import folders
from nbmlops.errors import MissingDependencyError, UsageError
from nbmlops.ops.deployment_view import DeploymentView
from nbmlops.ops.image import Result
from nbmlops.project import Project
from tests.services import servers
from tests.services.containers import Podman, answer, python_root, running

# MLflow warns of its own type hints when it is imported.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning")
KITFILE = "manifestVersion: 1.0.0\npackage: {name: wine}\nmodel: {name: wine, path: model}\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a model, its package, and a Python as a base."""
    from sklearn.datasets import load_wine
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if sys.platform != "linux" or shutil.which("ldd") is None:
        pytest.skip("The running Python is made into a base on Linux only, with ldd.")
    place = tmp_path_factory.mktemp("image-verb")
    wine = load_wine(as_frame=True)
    table = wine.data[["alcohol", "ash", "proline"]]
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(table, wine.target)
    signature = mlflow.models.infer_signature(table, model.predict(table))
    mlflow.sklearn.save_model(
        model, str(place / "kit" / "model"), signature=signature, input_example=table.head(3),
        pip_requirements=[f"{name}=={version(name)}"
                          for name in ("mlflow", "scikit-learn", "numpy", "pandas", "skops")],
    )  # fmt: skip
    (place / "kit" / "Kitfile").write_text(KITFILE)
    python_root(place / "root")
    return place


@pytest.fixture(autouse=True)
def alone(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITOPS_HOME", str(place / "packages"))
    monkeypatch.setenv("DOCKER_CONFIG", str(place / "docker"))
    monkeypatch.chdir(place)
    api.pack(source="kit", tag="wine:v1")


def image(place: Path, **more: Any) -> Result:
    made = api.image(package="wine:v1", base=f"rootfs:{place / 'root'}", folder=place, **more)
    assert isinstance(made, Result)
    return made


def ask(address: str, token: str, document: Any = None) -> Any:
    data = None if document is None else json.dumps(document).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(address, data, headers), timeout=30) as reply:
        return json.loads(reply.read())


@pytest.mark.slow
def test_the_service_answers_from_a_container(place: Path, podman: Podman, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in podman.env.items():
        monkeypatch.setenv(name, value)
    made = image(place, tag="wine-service:v1", engine="podman")
    assert made.engine == "podman"
    assert made.wheels > 10
    port, name = servers.free_port(), "nbmlops-test-wine-service"
    variables = (f"--env=NBMLOPS_PORT={port}", "--env=NBMLOPS_HOST=127.0.0.1", "--env=NBMLOPS_TOKEN=secret")
    hard = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges")
    address = f"http://127.0.0.1:{port}"
    rows = [[13.2, 2.4, 1050.0], [12.4, 1.9, 520.0], [13.9, 2.6, 600.0]]
    columns = ["alcohol", "ash", "proline"]
    model = mlflow.pyfunc.load_model(str(place / "kit" / "model"))
    expected = model.predict(pd.DataFrame(rows, columns=columns)).tolist()
    with running(podman, name, *hard, *variables, "localhost/wine-service:v1"):
        assert json.loads(answer(podman, name, f"{address}/healthz/ready")) == {"ready": True}
        with pytest.raises(urllib.error.HTTPError, match="401"):
            ask(f"{address}/v2/models/wine", "guess")
        split = {"dataframe_split": {"columns": columns, "data": rows}}
        assert ask(f"{address}/invocations", "secret", split)["predictions"] == expected
        tensor = {"name": "rows", "datatype": "FP64", "shape": [3, 3], "data": rows}
        inferred = ask(f"{address}/v2/models/wine/infer", "secret", {"inputs": [tensor]})
        assert inferred["outputs"][0]["data"] == expected
        predicted = ask(f"{address}/v1/models/wine:predict", "secret", {"instances": rows})
        assert predicted["predictions"] == expected
        podman("stop", "--time", "30", name)
        # Ended by itself upon SIGTERM, not killed.
        assert podman("inspect", "--format", "{{.State.ExitCode}}", name).strip() == "0"


def _is_well_again(view: DeploymentView) -> bool:
    (replica,) = view.revision(1).replicas
    return replica.restarts == 1 and view.state == "healthy"


@pytest.mark.slow
def test_containers_are_deployed_shifted_and_rolled_back(
    place: Path, podman: Podman, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in podman.env.items():
        monkeypatch.setenv(name, value)
    image(place, tag="wine-service:v1", engine="podman")
    project = Project.init(tmp_path / "project").root
    more: dict[str, Any] = {"name": "boxed", "image": "localhost/wine-service:v1", "folder": project}
    try:
        (first,) = api.deploy(package="wine:v1", target="container", port=servers.free_port(), **more).deployments
        assert (first.state, first.target) == ("healthy", "container")
        listed = podman("ps", "--format", "{{.Names}} {{.Networks}} {{.Ports}}").split()
        assert len(listed) == 1
        assert listed[0].startswith("nbmlops-boxed-")
        answer = api.predict(name="boxed", folder=project)
        model = mlflow.pyfunc.load_model(str(place / "kit" / "model"))
        assert answer.predictions == model.predict(model.input_example).tolist()
        second = api.deploy(package="wine:v1", canary=50, **more)
        assert (second.replay.answers, second.replay.differing) == (3, 0)
        assert {api.predict(name="boxed", folder=project).revision for _ in range(4)} == {1, 2}
        api.deploy(name="boxed", canary=100, folder=project)
        assert {api.predict(name="boxed", folder=project).revision for _ in range(4)} == {2}
        assert api.rollback(name="boxed", folder=project).answers == 1
        assert {api.predict(name="boxed", folder=project).revision for _ in range(4)} == {1}
        # Revision 2's may still be on its way out.
        podman("kill", next(each for each in podman("ps", "--format", "{{.Names}}").split() if each.endswith("-1-0")))
        until = time.monotonic() + 60
        while not _is_well_again(api.deployments(name="boxed", folder=project).deployments[0]):
            assert time.monotonic() < until, "it did not come back"
            time.sleep(0.2)
        assert api.predict(name="boxed", folder=project).revision == 1
    finally:
        for each in folders(project / ".nbmlops"):
            api.undeploy(name=each.name, purge=True, folder=project)
    assert podman("ps", "--all", "--quiet") == ""


@pytest.mark.slow
def test_the_same_package_makes_the_same_image_and_another_model_changes_its_last_layers(place: Path) -> None:
    first = image(place, output="one.tar")
    second = image(place, output="two.tar")
    assert first.digest == second.digest
    assert (place / "one.tar").read_bytes() == (place / "two.tar").read_bytes()
    (place / "kit" / "model" / "note.txt").write_text("another one")
    api.pack(source="kit", tag="wine:v2")
    third = api.image(package="wine:v2", base=f"rootfs:{place / 'root'}", folder=place, output="three.tar")
    assert third.digest != first.digest
    assert third.layers == first.layers


@pytest.mark.slow
@pytest.mark.skipif(
    shutil.which("docker-registry") is None or shutil.which("skopeo") is None,
    reason="docker-registry or skopeo is not installed. On Debian, as root: apt-get install docker-registry skopeo",
)
def test_sent_to_a_registry_with_its_bill_it_is_that_image(place: Path, tmp_path: Path) -> None:
    server, host = servers.registry(tmp_path / "registry")
    server.start()
    try:
        made = image(place, tag=f"{host}/team/wine-service:v1")
        assert made.sent == made.layers + 1
        assert image(place, tag=f"{host}/team/wine-service:v1").sent == 0
        command = ["skopeo", "inspect", "--tls-verify=false", f"docker://{host}/team/wine-service:v1"]
        told = json.loads(subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout)
        assert told["Digest"] == made.digest
        assert told["Labels"]["dev.nbmlops.package.digest"] == made.package
        fallback = f"http://{host}/v2/team/wine-service/manifests/{made.digest.replace(':', '-')}"
        asked = urllib.request.Request(fallback, headers={"Accept": "application/vnd.oci.image.index.v1+json"})
        with urllib.request.urlopen(asked, timeout=10) as reply:
            (bill,) = json.loads(reply.read())["manifests"]
        assert bill["artifactType"] == "application/vnd.cyclonedx+json"
        if Path("/bin/busybox").exists():
            car = api.image(package="wine:v1", tag=f"{host}/team/wine-car:v1", modelcar=True, folder=place)
            assert car.bytes < made.bytes / 10
    finally:
        server.stop()


def test_what_cannot_become_an_image_is_told_before_anything_is_built(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="has to go somewhere"):
        api.image(package="wine:v1", folder=place)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingDependencyError, match="Neither podman nor docker"):
        api.image(package="wine:v1", tag="wine-service:v1", folder=place)
    (tmp_path / "Kitfile").write_text(KITFILE.replace("path: model", "path: weights.bin"))
    (tmp_path / "weights.bin").write_bytes(b"w")
    api.pack(source=str(tmp_path), tag="weights:v1")
    with pytest.raises(UsageError, match="is no MLflow model"):
        api.image(package="weights:v1", output="x.tar", folder=tmp_path)
    assert not (tmp_path / "x.tar").exists()
