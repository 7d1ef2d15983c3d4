"""How good a model was on a table: what `evaluate` tells, its report shows and its gate decides by."""

from __future__ import annotations

import msgspec


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """One figure over all rows. None stands for what these rows do not tell."""

    name: str
    value: float | None
    low: float | None = None
    """Of the interval that holds the true value with the evaluation's confidence."""
    high: float | None = None
    is_higher_better: bool = True
    against: float | None = None
    """Of the other model, on the same rows."""
    difference: float | None = None
    """`value - against`."""
    difference_low: float | None = None
    """Of the interval of the difference: both models drawn on the same rows."""
    difference_high: float | None = None


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """One figure over the rows that have something in common."""

    column: str
    value: str
    """As `red`, or `[13.05, 14.83]`."""
    rows: int
    metric: str
    score: float | None
    low: float | None = None
    high: float | None = None
    gap: float | None = None
    """How much worse than over all rows: in the metric's own unit, positive where it is worse."""
    against: float | None = None
    loss: float | None = None
    """How much worse than the other model on the same rows, positive where it is worse."""


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """Rows whose probability was about the same."""

    low: float
    high: float
    rows: int
    predicted: float
    """Mean probability."""
    observed: float
    """Share of the rows where it came true."""


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    of: str
    """The class whose probability it is; empty: that of the class that was predicted."""
    error: float
    """Mean distance of predicted and observed, by rows (ECE)."""
    bins: tuple[Bin, ...]


class Confusion(msgspec.Struct, frozen=True, kw_only=True):
    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    """A row for each true label, a column for each predicted one."""


class Residuals(msgspec.Struct, frozen=True, kw_only=True):
    """Predicted less true value."""

    mean: float
    spread: float
    """Standard deviation."""
    quantiles: tuple[float, ...]
    """At 0, 5, 25, 50, 75, 95 and 100 %."""
    points: tuple[tuple[float, float], ...]
    """True and predicted value of some hundred rows."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One demand of a gate, and whether it is met."""

    rule: str
    """As `accuracy at least`."""
    value: float | None
    limit: float
    passed: bool
    why: str
    """One sentence with both figures."""
    line: int
    """Of the gate's file."""


class Data(msgspec.Struct, frozen=True, kw_only=True):
    place: str
    digest: str
    """BLAKE3 of the file."""
    bytes: int
    rows: int
    """That were evaluated."""
    left_out: int = 0
    """Rows without a target."""
    target: str
    notes: tuple[str, ...] = ()
    """What is odd about them, a sentence each."""


class Evaluated(msgspec.Struct, frozen=True, kw_only=True):
    """A model as it was evaluated."""

    name: str
    """As it was asked for."""
    digest: str = ""
    """Of the package, where it is one."""
    run: str = ""
    """The MLflow run that made it, where it is known."""
    model: str = ""
    """MLflow's id of it."""
    estimator: str = ""
    bytes: int = 0
    """Of its files."""
    milliseconds: float | None = None
    """For 1000 rows, asked at once: the best of several times."""


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    model: Evaluated
    against: Evaluated | None = None
    data: Data
    task: str
    """`classification` or `regression`."""
    confidence: float
    """Of all intervals, as 0.95."""
    resamples: int
    metrics: tuple[Metric, ...]
    slices: tuple[Slice, ...] = ()
    """The worst first."""
    calibration: Calibration | None = None
    confusion: Confusion | None = None
    residuals: Residuals | None = None
    gate: tuple[Rule, ...] = ()
    passed: bool | None = None
    """None where there is no gate."""

    def metric(self, name: str) -> Metric | None:
        return next((each for each in self.metrics if each.name == name), None)
