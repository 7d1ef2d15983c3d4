"""What all pods of ours have: few rights, a checkout, and the environment that the host keeps."""

from __future__ import annotations

from typing import Any

from nbmlops.errors import UsageError
from nbmlops.hosts.hosted import Hosted
from nbmlops.hosts.scripts import PASSWORD, PROJECT, USERNAME, WORKSPACE, credentials

USER = 10001
SCRIPTS = "/scripts"


def labels(hosted: Hosted) -> dict[str, str]:
    return {"app.kubernetes.io/name": hosted.object_name, "app.kubernetes.io/managed-by": "nbmlops"}


def metadata(hosted: Hosted, name: str = "") -> dict[str, Any]:
    return {"name": name or hosted.object_name, "labels": labels(hosted)}


def git_secret(hosted: Hosted) -> str:
    """The user makes it: `username` and `password`, as Flux has them; `password` may be a token."""
    return f"{hosted.object_name}-git"


def environment_secret(hosted: Hosted) -> str:
    """The user makes it: its keys are the names of the variables."""
    return f"{hosted.object_name}-environment"


def pod_security() -> dict[str, Any]:
    return {
        "runAsNonRoot": True,
        "runAsUser": USER,
        "runAsGroup": USER,
        "fsGroup": USER,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security() -> dict[str, Any]:
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
    }


def resources(hosted: Hosted) -> dict[str, Any]:
    amounts = {"cpu": hosted.cpu, "memory": hosted.memory}
    return {"requests": amounts, "limits": amounts}


def environment(hosted: Hosted, project: str = PROJECT) -> list[dict[str, Any]]:
    """Of the checkout and of the tick. Where git asks no password, the secret may be missing."""
    plain = {
        "HOME": "/tmp",
        "PROJECT": project,
        "REPOSITORY": hosted.repository,
        "BRANCH": hosted.branch,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "credential.helper",
        "GIT_CONFIG_VALUE_0": credentials(USERNAME, PASSWORD),
        **{f"GIT_{role}_{field}": value for role in ("AUTHOR", "COMMITTER") for field, value in _author(hosted)},
        **hosted.variables,
    }
    # Kubernetes takes $(NAME) in a value for a variable, and $$(NAME) for the text.
    found: list[dict[str, Any]] = [{"name": name, "value": value.replace("$(", "$$(")} for name, value in plain.items()]
    for name, key in ((USERNAME, "username"), (PASSWORD, "password")):
        found.append(_secret(name, git_secret(hosted), key, is_optional=True))
    found += [_secret(name, environment_secret(hosted), name, is_optional=False) for name in hosted.secrets]
    return found


def arguments(words: list[str]) -> list[str]:
    return [word.replace("$(", "$$(") for word in words]


def no_variables(hosted: Hosted) -> None:
    """Raises UsageError for a text that Tekton would take for a variable: it has no way to write it."""
    texts = (hosted.name, *hosted.reconcilers, *hosted.command, *hosted.variables.values(), hosted.author)
    for text in (*texts, hosted.repository, hosted.branch, hosted.email):
        if "$(" in text:
            raise UsageError(
                f"{text!r} has $( in it, which Tekton takes for a variable.",
                kind="host-unfit",
                hint="Rename it, or choose another host.",
            )


def mounts(*more: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"name": name, "mountPath": path} for name, path in (("tmp", "/tmp"), ("workspace", WORKSPACE), *more)]


def _author(hosted: Hosted) -> tuple[tuple[str, str], ...]:
    return (("NAME", hosted.author), ("EMAIL", hosted.email))


def _secret(name: str, secret: str, key: str, *, is_optional: bool) -> dict[str, Any]:
    reference: dict[str, Any] = {"name": secret, "key": key}
    if is_optional:
        reference["optional"] = True
    return {"name": name, "valueFrom": {"secretKeyRef": reference}}
