"""What each column adds to one answer: Shapley values against a sample of background rows.

An answer with some columns known is the mean over the background rows, with the other columns as they have them. A
column's contribution is what knowing it changes, averaged over all orders in which columns can become known. With few
columns all sets are asked, and the values are exact; with more, orders are drawn, each also backwards, and
each with a background row of its own, all rows equally often. Either way the contributions and the base, the mean
answer over the background, add up to the answer.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from nbmlops.attribution.groups import Group
from nbmlops.attribution.inputs import Array, Ask, Inputs

BACKGROUND = 100
MOST_EXACT = 12
"""Columns or groups, of which all sets are asked: 4096."""
_WORK = 50_000
"""Rows that the model is asked for one row where orders are drawn."""
_MOST_ROUNDS = 64
EXACT, SAMPLED = "exact Shapley values", "sampled Shapley values"


class Contributions(msgspec.Struct, frozen=True, kw_only=True):
    """Of one row."""

    base: Array
    """(outcomes,)."""
    answer: Array
    amounts: Array
    """(groups, outcomes)."""
    errors: Array | None = None
    """Standard errors of these; None where they are exact."""


def contributions(
    ask: Ask, inputs: Inputs, groups: Sequence[Group], row: int, background: Array, *, seed: int = 0
) -> Contributions:
    """`row` and `background` are places in the inputs. Raises NbmlopsError where the model refuses mixed rows."""
    members = [np.array(group.columns) for group in groups]
    if len(groups) <= MOST_EXACT:
        return _exact(ask, inputs, members, row, background)
    return _sampled(ask, inputs, members, row, background, seed)


def background_of(rows: int, count: int, seed: int) -> Array:
    """Places of a sample of the rows, in order."""
    if rows <= count:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, count, replace=False))


def _exact(ask: Ask, inputs: Inputs, members: Sequence[Array], row: int, background: Array) -> Contributions:
    players = len(members)
    sets = 1 << players
    masks = (np.arange(sets)[:, None] >> np.arange(players)) & 1 == 1
    worth: list[Array] = []
    for part in inputs.parts(sets, len(background)):
        chosen = masks[part]
        repeated, behind = np.repeat(chosen, len(background), axis=0), np.tile(background, len(chosen))
        values = ask(inputs.mixed(members, repeated, row, behind)).values
        worth.append(values.reshape(len(chosen), len(background), -1).mean(axis=1))
    known = np.concatenate(worth)
    amounts = np.empty((players, known.shape[1]))
    sizes = masks.sum(axis=1)
    weights = _weights(players)
    for player in range(players):
        without = np.flatnonzero(~masks[:, player])
        gains = known[without | (1 << player)] - known[without]
        amounts[player] = weights[sizes[without]] @ gains
    return Contributions(base=known[0], answer=known[-1], amounts=amounts)


def _weights(players: int) -> Array:
    """Of a set, by how many are in it: the share of orders in which exactly these come before one player."""
    found = np.empty(players)
    found[0] = 1 / players
    for size in range(1, players):
        found[size] = found[size - 1] * size / (players - size)
    return found


def _sampled(
    ask: Ask, inputs: Inputs, members: Sequence[Array], row: int, background: Array, seed: int
) -> Contributions:
    players = len(members)
    steps = 2 * players
    rounds = min(_MOST_ROUNDS, max(1, _WORK // (steps * len(background))))
    behind = np.tile(background, rounds)
    chance = np.random.default_rng(seed + row)
    orders = chance.permuted(np.tile(np.arange(players), (len(behind), 1)), axis=1)
    # Of each order the sets on the way there, from nobody to everybody, and back with the others of each set.
    place = np.argsort(orders, axis=1)
    there = place[:, None, :] < np.arange(players + 1)[None, :, None]
    back = ~there[:, 1:-1, :]
    walk = np.concatenate([there, back], axis=1)
    gains: list[Array] = []
    ends: list[Array] = []
    for part in inputs.parts(len(behind), steps):
        masks = walk[part].reshape(-1, players)
        values = ask(inputs.mixed(members, masks, row, np.repeat(behind[part], steps))).values
        values = values.reshape(-1, steps, values.shape[1])
        gains.append(_gains(values, orders[part]))
        ends.append(values[:, [0, players], :])
    base, answer = np.concatenate(ends).mean(axis=0)
    every = np.concatenate(gains)
    errors = every.std(axis=0, ddof=1) / len(every) ** 0.5 if len(every) > 1 else None
    return Contributions(base=base, answer=answer, amounts=every.mean(axis=0), errors=errors)


def _gains(values: Array, orders: Array) -> Array:
    """(orders, players, outcomes): the mean of what each player adds on the way there and on the way back."""
    count, players = orders.shape
    there = values[:, : players + 1]
    # Nobody, who comes last, the last two, ..., everybody.
    back = np.concatenate([there[:, :1], values[:, players + 1 :][:, ::-1], there[:, players : players + 1]], axis=1)
    forward, backward = np.diff(there, axis=1), np.diff(back, axis=1)
    found = np.empty((count, players, values.shape[2]))
    lines = np.arange(count)[:, None]
    found[lines, orders] = forward / 2
    found[lines, orders[:, ::-1]] += backward / 2
    return found
