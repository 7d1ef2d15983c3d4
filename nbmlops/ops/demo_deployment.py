"""The end of the demo: both runs as a service, one after the other, asked by each protocol; then all is stopped."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.deploy import client
from nbmlops.deploy.folder import DeploymentFolder, folder_of
from nbmlops.errors import ExternalError
from nbmlops.ops import deploy as deploy_verb
from nbmlops.ops import pack as pack_verb
from nbmlops.ops import rollback as rollback_verb
from nbmlops.ops import undeploy as undeploy_verb
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.compare_answers import PATH, example_of
from nbmlops.ops.demo_package import NAME

DEPLOYMENT = "demo-wine"
PERCENT = 20
_ASKED = 20


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    protocol: str
    path: str
    rows: int
    """That were predicted."""
    seconds: float


class DemoDeployment(msgspec.Struct, frozen=True, kw_only=True):
    address: str
    asked: tuple[Asked, ...]
    """Once by each protocol."""
    shares: dict[int, int]
    """Revision -> requests that it answered while the second one was a canary."""
    differing: int
    """Of the answers to the input example, between the two."""
    answers: int
    """Revision that answered after the rollback."""


def deployment(call: Call, root: Path, first: str, second: str) -> DemoDeployment:
    """`first`: a run, `second`: a package. Whatever happens, nothing runs on afterwards."""
    inside = Call(root, progress=call.progress)
    packed = pack_verb.pack(inside, pack_verb.Request(source=first, tag=f"{NAME}:first")).references[0]
    folder = folder_of(inside.project.layout.folder, DEPLOYMENT)
    try:
        one = deploy_verb.deploy(inside, deploy_verb.Request(package=packed, name=DEPLOYMENT))
        (view,) = one.deployments
        call.progress(Progress(task="deploy", state="done", note=f"{packed} at {view.address}"))
        asked = _by_each_protocol(folder)
        call.progress(Progress(task="predict", state="done", note=", ".join(each.protocol for each in asked)))
        two = deploy_verb.deploy(inside, deploy_verb.Request(package=second, name=DEPLOYMENT, canary=PERCENT))
        shares = Counter(_ask(folder, PATH, _example(folder)).revision for _ in range(_ASKED))
        call.progress(Progress(task="canary", state="done", note=f"{shares[two.revision]} of {_ASKED} requests"))
        back = rollback_verb.rollback(inside, rollback_verb.Request(name=DEPLOYMENT))
        call.progress(Progress(task="rollback", state="done", note=f"revision {back.answers} answers"))
        return DemoDeployment(
            address=view.address,
            asked=asked,
            shares=dict(sorted(shares.items())),
            differing=two.replay.differing if two.replay is not None else 0,
            answers=_ask(folder, PATH, _example(folder)).revision,
        )
    finally:
        if folder.exists:
            undeploy_verb.undeploy(inside, undeploy_verb.Request(name=DEPLOYMENT, purge=True))


def _by_each_protocol(folder: DeploymentFolder) -> tuple[Asked, ...]:
    split = msgspec.json.decode(_example(folder))["dataframe_split"]
    model = f"/v2/models/{DEPLOYMENT}"
    told = msgspec.json.decode(_ask(folder, model).body)
    kinds = {each["name"]: each["datatype"] for each in told["inputs"]}
    columns = zip(split["columns"], zip(*split["data"], strict=True), strict=True)
    tensors = [
        {"name": name, "datatype": kinds[name], "shape": [len(values)], "data": values} for name, values in columns
    ]
    requests: tuple[tuple[str, str, Any], ...] = (
        ("MLflow", PATH, {"dataframe_split": split}),
        ("Open Inference", f"{model}/infer", {"inputs": tensors}),
        ("KServe v1", f"/v1/models/{DEPLOYMENT}:predict", {"instances": split["data"]}),
    )
    found = []
    for protocol, path, document in requests:
        answer = _ask(folder, path, msgspec.json.encode(document))
        found.append(Asked(protocol=protocol, path=path, rows=len(split["data"]), seconds=answer.seconds))
    return tuple(found)


def _example(folder: DeploymentFolder) -> bytes:
    spec = folder.spec()
    return example_of(folder, spec, spec.stable)


def _ask(folder: DeploymentFolder, path: str, body: bytes | None = None) -> client.Answer:
    answer = client.request(folder.spec(), folder.token(), path, body)
    if answer.status != 200:
        raise ExternalError(
            f"{path} of the demo's service answers {answer.status}: {answer.body[:200].decode('utf-8', 'replace')}",
            kind="demo-failed",
        )
    return answer
