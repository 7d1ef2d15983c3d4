"""What the scribe does with each message. Knows keys and MLflow runs, not pipes and files of lines.

A refusal of MLflow is remembered and work goes on; trouble that may pass (server away, database locked for
a minute) is raised, so that the caller keeps the message for later.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbmlops.errors import UnavailableError
from nbmlops.lib.redact import redact
from nbmlops.model.run import Tags
from nbmlops.track import messages as m
from nbmlops.track.journal import State
from nbmlops.track.trouble import is_for_later

if TYPE_CHECKING:
    from nbmlops.track.writer import Writer

ExtraHandler = Callable[["Writer", str | None, dict[str, Any]], dict[str, str] | None]
"""(writer, MLflow run id or None, body) -> tags to set on the run."""

_MOST_ERRORS = 100
_MOST_HELD = 1000
_log = logging.getLogger("nbmlops")


class Desk:
    def __init__(self, writer: Writer, state: State, extras: Mapping[str, ExtraHandler]) -> None:
        self.writer = writer
        self.state = state
        self._extras = extras
        self.errors: list[str] = []
        self._failed: set[str] = set()
        self._points: dict[str, list[m.Point]] = {}
        self._held = 0

    def handle(self, line: bytes, *, again: bool) -> None:
        """Do what a line says. `again`: an earlier scribe may have done so already."""
        if not line.strip():
            return
        try:
            message = m.message_decoder.decode(line)
        except Exception as error:  # noqa: BLE001 - whatever the bytes are, the next line may be good
            self.complain(f"unreadable message: {error}")
            return
        if isinstance(message, m.LogMetrics) and message.key in self.state.runs:
            self._points.setdefault(message.key, []).extend(message.points)
            self._held += len(message.points)
            if self._held >= _MOST_HELD:
                self.settle()
            return
        self.settle()
        try:
            self._do(message, again)
        except Exception as error:
            if is_for_later(error):
                raise
            self.complain(f"{type(message).__name__}: {error}", error)

    @property
    def is_settled(self) -> bool:
        """Whether all that was handled is in MLflow. Until then the journal's place must not be saved."""
        return not self._points

    def settle(self) -> None:
        """Write the metrics that were held back: one call for a thousand costs little more than for one.

        When it fails for now they are forgotten; the journal has them still.
        """
        points, self._points, self._held = self._points, {}, 0
        for key, held in points.items():
            try:
                self.writer.log_metrics(self.state.runs[key], held)
            except Exception as error:
                if is_for_later(error):
                    raise
                self.complain(f"LogMetrics: {error}", error)

    def complain(self, text: str, error: BaseException | None = None) -> None:
        text = redact(text)
        if len(self.errors) < _MOST_ERRORS:
            self.errors.append(text)
        _log.warning("%s", text, exc_info=error)

    def take_errors(self) -> tuple[str, ...]:
        errors, self.errors = tuple(self.errors), []
        return errors

    def end_open(self, *, status: str, why: str, ended_ms: int) -> None:
        """End what the kernel left open, innermost first."""
        for key in reversed(self.state.open):
            self.writer.end_run(self.state.runs[key], status, why, ended_ms)
        self.state.open = []

    def _do(self, message: m.AnyMessage, again: bool) -> None:
        match message:
            case m.OpenRun():
                self._open(message, again)
            case m.AdoptRun():
                self._adopt(message)
            case m.Goodbye():
                self.state.goodbye_ms = message.ended_ms
            case m.Extra():
                self._extra(message)
            case _:
                run = self.state.runs.get(message.key)
                if run is not None:
                    self._write(run, message)
                elif message.key not in self._failed:
                    self._failed.add(message.key)
                    self.complain(f"there is no run for {message.key}; what was logged to it is lost")

    def _open(self, message: m.OpenRun, again: bool) -> None:
        if message.key in self.state.runs:
            return
        run = self.writer.find_by_key(message.experiment, message.key) if again else None
        if run is None:
            run = self.writer.open_run(
                message.name,
                message.experiment,
                tags={**message.tags, Tags.KEY: message.key},
                params={},
                parent=self.state.runs.get(message.parent, message.parent) or None,
                started_ms=message.started_ms,
            )
        # Known before its parameters are written: should they fail, the run is still ended.
        self.state.runs[message.key] = run
        self.state.open.append(message.key)
        if message.params:
            self.writer.log_params(run, message.params, explicit=False)

    def _adopt(self, message: m.AdoptRun) -> None:
        run = self.writer.find_by_key(message.experiment, message.run) if message.experiment else message.run
        if run is None:
            # Another session's scribe has met this journal before that session has sent its run: it comes.
            raise UnavailableError(f"run {message.run} is not in MLflow yet", kind="run-not-sent")
        self.state.runs[message.key] = run

    def _write(self, run: str, message: m.AnyMessage) -> None:
        match message:
            case m.LogParams():
                self.writer.log_params(run, message.params, explicit=message.explicit)
            case m.SetTags():
                self.writer.set_tags(run, message.tags)
            case m.LogDatasets():
                self.writer.log_datasets(run, message.uses)
            case m.LogModel():
                self._model(run, message)
            case m.LogArtifact():
                self.writer.log_artifact(run, Path(message.path), message.folder)
                if message.remove:
                    Path(message.path).unlink(missing_ok=True)
            case m.LogText():
                self.writer.log_text(run, message.text, message.file)
            case m.EndRun():
                if message.key in self.state.open:
                    self.state.open.remove(message.key)
                self.writer.end_run(run, message.status, message.failure, message.ended_ms)

    def _model(self, run: str, message: m.LogModel) -> None:
        """Log a model; if it cannot be logged, the run says why."""
        from nbmlops.track.models import log_model

        path, sample = Path(message.path), Path(message.sample) if message.sample else None
        if not path.exists():
            return  # logged by the scribe before us, which removed it
        try:
            logged = log_model(
                self.writer,
                run,
                path,
                sample_path=sample,
                name=message.name,
                modules=message.modules,
                import_path=message.import_path,
            )
        except Exception as error:
            if is_for_later(error):
                raise
            self.complain(f"the model of run {run[:8]} is not logged: {error}", error)
            logged = f"skipped: {type(error).__name__}: {redact(str(error))[:500]}"
        self.writer.set_tags(run, {Tags.MODEL: logged})
        for file in (path, sample):
            if file is not None:
                file.unlink(missing_ok=True)

    def _extra(self, message: m.Extra) -> None:
        handler = self._extras.get(message.name)
        if handler is None:
            self.complain(f"nobody handles {message.name}")
            return
        run = self.state.runs.get(message.key)
        tags = handler(self.writer, run, message.body)
        if tags and run is not None:
            self.writer.set_tags(run, tags)
