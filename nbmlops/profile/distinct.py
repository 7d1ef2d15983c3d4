"""How many different values there are: exactly for few, from the least hashes for many.

Source: Bar-Yossef et al., "Counting distinct elements in a data stream" (2002): of k least hashes h of n values,
(k - 1) / h_k estimates n with a relative error of 1 / sqrt(k - 2).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

KEPT = 128
_ALL = 2.0**32


class DistinctSketch:
    """Of 64-bit hashes, of which the upper half is kept."""

    def __init__(self) -> None:
        self.hashes: NDArray[np.uint64] = np.empty(0, np.uint64)

    def add(self, hashes: NDArray[np.uint64]) -> None:
        self.hashes = least(np.concatenate((self.hashes, hashes >> np.uint64(32))))

    @property
    def count(self) -> int:
        return estimate(self.hashes)


def least(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    if len(hashes) > 64 * KEPT:  # far fewer are left to be sorted, and mostly enough
        below = hashes[hashes <= np.partition(hashes[:: len(hashes) // (32 * KEPT)], KEPT)[KEPT]]
        found = np.unique(below)
        if len(found) >= KEPT:
            return found[:KEPT]
    return np.unique(hashes)[:KEPT]


def estimate(hashes: NDArray[np.uint64]) -> int:
    if len(hashes) < KEPT:
        return len(hashes)
    return round((KEPT - 1) * _ALL / float(hashes[-1]))


def joined(groups: Iterable[tuple[int, ...]]) -> NDArray[np.uint64]:
    return least(np.concatenate([np.array(each, np.uint64) for each in groups] or [np.empty(0, np.uint64)]))


def hashes_of_numbers(values: NDArray[np.float64]) -> NDArray[np.uint64]:
    """The same for the same number, whatever its width was: splitmix64 of the bits."""
    bits = (values + 0.0).view(np.uint64)  # -0.0 is 0.0
    bits = bits + np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(bits ^ (bits >> np.uint64(31)), np.uint64)


def hashes_of_texts(values: Iterable[str]) -> NDArray[np.uint64]:
    from hashlib import blake2b

    encoded = (blake2b(each.encode("utf-8", "surrogatepass"), digest_size=8).digest() for each in values)
    return np.frombuffer(b"".join(encoded), ">u8").astype(np.uint64)
