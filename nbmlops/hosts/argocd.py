"""An Application of Argo CD on the folder of documents that the config belongs to: a merge is applied, a change by
hand is taken back.

Source: Argo CD's Application specification, argoproj.io/v1alpha1.
"""

from __future__ import annotations

from nbmlops.hosts.hosted import Hosted, check
from nbmlops.hosts.pods import metadata
from nbmlops.hosts.times import go_duration
from nbmlops.lib.quoted_yaml import readable

NAMESPACE = "argocd"
_ATTEMPTS = 5
_LONGEST_WAIT = 300.0
_HEAD = "# Written by nbmlops schedule. For a private repository Argo CD has to know it: argocd repo add\n"


def files(hosted: Hosted) -> dict[str, str]:
    """Raises UsageError without a repository, or a config in it."""
    check(hosted, "repository", "manifests" if hosted.manifests else "config")
    document = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {**metadata(hosted), "namespace": NAMESPACE},
        "spec": {
            "project": "default",
            "source": {
                "repoURL": hosted.repository,
                "targetRevision": hosted.branch,
                "path": hosted.manifests_folder,
            },
            "destination": {"server": "https://kubernetes.default.svc", "namespace": hosted.namespace},
            "syncPolicy": {
                "automated": {"prune": True, "selfHeal": True},
                "syncOptions": ["CreateNamespace=true"],
                "retry": {
                    "limit": _ATTEMPTS,
                    "backoff": {
                        "duration": go_duration(min(hosted.retry_interval, _LONGEST_WAIT)),
                        "factor": 2,
                        "maxDuration": go_duration(_LONGEST_WAIT),
                    },
                },
            },
        },
    }
    return {"argocd/application.yaml": _HEAD + readable(document)}
