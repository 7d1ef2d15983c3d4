"""What a host has to know of a project: asked for, else found in its documents and in git."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from nbmlops.hosts.hosted import Hosted
from nbmlops.model.reconciler import Kind, Reconciler

_GIT_SECONDS = 10
REQUIREMENTS = "requirements.txt"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Empty: it is found, or the host's default."""

    is_here: bool
    """A host on this machine: it calls this Python, in this folder."""
    name: str = ""
    every: float = 0.0
    schedule: str = ""
    repository: str = ""
    branch: str = ""
    config: str = ""
    manifests: str = ""
    image: str = ""
    namespace: str = "default"
    notebooks: tuple[str, ...] = ()
    sample: dict[str, str] = {}
    variables: dict[str, str] = {}
    secrets: tuple[str, ...] = ()
    python: str = "3.12"
    storage: str = "10Gi"
    storage_class: str = ""
    engine: str = ""
    """Of trainers that name none."""


def hosted_in(root: Path, specs: Sequence[Reconciler], asked: Asked) -> Hosted:
    """`specs`: at least one."""
    places = [
        *(spec.desired for spec in specs if spec.desired is not None),
        *(spec.publish.place for spec in specs if spec.publish is not None),
    ]
    branches = [place.branch for place in places if place.branch]
    return Hosted(
        name=asked.name or root.name or "project",
        trainers=tuple(spec.name for spec in specs if spec.kind is Kind.TRAINER),
        deployers=tuple(spec.name for spec in specs if spec.kind is Kind.DEPLOYER),
        engines=tuple(sorted({spec.engine or asked.engine for spec in specs if spec.kind is Kind.TRAINER})),
        interval=asked.every or min(spec.interval for spec in specs),
        schedule=asked.schedule,
        # A tick does at most one thing for each of them, one after the other.
        timeout=sum(spec.timeout for spec in specs),
        retry_interval=min(spec.retry_interval for spec in specs),
        command=_program() if asked.is_here else ("nbmlops",),
        folder=str(root),
        repository=asked.repository or _without_login(_git(root, "remote", "get-url", "origin")),
        branch=asked.branch or next(iter(branches), "") or _git(root, "symbolic-ref", "--short", "HEAD") or "main",
        config=asked.config or next((place.file for place in places), ""),
        manifests=asked.manifests,
        pipelines=tuple(dict.fromkeys(spec.pipeline for spec in specs if spec.pipeline)),
        sample=asked.sample,
        notebooks=asked.notebooks,
        requirements=REQUIREMENTS if (root / REQUIREMENTS).is_file() else "",
        python=asked.python,
        image=asked.image,
        namespace=asked.namespace,
        variables=asked.variables,
        secrets=asked.secrets,
        storage=asked.storage,
        storage_class=asked.storage_class,
    )


def _program() -> tuple[str, ...]:
    """What a host finds without a PATH: the command beside this Python, else this Python itself."""
    beside = Path(sys.executable).parent / "nbmlops"
    return (str(beside),) if beside.is_file() else (sys.executable, "-m", "nbmlops")


def _without_login(address: str) -> str:
    """`https://me:token@host/x` -> `https://host/x`. The user of an address of SSH stays: it is no secret."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or "@" not in parts.netloc:
        return address
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _git(root: Path, *words: str) -> str:
    """Empty where git does not say, or is not here."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_GIT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
