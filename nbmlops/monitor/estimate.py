"""How good a classifier is likely to be on rows that nobody has labelled yet: expected from its own probabilities.

Confidence-based performance estimation: probabilities are calibrated on rows with labels (isotonic, over bins); then
each row is right with its probability, and sums over rows give the expected confusion matrix, accuracy, precision,
recall, F1 and the area under the ROC curve. The band holds the figure of these rows in so many of a hundred cases: for
how the labelled rows were drawn, and for how the truth of these may fall.

It holds where inputs have moved and what follows from them has not. Where the same inputs have come to mean something
else (concept drift), the estimate goes on telling of the old world: only labels show that.
"""

from __future__ import annotations

import msgspec
import numpy as np

from nbmlops.evaluate.metrics import ACCURACY, Array, Classified
from nbmlops.model.monitoring import Estimated

LEAST_ROWS = 200
"""With labels."""
_BINS, _CELLS, _DRAWS = 100, 256, 400
_IN_A_BIN = 10
_BINARY = (ACCURACY, "precision", "recall", "f1", "roc_auc")


class Learnt(msgspec.Struct, frozen=True, kw_only=True):
    """How often a score came true, by bins of the score."""

    scores: Array
    """Their means, rising."""
    rows: Array
    share: Array
    """Rises, too: isotonic."""

    def at(self, scores: Array, share: Array | None = None) -> Array:
        found: Array = np.interp(scores, self.scores, self.share if share is None else share)
        return found


def learn(scores: Array, came_true: Array) -> Learnt:
    order = np.argsort(scores, kind="stable")
    count = int(np.clip(len(scores) // _IN_A_BIN, 1, _BINS))
    edges = np.linspace(0, len(scores), count + 1).astype(int)[:-1]
    rows = np.diff(np.r_[edges, len(scores)]).astype(float)
    means = np.add.reduceat(scores[order], edges) / rows
    share = np.add.reduceat(came_true[order].astype(float), edges) / rows
    return Learnt(scores=means, rows=rows, share=isotonic(share, rows))


def estimate(
    known: Classified, unknown: Classified, *, confidence: float = 0.95, seed: int = 0
) -> tuple[Estimated, ...]:
    """`known` has the truth of its rows; that of `unknown` is not looked at. Of two classes all figures, of more the
    accuracy. Nothing where there are no probabilities or too few rows.
    """
    first, second = known.probabilities, unknown.probabilities
    if first is None or second is None or len(first) < LEAST_ROWS or not len(second):
        return ()
    if known.classes == 2 and unknown.classes == 2:
        learnt = learn(first[:, 1], known.truth == 1)
        cells = _cells(second[:, 1], unknown.said == 1)
        names: tuple[str, ...] = _BINARY
    else:
        rows, others = np.arange(len(first)), np.arange(len(second))
        learnt = learn(first[rows, known.said], known.truth == known.said)
        # Each row as one that is said to be right.
        cells = _cells(second[others, unknown.said], np.ones(len(second), bool))
        names = (ACCURACY,)
    chance = np.random.default_rng(seed)
    expected = _figures(cells, learnt.at(cells.scores)[None, :] * cells.rows[None, :])
    true = np.stack([_drawn(learnt, cells, chance) for _ in range(_DRAWS)])
    spread = _figures(cells, true)
    tail = (1 - confidence) / 2
    found = []
    for name in names:
        value, drawn = float(expected[name][0]), spread[name][np.isfinite(spread[name])]
        if not np.isfinite(value) or len(drawn) < _DRAWS // 2:
            continue
        low, high = np.quantile(drawn, (tail, 1 - tail))
        found.append(
            Estimated(
                name=name, value=value, low=float(min(low, value)), high=float(max(high, value)), method="cbpe",
                rows=len(second), from_rows=len(first),
            )
        )  # fmt: skip
    return tuple(found)


def isotonic(values: Array, weights: Array) -> Array:
    """The nearest rising ones: neighbours that fall are taken together."""
    means: list[float] = []
    masses: list[float] = []
    counts: list[int] = []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        mean, mass, count = value, weight, 1
        while means and means[-1] >= mean:
            mean = (means[-1] * masses[-1] + mean * mass) / (masses[-1] + mass)
            mass += masses.pop()
            count += counts.pop()
            means.pop()
        means.append(mean)
        masses.append(mass)
        counts.append(count)
    found: Array = np.repeat(means, counts)
    return found


class _Cells(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of about the same score and the same answer, in the order of their scores."""

    scores: Array
    rows: Array
    is_said: Array


def _cells(scores: Array, is_said: Array) -> _Cells:
    order = np.lexsort((is_said, scores))
    ordered, answers = scores[order], is_said[order]
    place = np.arange(len(ordered)) * _CELLS // len(ordered)
    starts = np.flatnonzero(np.r_[True, (place[1:] != place[:-1]) | (answers[1:] != answers[:-1])])
    rows = np.diff(np.r_[starts, len(ordered)]).astype(float)
    return _Cells(scores=np.add.reduceat(ordered, starts) / rows, rows=rows, is_said=answers[starts])


def _drawn(learnt: Learnt, cells: _Cells, chance: np.random.Generator) -> Array:
    """How many rows of each cell are true: once, with what might have been learnt from other labelled rows."""
    least = 0.5 / learnt.rows.sum()
    told = chance.binomial(learnt.rows.astype(int), np.clip(learnt.share, least, 1 - least)) / learnt.rows
    share = learnt.at(cells.scores, isotonic(told, learnt.rows))
    return chance.binomial(cells.rows.astype(int), np.clip(share, 0, 1)).astype(float)


def _figures(cells: _Cells, true: Array) -> dict[str, Array]:
    """`true`: (draws, cells), rows that are positive."""
    false = cells.rows[None, :] - true
    hits, wrong = (true * cells.is_said).sum(axis=1), (false * cells.is_said).sum(axis=1)
    positive, negative = true.sum(axis=1), false.sum(axis=1)
    above = positive[:, None] - np.cumsum(true, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            ACCURACY: (hits + negative - wrong) / cells.rows.sum(),
            "precision": hits / (hits + wrong),
            "recall": hits / positive,
            "f1": 2 * hits / (hits + wrong + positive),
            "roc_auc": (false * (above + true / 2)).sum(axis=1) / (positive * negative),
        }
