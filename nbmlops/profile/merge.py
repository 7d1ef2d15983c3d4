"""Profiles of parts as the profile of the whole. Counts, means, deviations, ranges and missing values are exact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from nbmlops.errors import IntegrityError
from nbmlops.model.profile import LAYOUT, POINTS, Categories, Column, Kind, Numbers, Profile, Texts
from nbmlops.profile.distinct import estimate, joined
from nbmlops.profile.sketch import mixed, rounded
from nbmlops.profile.texts import TOP, WORDS


def merge(profiles: Sequence[Profile], *, source: str = "") -> Profile:
    """Raises IntegrityError for those of a layout that is not known here."""
    for each in profiles:
        if each.layout > LAYOUT:
            raise IntegrityError(
                f"A profile of layout {each.layout} was written by a newer nbmlops.",
                kind="profile-newer",
                hint="Update nbmlops.",
            )
    parts = [each for each in profiles if each.rows] or list(profiles[:1])
    if len(parts) == 1:
        return parts[0]
    names = dict.fromkeys(column.name for each in parts for column in each.columns)
    rows = sum(each.rows for each in parts)
    by_name = [{column.name: column for column in each.columns} for each in parts]
    times = [each.first for each in parts if each.first], [each.last for each in parts if each.last]
    return Profile(
        rows=rows,
        columns=tuple(_column([each[name] for each in by_name if name in each], rows) for name in names),
        source=source,
        first=min(times[0], default=None),
        last=max(times[1], default=None),
    )


def _column(parts: list[Column], rows: int) -> Column:
    values: Counter[Kind] = Counter()
    for each in parts:
        values["category" if each.kind == "text" else each.kind] += each.rows - each.missing - each.mixed
    kind: Kind = values.most_common(1)[0][0] if values else "empty"
    alike = [each for each in parts if each.kind == kind or (kind == "category" and each.kind == "text")]
    hashes = joined(each.hashes for each in parts)
    absent = rows - sum(each.rows for each in parts)
    texts = [each.texts for each in alike if each.texts is not None]
    return Column(
        name=parts[0].name,
        kind="text" if texts else kind,
        dtype=Counter({each.dtype: each.rows for each in reversed(alike)}).most_common(1)[0][0] if alike else "",
        rows=rows,
        missing=absent + sum(each.missing for each in parts),
        distinct=estimate(hashes),
        hashes=tuple(hashes.tolist()),
        numbers=_numbers([each.numbers for each in alike if each.numbers is not None]),
        categories=_categories([each.categories for each in alike if each.categories is not None], TOP),
        texts=_texts(texts),
        mixed=sum(each.mixed for each in parts)
        + sum(each.rows - each.missing - each.mixed for each in parts if each not in alike),
        zone=next((each.zone for each in alike if each.zone), ""),
    )


def _numbers(parts: list[Numbers]) -> Numbers | None:
    if not parts:
        return None
    infinite = sum(each.infinite for each in parts)
    full = [each for each in parts if each.count]
    if not full:
        return Numbers(count=0, mean=0.0, deviation=0.0, low=0.0, high=0.0, infinite=infinite)
    counts = np.array([each.count for each in full], np.float64)
    means = np.array([each.mean for each in full])
    total = counts.sum()
    mean = float((counts * means).sum() / total)
    squares = float((counts * (np.array([each.deviation for each in full]) ** 2 + (means - mean) ** 2)).sum())
    points = mixed([(each.count, np.array(each.quantiles)) for each in full], POINTS)
    low, high = min(each.low for each in full), max(each.high for each in full)
    points[0], points[-1] = low, high
    return Numbers(
        count=int(total),
        mean=mean,
        deviation=float(np.sqrt(squares / total)),
        low=low,
        high=high,
        infinite=infinite,
        quantiles=rounded(points),
    )


def _categories(parts: list[Categories], top: int) -> Categories | None:
    if not parts:
        return None
    counts: Counter[str] = Counter()
    for each in parts:
        counts.update(each.counts)
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    other = sum(each.other for each in parts) + sum(count for _, count in ranked[top:])
    return Categories(counts=dict(ranked[:top]), other=other)


def _texts(parts: list[Texts]) -> Texts | None:
    lengths = _numbers([each.lengths for each in parts])
    words = _categories([each.words for each in parts], WORDS)
    return Texts(lengths=lengths, words=words) if lengths is not None and words is not None else None
