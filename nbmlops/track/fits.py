"""What the sensors saw becomes messages to the scribe.

    fits = FitLog(scribe.send, experiment=..., tags=..., current=session.open_key)
    EstimatorSensor(on_fit=fits.fit, files=lambda: scribe.files, stands_aside=autologs_sklearn)

Where a fit goes: into the user's own `mlflow.start_run()`, else into the run that the cell opened, else into
a run of its own. The first fit of an open run is written to that run, each further one to a child of it.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from nbmlops.model.fit import Fit, Score
from nbmlops.model.run import DatasetUse, Tags
from nbmlops.track import messages as m
from nbmlops.track.active import active_run_id

_MOST_KNOWN = 2000
_MOST_EARLY = 100
COLUMNS_CHARS = 5000

V = TypeVar("V")


class FitLog:
    def __init__(
        self,
        send: Callable[[m.Message], bool],
        *,
        experiment: Callable[[], str],
        tags: Callable[[], Mapping[str, str]],
        current: Callable[[], str | None] = lambda: None,
        datasets: Callable[[], tuple[DatasetUse, ...]] = tuple,
        import_path: Callable[[], tuple[str, ...]] = tuple,
        on_run: Callable[[str], None] = lambda key: None,
        on_rows: Callable[[str, str], None] = lambda key, path: Path(path).unlink(missing_ok=True),
    ) -> None:
        """`current` gives the key of the run that is open now; `on_run` is told each key that gets a fit, `on_rows`
        also the file with rows that the model was trained on: it is whoever is told that removes it.
        """
        self._send = send
        self._experiment = experiment
        self._tags = tags
        self._current = current
        self._datasets = datasets
        self._import_path = import_path
        self._on_run = on_run
        self._on_rows = on_rows
        self._key_of: OrderedDict[str, str] = OrderedDict()
        self._taken: OrderedDict[str, None] = OrderedDict()
        self._early: dict[str, list[Score]] = {}

    def fit(self, fit: Fit) -> None:
        """Write a fit down."""
        enclosing = self._enclosing()
        own = enclosing is None or enclosing in self._taken
        key = fit.key if own or enclosing is None else enclosing
        if own:
            self._send(
                m.OpenRun(
                    key=key,
                    name=fit.estimator,
                    experiment=self._experiment(),
                    started_ms=fit.started_ms,
                    parent=enclosing or "",
                    params=fit.params,
                    tags={Tags.KIND: "fit", **self._tags(), **_facts(fit)},
                )
            )
        else:
            _remember(self._taken, key, None)
            self._send(m.LogParams(key=key, params=fit.params))
            self._send(m.SetTags(key=key, tags=_facts(fit)))
        _remember(self._key_of, fit.key, key)
        self._describe(key, fit)
        if own:
            self._end(key, fit)
        self._on_run(key)
        for score in self._early.pop(fit.key, ()):
            self.score(score)

    def attach(self, fit: str, key: str) -> None:
        """Scores of this fit belong to an open run: of a model that was loaded, not fitted, here."""
        _remember(self._key_of, fit, key)

    def score(self, score: Score) -> None:
        """Write a score down, also one that was computed after the run had ended."""
        key = self._key_of.get(score.fit)
        if key is None:
            # A model taught in pieces is told at the end of the cell, its scores before that.
            if len(self._early) < _MOST_EARLY:
                self._early.setdefault(score.fit, []).append(score)
            return
        self._send(m.LogMetrics(key=key, points=(_point(score.metric, score.value, score.time_ms),)))

    def _enclosing(self) -> str | None:
        """Key of the run that the fit belongs into."""
        run = active_run_id()
        if run is None:
            return self._current()
        if run not in self._taken and run not in self._key_of:
            self._send(m.AdoptRun(key=run, run=run))
            _remember(self._key_of, run, run)
        return run

    def _describe(self, key: str, fit: Fit) -> None:
        now = fit.started_ms + int(fit.seconds * 1000)
        figures = dict(fit.metrics)
        figures["fit_seconds"] = fit.seconds
        if fit.best_score is not None:
            figures["best_cv_score"] = fit.best_score
        self._send(m.LogMetrics(key=key, points=tuple(_point(name, value, now) for name, value in figures.items())))
        if fit.best_params:
            self._send(m.LogParams(key=key, params={f"best_{name}": value for name, value in fit.best_params.items()}))
        uses = self._datasets()
        if uses:
            self._send(m.LogDatasets(key=key, uses=uses))
        self._candidates(key, fit)
        if fit.model:
            self._send(
                m.LogModel(
                    key=key,
                    path=fit.model,
                    sample=fit.sample,
                    modules=fit.packages,
                    import_path=self._import_path(),
                )
            )
            if fit.rows_seen:
                self._on_rows(key, fit.rows_seen)
        elif fit.model_skipped:
            self._send(m.SetTags(key=key, tags={Tags.MODEL: f"skipped: {fit.model_skipped}"}))

    def _candidates(self, key: str, fit: Fit) -> None:
        """The best settings of a search, each as a child run."""
        ended = fit.started_ms + int(fit.seconds * 1000)
        for place, candidate in enumerate(fit.candidates):
            child = f"{fit.key}-{place}"
            self._send(
                m.OpenRun(
                    key=child,
                    name=f"{fit.estimator} #{candidate.rank}",
                    experiment=self._experiment(),
                    started_ms=fit.started_ms,
                    parent=key,
                    params=candidate.params,
                    tags={Tags.KIND: "candidate", **self._tags()},
                )
            )
            points = (
                _point("mean_test_score", candidate.score, ended),
                _point("rank", candidate.rank, ended),
            )
            self._send(m.LogMetrics(key=child, points=points))
            self._send(m.EndRun(key=child, ended_ms=ended))

    def _end(self, key: str, fit: Fit) -> None:
        status = "KILLED" if fit.interrupted else "FAILED" if fit.failure else "FINISHED"
        ended = fit.started_ms + int(fit.seconds * 1000)
        self._send(m.EndRun(key=key, status=status, failure=fit.failure, ended_ms=ended))


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def point(name: str, value: float, step: int = 0) -> m.Point:
    """A metric's value now, whatever number it is."""
    return _point(name, value, now_ms(), step)


def _point(name: str, value: float, time_ms: int, step: int = 0) -> m.Point:
    number = float(value)
    finite = number - number == 0
    return m.Point(name, number if finite else str(number), step, time_ms)


def _facts(fit: Fit) -> dict[str, str]:
    facts = {Tags.ESTIMATOR: f"{fit.module}.{fit.estimator}"}
    if fit.rows is not None:
        facts[Tags.ROWS] = str(fit.rows)
    if fit.column_names:
        facts[Tags.COLUMNS] = ", ".join(fit.column_names)[:COLUMNS_CHARS]
    return facts


def _remember(known: OrderedDict[str, V], key: str, value: V) -> None:
    known[key] = value
    if len(known) > _MOST_KNOWN:
        known.popitem(last=False)
