"""Models that are formulas, and rows for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from nbmlops.attribution.inputs import Array, Given, Inputs

NAMES = ("a", "b", "c")


def rows(count: int, seed: int = 0) -> Array:
    """Two columns that go together a little, and one beside them."""
    made = np.random.default_rng(seed).normal(size=(count, 3))
    made[:, 1] = 0.6 * made[:, 0] + 0.8 * made[:, 1]
    return made


def truth(table: Array, seed: int = 0) -> Array:
    noise = np.random.default_rng(seed + 1000).normal(size=len(table))
    return table[:, 0] + 0.5 * table[:, 0] * table[:, 1] + 0.3 * table[:, 2] + noise


def value(table: Any) -> Given:
    found = np.asarray(table, dtype=float)
    return Given(values=(1.1 * found[:, 0] + 0.4 * found[:, 0] * found[:, 1] + 0.2 * found[:, 2])[:, None])


def linear(table: Any) -> Given:
    """The third column is not used."""
    found = np.asarray(table, dtype=float)
    return Given(values=(5 + 2 * found[:, 0] - 3 * found[:, 1])[:, None])


def classes(table: Any) -> Given:
    share = 1 / (1 + np.exp(-2 * value(table).values[:, 0]))
    values = np.stack([1 - share, share], axis=1)
    return Given(values=values, said=values.argmax(axis=1))


def inputs(table: Array, names: tuple[str, ...] = NAMES) -> Inputs:
    return Inputs(table, names)
