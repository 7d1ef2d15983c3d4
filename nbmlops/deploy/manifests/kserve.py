"""An InferenceService of KServe.

Source: KServe's API reference, serving.kserve.io/v1beta1; its storage schemes as of 0.20.
"""

from __future__ import annotations

from typing import Any

from nbmlops.deploy.manifests.wanted import Wanted, container, labels, origin, resources, volumes
from nbmlops.errors import UsageError

SCHEMES = ("oci", "oci+native", "oci+fetch", "kit", "s3", "gs", "hdfs", "webhdfs", "https", "pvc", "hf", "abfss")
MOST_TIMES = 4
"""The wanted replicas, under load."""


def inference_service(wanted: Wanted) -> dict[str, Any]:
    """With the service's image as a predictor of our own, else with a runtime of KServe's for MLflow's models.

    Raises UsageError for an address that KServe does not read.
    """
    predictor: dict[str, Any] = {"minReplicas": wanted.replicas, "maxReplicas": wanted.replicas * MOST_TIMES}
    if wanted.percent is not None:
        predictor["canaryTrafficPercent"] = wanted.percent
    if wanted.image:
        predictor |= {"containers": [container(wanted, "kserve-container")], "volumes": volumes()}
    else:
        predictor["model"] = {
            "modelFormat": {"name": "mlflow"},
            "protocolVersion": "v2",
            "storageUri": _checked(wanted.storage),
            "resources": resources(),
        }
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": wanted.name, "labels": labels(wanted), "annotations": origin(wanted)},
        "spec": {"predictor": predictor},
    }


def _checked(storage: str) -> str:
    scheme, colon, rest = storage.partition("://")
    if not colon or not rest or scheme not in SCHEMES:
        raise UsageError(
            f"{storage!r} is no address from which KServe fetches models.",
            kind="storage-unknown",
            hint=f"It begins with one of {', '.join(f'{each}://' for each in SCHEMES)}.",
        )
    return storage
