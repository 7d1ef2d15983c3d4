"""Categories and texts of a stream."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np
import pyarrow.compute as pc

from nbmlops.model.profile import Categories, Texts
from nbmlops.profile.sketch import NumberSketch

TOP = 256
"""Categories that are kept by name."""
WORDS = 200
_MOST = 1 << 16
"""That are counted at a time; beyond, the rarest join the others."""
_AFTER = 1 << 14
_LONGEST = 100
_SAMPLED = 4096
"""Texts of a part that words are taken from."""
_FEW = 100
_SPACES_OF_TEXT = 2.0
_WORD = re.compile(r"\w+")


class TextSketch:
    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._other = 0
        self._lengths = NumberSketch()
        self._words: Counter[str] = Counter()
        self._rows_of_words = 0
        self._spaces = 0
        self._spaced = 0

    def add(self, array: Any) -> Any:
        """Arrow strings. Gives back the different ones among them."""
        found = pc.value_counts(array)
        names, counts = found.field("values"), found.field("counts").to_numpy()
        if len(names) > _AFTER:
            order = np.argsort(-counts, kind="stable")
            few = order[:_AFTER]
            self._other += int(counts[order[_AFTER:]].sum())
            kept, kept_counts = names.take(few).to_pylist(), counts[few]
        else:
            kept, kept_counts = names.to_pylist(), counts
        for name, count in zip(kept, kept_counts.tolist(), strict=True):
            self._counts[name[:_LONGEST]] += count
        if len(self._counts) > _MOST:
            ranked = self._counts.most_common()
            self._counts = Counter(dict(ranked[:_AFTER]))
            self._other += sum(count for _, count in ranked[_AFTER:])
        if len(names) > _FEW or self._spaced:
            self._read(array)
        return names

    def categories(self) -> Categories:
        ranked = sorted(self._counts.items(), key=lambda pair: (-pair[1], pair[0]))
        rest = sum(count for _, count in ranked[TOP:])
        return Categories(counts=dict(ranked[:TOP]), other=self._other + rest)

    def texts(self) -> Texts | None:
        """None where they are no sentences but names."""
        if len(self._counts) <= _FEW or self._spaces < _SPACES_OF_TEXT * self._spaced:
            return None
        ranked = sorted(self._words.items(), key=lambda pair: (-pair[1], pair[0]))
        rest = sum(count for _, count in ranked[WORDS:])
        return Texts(lengths=self._lengths.numbers(), words=Categories(counts=dict(ranked[:WORDS]), other=rest))

    def _read(self, array: Any) -> None:
        self._lengths.add(np.asarray(pc.utf8_length(array).to_numpy(zero_copy_only=False), np.float64))
        step = max(1, len(array) // _SAMPLED)
        sampled = array.take(np.arange(0, len(array), step)) if step > 1 else array
        for text in sampled.to_pylist():
            short = text[:2000]
            self._spaced += 1
            self._spaces += short.count(" ")
            self._words.update({word.lower()[:_LONGEST] for word in _WORD.findall(short)})
        if len(self._words) > _MOST:
            self._words = Counter(dict(self._words.most_common(_AFTER)))
