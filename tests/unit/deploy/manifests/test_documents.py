"""Documents for clusters are what the clusters' schemas ask for, and nothing of a person's is overwritten."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml

from nbmlops.deploy.manifests.folder import OVERLAYS, write
from nbmlops.deploy.manifests.wanted import Wanted
from nbmlops.errors import UsageError
from tests.unit.deploy.manifests.kserve_schema import INFERENCE_SERVICE, KUSTOMIZATION

DIGEST = f"sha256:{'ab' * 32}"
IMAGE = f"ghcr.io/team/wine-service@{DIGEST}"
WANTED = Wanted(name="wine", package="ghcr.io/team/wine:v1", digest=DIGEST, replicas=2, image=IMAGE)
STORED = Wanted(name="on", package="1e3", digest=DIGEST, storage=f"oci://ghcr.io/team/wine-car@{DIGEST}")
NEWEST = "1.34"


def base(folder: Path) -> dict[str, Any]:
    return {path.name: yaml.safe_load(path.read_text()) for path in sorted((folder / "base").glob("*.yaml"))}


@pytest.mark.parametrize(
    "wanted",
    [WANTED, msgspec.structs.replace(WANTED, percent=20), STORED, msgspec.structs.replace(STORED, percent=0)],
)
def test_an_inference_service_is_what_kserve_takes(wanted: Wanted, tmp_path: Path) -> None:
    write(wanted, "kserve", tmp_path)
    found = base(tmp_path)
    service = found["inferenceservice.yaml"]
    jsonschema.validate(service, INFERENCE_SERVICE)
    jsonschema.validate(found["kustomization.yaml"], KUSTOMIZATION)
    predictor = service["spec"]["predictor"]
    assert predictor.get("canaryTrafficPercent") == wanted.percent
    if wanted.image:
        assert predictor["containers"][0]["image"] == IMAGE
    else:
        assert predictor["model"]["storageUri"] == wanted.storage


@pytest.mark.parametrize("version", ["1.27", NEWEST])
def test_documents_of_kubernetes_hold_its_strict_schemas(version: str, tmp_path: Path) -> None:
    import kubernetes_validate

    write(WANTED, "kubernetes", tmp_path)
    found = base(tmp_path)
    jsonschema.validate(found.pop("kustomization.yaml"), KUSTOMIZATION)
    assert sorted(found) == ["autoscaler.yaml", "deployment.yaml", "service.yaml"]
    for document in found.values():
        kubernetes_validate.validate(document, version, strict=True)
    pod = found["deployment.yaml"]["spec"]["template"]
    assert found["service.yaml"]["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
    assert found["autoscaler.yaml"]["spec"]["scaleTargetRef"]["name"] == found["deployment.yaml"]["metadata"]["name"]


def test_the_token_is_never_written(tmp_path: Path) -> None:
    write(WANTED, "kubernetes", tmp_path)
    (container,) = base(tmp_path)["deployment.yaml"]["spec"]["template"]["spec"]["containers"]
    (token,) = [each for each in container["env"] if each["name"] == "NBMLOPS_TOKEN"]
    assert token == {
        "name": "NBMLOPS_TOKEN",
        "valueFrom": {"secretKeyRef": {"name": "wine-token", "key": "token"}},
    }


def test_texts_stay_texts_to_every_reader(tmp_path: Path) -> None:
    write(STORED, "kserve", tmp_path)
    text = (tmp_path / "base" / "inferenceservice.yaml").read_text()
    assert '"name": "on"' in text
    assert '"nbmlops/package": "1e3"' in text
    assert yaml.load(text, Loader=yaml.BaseLoader)["metadata"]["name"] == "on"


def test_overlays_are_written_once_and_build_upon_the_base(tmp_path: Path) -> None:
    first = write(WANTED, "kubernetes", tmp_path)
    assert first.kept == ()
    for name in OVERLAYS:
        path = tmp_path / "overlays" / name / "kustomization.yaml"
        document = yaml.safe_load(path.read_text())
        jsonschema.validate(document, KUSTOMIZATION)
        (resource,) = document["resources"]
        assert (path.parent / resource / "kustomization.yaml").is_file()
    mine = tmp_path / "overlays" / "production" / "kustomization.yaml"
    mine.write_text("resources: [../../base, ingress.yaml]\n")
    again = write(msgspec.structs.replace(WANTED, replicas=5), "kubernetes", tmp_path)
    assert mine in again.kept
    assert mine.read_text() == "resources: [../../base, ingress.yaml]\n"
    assert base(tmp_path)["deployment.yaml"]["spec"]["replicas"] == 5


@pytest.mark.parametrize("storage", ["wine", "oci://", "ftp://host/wine", "://x"])
def test_addresses_that_kserve_does_not_read(storage: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no address from which KServe fetches models"):
        write(msgspec.structs.replace(STORED, storage=storage), "kserve", tmp_path)
    assert list(tmp_path.iterdir()) == []
