"""Where a model's answers come from: what `explain MODEL` tells, and its report shows."""

from __future__ import annotations

import msgspec

from nbmlops.model.evaluation import Data, Evaluated

CHANGE = "change"
"""What importance is measured by where the truth is not known: how far the answers move."""


class Importance(msgspec.Struct, frozen=True, kw_only=True):
    """What a model loses when a column, or columns that move together, are shuffled."""

    name: str
    columns: tuple[str, ...]
    """One, or a group that was shuffled as one."""
    importance: float | None
    """In the metric's own unit, positive where the model gets worse. None: it could not be measured (`why`)."""
    low: float | None = None
    """Of the interval that holds its true value with the explanation's confidence."""
    high: float | None = None
    change: float | None = None
    """How far the answers move: mean absolute change of the value, or the share of probability that goes elsewhere."""
    share: float | None = None
    """Of all importances; of `change` where no column has any."""
    direction: float | None = None
    """From -1 to 1: whether the answer rises or falls with the value (rank correlation of value and contribution).
    None for what has no order.
    """
    contribution: float | None = None
    """Mean absolute SHAP value over a sample of rows, where SHAP was asked."""
    why: str = ""
    """It could not be measured."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What one column, or group, adds to one answer."""

    name: str
    value: str
    """Of the row, as it is shown."""
    amount: float
    error: float | None = None
    """Standard error of `amount`; None where it is exact."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One answer of a row: `base` and all parts add up to it."""

    of: str
    """The class whose probability it is; empty: the value."""
    answer: float
    base: float
    """The mean answer over the background rows."""
    parts: tuple[Part, ...]
    """The largest first."""


class ExplainedRow(msgspec.Struct, frozen=True, kw_only=True):
    row: int
    """Its number in the table, from 1."""
    picked: str
    """Why this one: `asked for`, `least sure`, `high`, `low`."""
    answer: str
    truth: str = ""
    outcomes: tuple[Outcome, ...] = ()
    """The class that was asked for or predicted first."""
    why: str = ""
    """It could not be explained."""


class Dependence(msgspec.Struct, frozen=True, kw_only=True):
    """The mean answer if all rows had the same value in a column (partial dependence)."""

    column: str
    values: tuple[str, ...]
    """As they are shown, in order."""
    places: tuple[float, ...]
    """The same on an axis; empty for values that are no numbers."""
    answers: tuple[float, ...]


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    model: Evaluated
    data: Data
    task: str
    """`classification` or `regression`."""
    metric: str
    """That importance is the loss of; `change` without a target."""
    score: float | None
    """The metric before anything is shuffled."""
    of: str
    """The class that directions and curves are about; empty: the value, or none."""
    rows: int
    """That were shuffled: all of the data, or a sample."""
    repeats: int
    confidence: float
    """Of all intervals, as 0.95."""
    background: int
    """Rows that stand for what is not known of a row."""
    method: str
    """How rows were explained, as `exact Shapley values`."""
    importances: tuple[Importance, ...]
    """The largest first."""
    explained: tuple[ExplainedRow, ...] = ()
    curves: tuple[Dependence, ...] = ()
    notes: tuple[str, ...] = ()
    """What is odd, a sentence each."""
