"""How a replica is started, for each target: as a process of this Python, or as a container of an image.

Either listens on a socket in a folder that only the user can look into, so that there is no second port to be guarded.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from nbmlops.deploy.folder import DeploymentFolder
from nbmlops.errors import MissingDependencyError
from nbmlops.model.deployment import Revision, Spec

_INSIDE = "/run/nbmlops"
_REQUESTS = "/run/requests"
_CONTRACT = "/run/contract.json"
_FORGOTTEN = ("NBMLOPS_TOKEN", "NBMLOPS_MODEL", "NBMLOPS_NAME", "NBMLOPS_HOST", "NBMLOPS_PORT", "NBMLOPS_PACKAGE",
              "NBMLOPS_CONTRACT", "NBMLOPS_ON_BREACH")  # fmt: skip
_OF_DOCKER = ("DOCKER_CONFIG",)
"""podman refuses to run where that folder has no logins, although it needs none."""


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    command: tuple[str, ...]
    folder: Path
    environment: dict[str, str]
    socket: Path
    """Where it will listen."""
    memory: int = 0
    """Bytes that are to be watched over; 0: none, or the engine does."""


Launcher = Callable[[DeploymentFolder, Spec, Revision, int], Launch]


def launch_of(folder: DeploymentFolder, spec: Spec, revision: Revision, replica: int) -> Launch:
    """Raises MissingDependencyError where there is nothing that runs containers."""
    return _LAUNCHERS[spec.target](folder, spec, revision, replica)


def _process(folder: DeploymentFolder, spec: Spec, revision: Revision, replica: int) -> Launch:
    files = folder.files(revision.number)
    socket = _socket(folder, revision, replica)
    return Launch(
        command=(sys.executable, "-P", "-m", "nbmlops.serve", str(files / revision.model), "--name", spec.name,
                 "--uds", str(socket), "--revision", str(revision.number), "--no-token", "--token-in-front",
                 "--ends-with-parent"),
        folder=files,
        # The package's own modules lie beside its model.
        environment={
            **_environment(),
            **_threads(spec),
            **_keeping(spec, str(folder.requests)),
            **_contract(revision, str(folder.contract(revision.number))),
            "NBMLOPS_PACKAGE": str(files),
        },
        socket=socket,
        memory=spec.memory,
    )  # fmt: skip


def _container(folder: DeploymentFolder, spec: Spec, revision: Revision, replica: int) -> Launch:
    engine = next((name for name in ("podman", "docker") if shutil.which(name)), None)
    if engine is None:
        raise MissingDependencyError(
            "Neither podman nor docker is here to run containers.",
            kind="engine-missing",
            hint="Install one, or deploy with --target process.",
        )
    socket = _socket(folder, revision, replica)
    if spec.monitored:
        folder.requests.mkdir(parents=True, exist_ok=True)
    told = {**_threads(spec), **_keeping(spec, _REQUESTS), **_contract(revision, _CONTRACT)}
    # In podman's own user namespace root is the user; docker knows no other than the machine's.
    user = "0:0" if engine == "podman" else f"{os.getuid()}:{os.getgid()}"
    return Launch(
        command=(
            engine, "run", "--rm", *(("--replace",) if engine == "podman" else ()),
            f"--name={container_name(folder, revision.number, replica)}",
            "--pull=never", f"--user={user}",
            "--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges",
            *((f"--memory={spec.memory}b",) if spec.memory else ()),
            f"--volume={socket.parent}:{_INSIDE}:Z",
            f"--env=NBMLOPS_NAME={spec.name}", f"--env=NBMLOPS_UDS={_INSIDE}/{socket.name}",
            *((f"--volume={folder.requests}:{_REQUESTS}:Z",) if spec.monitored else ()),
            *((f"--volume={folder.contract(revision.number)}:{_CONTRACT}:ro,Z",) if revision.contract else ()),
            *(f"--env={name}={value}" for name, value in told.items()),
            f"--env=NBMLOPS_REVISION={revision.number}", "--env=NBMLOPS_NO_TOKEN=1",
            "--env=NBMLOPS_TOKEN_IN_FRONT=1",
            revision.image,
        ),
        folder=folder.path,
        environment=_environment(without=_OF_DOCKER if engine == "podman" else ()),
        socket=socket,
    )  # fmt: skip


def container_name(folder: DeploymentFolder, revision: int, replica: int) -> str:
    """Of one machine: two projects may have deployments of one name."""
    return f"nbmlops-{folder.name}-{folder.sockets().name[:8]}-{revision}-{replica}"


def _socket(folder: DeploymentFolder, revision: Revision, replica: int) -> Path:
    return folder.sockets() / f"{revision.number}-{replica}.sock"


def _environment(without: tuple[str, ...] = ()) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in (*_FORGOTTEN, *without)}
    return {**kept, "PYTHONUNBUFFERED": "1", "MLFLOW_DISABLE_TELEMETRY": "true"}


def _keeping(spec: Spec, requests: str) -> dict[str, str]:
    if not spec.monitored:
        return {}
    return {
        "NBMLOPS_KEEP_REQUESTS": requests,
        "NBMLOPS_KEEP_SHARE": str(spec.share),
        "NBMLOPS_KEEP_WITHOUT": ",".join(spec.redacted),
    }


def _contract(revision: Revision, place: str) -> dict[str, str]:
    if not revision.contract:
        return {}
    return {"NBMLOPS_CONTRACT": place, "NBMLOPS_ON_BREACH": revision.on_breach}


def _threads(spec: Spec) -> dict[str, str]:
    """Of BLAS and OpenMP. Replicas share the processors; one that takes them all for itself slows down the others."""
    if spec.replicas == 1 or "OMP_NUM_THREADS" in os.environ:
        return {}
    return {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // spec.replicas))}


_LAUNCHERS: dict[str, Launcher] = {"process": _process, "container": _container}
