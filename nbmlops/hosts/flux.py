"""A GitRepository and a Kustomization of Flux on the folder of documents that the config belongs to.

Source: Flux's API references, source.toolkit.fluxcd.io/v1 and kustomize.toolkit.fluxcd.io/v1.
"""

from __future__ import annotations

import re
from typing import Any

from nbmlops.errors import UsageError
from nbmlops.hosts.hosted import Hosted, check
from nbmlops.hosts.pods import git_secret, metadata
from nbmlops.hosts.times import go_duration
from nbmlops.lib.quoted_yaml import readable

NAMESPACE = "flux-system"
_LEAST_SECONDS = 60.0
_LONGEST_WAIT = 600.0
_SCP = re.compile(r"(?P<login>[^@/:\s]+@)?(?P<host>[^/:\s]{2,}):(?P<path>[^/].*)")


def files(hosted: Hosted) -> dict[str, str]:
    """Raises UsageError for an address that Flux does not fetch from."""
    check(hosted, "repository", "manifests" if hosted.manifests else "config")
    address = _address(hosted.repository)
    every = go_duration(max(_LEAST_SECONDS, hosted.interval))
    meta = {**metadata(hosted), "namespace": NAMESPACE}
    source: dict[str, Any] = {"interval": every, "url": address, "ref": {"branch": hosted.branch}}
    # Flux does without a secret only where it is not named; an address of SSH always needs one.
    if address.startswith("ssh:"):
        source["secretRef"] = {"name": git_secret(hosted)}
    repository = {
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "GitRepository",
        "metadata": meta,
        "spec": source,
    }
    kustomization = {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": meta,
        "spec": {
            "interval": every,
            "retryInterval": go_duration(max(_LEAST_SECONDS, hosted.retry_interval)),
            "timeout": go_duration(min(hosted.timeout, _LONGEST_WAIT)),
            "path": f"./{hosted.manifests_folder.removeprefix('./')}",
            "prune": True,
            "wait": True,
            "targetNamespace": hosted.namespace,
            "sourceRef": {"kind": "GitRepository", "name": hosted.object_name},
        },
    }
    head = (
        "# Written by nbmlops schedule. A private repository over HTTPS: add\n"
        f"#   secretRef: {{name: {git_secret(hosted)}}}\n"
        "# to the GitRepository, and make that Secret in its namespace, with username and password.\n"
    )
    return {"flux/repository.yaml": head + readable(repository), "flux/kustomization.yaml": readable(kustomization)}


def _address(repository: str) -> str:
    """`git@host:team/wine.git` is written as an address."""
    if re.match("(https?|ssh)://", repository):
        return repository
    match = _SCP.fullmatch(repository)
    if match is None or "://" in repository:
        raise UsageError(
            f"Flux fetches from no address such as {repository!r}.",
            kind="host-unfit",
            hint="It begins with https:// or ssh://",
            field="repository",
        )
    return f"ssh://{match['login'] or 'git@'}{match['host']}/{match['path']}"
