"""What hosts are asked for in tests: a plain one, and one whose every text is awkward."""

from __future__ import annotations

import copy
import functools
from typing import Any

import msgspec
import yaml
from ruamel.yaml import YAML

from nbmlops.hosts.hosted import Hosted

IMAGE = f"ghcr.io/team/wine@sha256:{'ab' * 32}"
HOSTED = Hosted(
    name="wine",
    trainers=("wine-train",),
    deployers=("wine-deploy",),
    command=("/opt/wine/bin/nbmlops",),
    folder="/srv/wine",
    repository="https://git.example/team/wine.git",
    config="deploy/prod.yaml",
    pipelines=("pipelines/wine",),
    sample={"rows": "100"},
    notebooks=("wine.ipynb",),
    requirements="requirements.txt",
    image=IMAGE,
    namespace="models",
    variables={"MLFLOW_TRACKING_URI": "http://mlflow.models"},
    secrets=("MLFLOW_TRACKING_PASSWORD",),
)
AWKWARD_NAMES = (
    "n",
    "y",
    "on",
    "1e3",
    "0o7",
    "012",
    "null",
    "~",
    "1:30",
    "Été 訓練 🍷",
    "a b",
    """it's "so" """.strip(),
    "$HOME `id` $(id) ${{ github.token }} $$",
    "%h %n 100%",
    "back\\slash",
    "#no comment",
    "a: b, [c] {d} *e &f !g |h >i",
)
AWKWARD = [
    msgspec.structs.replace(
        HOSTED,
        name=each,
        trainers=(each,),
        deployers=(each, "plain"),
        folder=f"/srv/{each}/x",
        pipelines=(each,),
        notebooks=(each,),
        sample={each: each},
        variables={"on": each, "N": each},
        config=f"deploy/{each.replace('/', '')}.yaml",
        branch=each,
        author=each,
        repository=f"https://git.example/{each}",
    )
    for each in AWKWARD_NAMES
]


def loaded(text: str) -> Any:
    """As a reader of YAML 1.1 has it, which a reader of 1.2 has alike."""
    return copy.deepcopy(_loaded(text))


@functools.cache
def _loaded(text: str) -> Any:
    (old,) = yaml.safe_load_all(text)
    (new,) = YAML(typ="safe", pure=True).load_all(text)
    assert old == new
    return old
