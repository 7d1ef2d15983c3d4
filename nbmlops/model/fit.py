"""What the sensors in the kernel saw of a model: that it was fitted, and how good it was found."""

from __future__ import annotations

import msgspec


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One of the settings that a search tried."""

    rank: int
    score: float
    params: dict[str, str]


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """One outermost call of `fit`. Texts are cut and free of secrets."""

    key: str
    estimator: str
    """Class name."""
    module: str
    params: dict[str, str]
    started_ms: int
    seconds: float
    rows: int | None = None
    columns: int | None = None
    column_names: tuple[str, ...] = ()
    metrics: dict[str, float] = {}
    """Training figures, all named `training_...`."""
    best_params: dict[str, str] = {}
    best_score: float | None = None
    candidates: tuple[Candidate, ...] = ()
    """Best first."""
    model: str = ""
    """Path of the pickled model; empty where there is none."""
    model_skipped: str = ""
    """Why there is none."""
    sample: str = ""
    """Path of the pickled (inputs, predictions) of the first rows."""
    rows_seen: str = ""
    """Path of pickled (inputs, predictions) that are evenly spread over the training rows: for the model's profile."""
    packages: tuple[str, ...] = ()
    """Top-level packages that the model is made of."""
    failure: str = ""
    interrupted: bool = False


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """A figure that the user's code computed from a fitted model's answers."""

    fit: str
    """Key of the Fit."""
    metric: str
    value: float
    time_ms: int
