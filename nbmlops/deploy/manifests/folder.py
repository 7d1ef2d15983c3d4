"""The documents of a deployment, as a kustomization that a person can build upon.

base/                   written anew each time
overlays/NAME/          written once; from then on the user's own
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from nbmlops.deploy.manifests.kserve import inference_service
from nbmlops.deploy.manifests.kubernetes import documents
from nbmlops.deploy.manifests.wanted import Wanted
from nbmlops.lib.files import refusing_disk_errors, write_atomic
from nbmlops.lib.quoted_yaml import dump

OVERLAYS = ("staging", "production")
KUSTOMIZATION = "kustomization.yaml"
_HEAD = b"# Written by nbmlops deploy. It is written anew each time: what is to stay goes into an overlay.\n"


class Written(msgspec.Struct, frozen=True, kw_only=True):
    files: tuple[Path, ...]
    kept: tuple[Path, ...]
    """Overlays that were there."""


def write(wanted: Wanted, target: str, folder: Path) -> Written:
    """`target`: kserve or kubernetes. Raises UsageError, and NbmlopsError where the folder cannot be written."""
    found = {"inferenceservice.yaml": inference_service(wanted)} if target == "kserve" else documents(wanted)
    texts = {f"base/{name}": _HEAD + dump(document) for name, document in found.items()}
    texts[f"base/{KUSTOMIZATION}"] = _HEAD + dump(_kustomization(resources=list(found)))
    overlays = {
        f"overlays/{name}/{KUSTOMIZATION}": dump(_kustomization(namespace=name, resources=["../../base"]))
        for name in OVERLAYS
    }
    kept = tuple(folder / name for name in overlays if (folder / name).exists())
    for name, text in {**texts, **overlays}.items():
        path = folder / name
        if path in kept:
            continue
        with refusing_disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, text)
    return Written(files=tuple(folder / name for name in (*texts, *overlays) if folder / name not in kept), kept=kept)


def _kustomization(**more: Any) -> dict[str, Any]:
    return {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", **more}
