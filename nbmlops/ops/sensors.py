"""The sensors of a session, wired to its pen: fits and scores of models, MLflow's autologging of other libraries."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from nbmlops.capture.estimators import EstimatorSensor
from nbmlops.capture.flavors import watch_flavors
from nbmlops.capture.scores import ScoreSensor
from nbmlops.track.active import autologs_sklearn
from nbmlops.track.fits import FitLog
from nbmlops.track.flavors import switch_off, switch_on

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
        )
        self._estimators = EstimatorSensor(
            self._log.fit,
            (lambda: session.scribe.files) if session.project.settings.tracking.models else None,
            stands_aside=autologs_sklearn,
            key_of_loaded=lambda: self._loaded(session),
        )
        self._scores = ScoreSensor(self._estimators, self._log.score)

    def install(self) -> None:
        if not self._is_installed:
            self._is_installed = True
            self._files.start()
            self._estimators.install()
            self._scores.install()
            self._cancel_flavors = watch_flavors(self._switch_on)

    def uninstall(self) -> None:
        """Everything that was patched is put back."""
        if self._is_installed:
            self._is_installed = False
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
        return (*self._files.patched(), *self._estimators.patched(), *self._scores.patched(), *autologged)

    def _loaded(self, session: Session) -> str | None:
        """Scores of a model from an earlier step or a file belong to the run that is open, if one is."""
        if session.current is None:
            return None
        key = f"loaded-{session.current.key}"
        self._log.attach(key, session.current.key)
        return key

    def _switch_on(self, flavor: str) -> None:
        if switch_on(flavor):
            self._flavors.append(flavor)
