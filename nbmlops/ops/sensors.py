"""The sensors of a session, wired to its pen: fits and scores of models, MLflow's autologging of other libraries."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING

from nbmlops.capture.estimators import EstimatorSensor
from nbmlops.capture.flavors import watch_flavors
from nbmlops.capture.scores import ScoreSensor
from nbmlops.lib.importing import after_import
from nbmlops.track import messages as m
from nbmlops.track.active import autologs_sklearn
from nbmlops.track.address import prepare, sqlite_path
from nbmlops.track.fits import FitLog
from nbmlops.track.flavors import switch_off, switch_on
from nbmlops.track.metric_tap import MetricTap

if TYPE_CHECKING:
    from nbmlops.ops.session import Session


class Sensors:
    def __init__(self, session: Session) -> None:
        self._files = session.recorder.files
        self._flavors: list[str] = []
        self._cancel_flavors: Callable[[], None] = lambda: None
        self._is_installed = False
        self._log = FitLog(
            lambda message: session.scribe.send(message),
            experiment=lambda: session.experiment,
            tags=session.tags,
            current=lambda: session.current.key if session.current is not None else None,
            import_path=lambda: tuple(sys.path),
            on_run=session.fitted,
            on_rows=lambda key, path: self._profile(session, key, path),
        )
        self._estimators = EstimatorSensor(
            self._log.fit,
            (lambda: session.scribe.files) if session.project.settings.tracking.models else None,
            stands_aside=autologs_sklearn,
            key_of_loaded=lambda: self._loaded(session),
        )
        self._scores = ScoreSensor(self._estimators, self._log.score)
        self._session = session
        self._tap: MetricTap | None = None
        self._cancel_prepare: Callable[[], None] = lambda: None

    @staticmethod
    def _profile(session: Session, key: str, path: str) -> None:
        """The scribe makes the model's profile of them (ops/model_profile.py)."""
        session.scribe.send(m.Extra(name="profile", key=key, body={"path": path}))

    def install(self) -> None:
        if not self._is_installed:
            self._is_installed = True
            self._files.start()
            self._estimators.install()
            self._scores.install()
            self._cancel_flavors = watch_flavors(self._switch_on)
            self._cancel_prepare = after_import("mlflow", self._prepare)
            self._tap = MetricTap(self._session.scribe, self._session.project.uri)
            self._tap.install()

    def uninstall(self) -> None:
        """Everything that was patched is put back."""
        if self._is_installed:
            self._is_installed = False
            self._cancel_prepare()
            if self._tap is not None:
                self._tap.uninstall()
            self._files.close()
            self._cancel_flavors()
            self._scores.uninstall()
            self._estimators.uninstall()
            for flavor in self._flavors:
                switch_off(flavor)
            self._flavors.clear()

    def settle(self) -> None:
        """A cell has ended: models taught in pieces are told now."""
        self._estimators.settle()

    def patched(self) -> tuple[str, ...]:
        autologged = [f"mlflow.{flavor}.autolog" for flavor in self._flavors]
        taps = self._tap.patched() if self._tap is not None else ()
        return (*self._files.patched(), *self._estimators.patched(), *self._scores.patched(), *autologged, *taps)

    def _loaded(self, session: Session) -> str | None:
        """Scores of a model from an earlier step or a file belong to the run that is open, if one is."""
        if session.current is None:
            return None
        key = f"loaded-{session.current.key}"
        self._log.attach(key, session.current.key)
        return key

    def _prepare(self, mlflow: ModuleType) -> None:
        """Before the user's own mlflow opens the project's database: it would make one by its migrations, in seconds,
        and get in the way of the scribe that does the same.
        """
        project = self._session.project
        if sqlite_path(project.uri) is not None:
            prepare(project.home, project.uri)

    def _switch_on(self, flavor: str) -> None:
        if switch_on(flavor):
            self._flavors.append(flavor)
