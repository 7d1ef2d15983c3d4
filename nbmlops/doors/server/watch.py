"""The stores of one project, watched."""

from __future__ import annotations

from nbmlops.deploy.folder import FOLDER
from nbmlops.doors.server.documents import Kind
from nbmlops.doors.server.signs import (
    DatabaseSign,
    DeploymentsSign,
    FoldersSign,
    PackagesSign,
    ReconcilersSign,
    ServerSign,
    Sign,
)
from nbmlops.ops.reconciling.view import KEPT
from nbmlops.package.layout import default_root
from nbmlops.project import Project
from nbmlops.reconcile.spec import FOLDER as RECONCILERS
from nbmlops.track.address import sqlite_path

PIPELINES = "pipelines"


class Watch:
    """What is local is looked at together, in microseconds; a tracking server is asked apart, it may be slow."""

    def __init__(self, project: Project) -> None:
        self.uri = project.uri
        runs = sqlite_path(project.uri)
        self.local: dict[Kind, Sign] = {
            Kind.RECORDS: DatabaseSign(project.layout.records),
            Kind.FILES: FoldersSign(project.root / PIPELINES),
            Kind.PACKAGES: PackagesSign(default_root()),
            Kind.DEPLOYMENTS: DeploymentsSign(project.layout.folder / FOLDER),
            Kind.RECONCILERS: ReconcilersSign(project.root / RECONCILERS, project.layout.folder / KEPT),
        }
        if runs is not None:
            self.local[Kind.RUNS] = DatabaseSign(runs)
        self.server = ServerSign(project.uri) if runs is None else None

    def look(self) -> set[Kind]:
        return {kind for kind, sign in self.local.items() if sign.has_changed()}

    def close(self) -> None:
        for sign in self.local.values():
            sign.close()
