"""Drift of a million rows of 15 numbers and 5 categories: ours against the same statistics with scipy.

Both sides get DataFrames in memory: KS, Wasserstein, PSI and Jensen-Shannon of each number, chi-squared of each
category.
"""

from __future__ import annotations

import subprocess
import sys
import time
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd

from benchmarks.table import Row
from nbmlops.drift.compare import compare_profiles, compare_tables
from nbmlops.drift.report import report
from nbmlops.profile.table import Profiler, profile_of

ROWS = 1_000_000
NUMBERS, CATEGORIES = 15, 5
WINDOW = 100
_MEGABYTES = 500
_BESIDE = """
from benchmarks.drift import both, compare_tables, resident
one, other = both()
compare_tables(one.head(100), other.head(100))  # what is imported only then is no memory of a comparison
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")  # the peak begins anew: proc(5)
before = resident("VmRSS")
compare_tables(one, other)
print(resident("VmHWM") - before)
"""


def table(seed: int, rows: int = ROWS) -> pd.DataFrame:
    chance = np.random.default_rng(seed)
    numbers = {f"number{place}": chance.normal(0.02 * seed * place, 1, rows) for place in range(NUMBERS)}
    names = {f"name{place}": chance.choice(list("abcdefgh"), rows) for place in range(CATEGORIES)}
    return pd.DataFrame(numbers | names)


def both() -> tuple[pd.DataFrame, pd.DataFrame]:
    return table(0), table(1)


def with_scipy(before: pd.DataFrame, now: pd.DataFrame) -> None:
    from scipy import stats
    from scipy.spatial.distance import jensenshannon

    for name in before.columns[:NUMBERS]:
        one, other = before[name].to_numpy(), now[name].to_numpy()
        stats.ks_2samp(one, other, method="asymp")
        stats.wasserstein_distance(one, other)
        edges = np.quantile(one, np.linspace(0, 1, 11))
        edges[0], edges[-1] = -np.inf, np.inf
        p, q = (np.histogram(side, edges)[0] / len(side) for side in (one, other))
        np.sum((q - p) * np.log(q / p))
        jensenshannon(p, q, base=2)
    for name in before.columns[NUMBERS:]:
        counts = pd.concat([before[name].value_counts(), now[name].value_counts()], axis=1).fillna(0)
        stats.chi2_contingency(counts.to_numpy().T, correction=False)


def measure() -> tuple[Row, ...]:
    before, now = both()
    ours = _seconds(lambda: compare_tables(before, now), 3)
    peer = _seconds(lambda: with_scipy(before, now), 1)
    kept, later = profile_of(before), profile_of(now)
    short = _seconds(lambda: compare_profiles(kept, later), 3)
    each = _row_cost()
    page, size = _wide_report()
    print(f"drift: {ours:.2f} s, scipy {peer:.1f} s, of two profiles {short * 1000:.0f} ms", file=sys.stderr)
    memory = _memory_beside()
    return (
        Row(what="drift, 1M x 20 / the same with scipy", ours=ours, peer=peer, value=ours / peer, bar=0.1),
        Row(what="drift, 1M x 20: memory beside the tables", ours=memory, value=memory, bar=_MEGABYTES, unit="MB"),
        Row(what="drift of 200 columns, with its report", ours=page, value=page, bar=5.0),
        Row(what="that report's size", ours=size, value=size, bar=3.0, unit="MB"),
        Row(what="profile of a row, 100 at a time", ours=each * 1e6, value=each * 1e6, bar=20.0, unit="us"),
    )


def _wide_report() -> tuple[float, float]:
    """Seconds, and MB: of two tables of 200 columns and 20,000 rows, a third of which has moved."""
    chance = np.random.default_rng(0)
    before, now = (
        pd.DataFrame({f"column{place}": chance.normal(shift * (place % 3 == 0), 1, 20_000) for place in range(200)})
        for shift in (0, 1)
    )
    started = time.perf_counter()
    text = report(compare_tables(before, now))
    return time.perf_counter() - started, len(text.encode()) / 1e6


def _row_cost() -> float:
    """Seconds a row of requests that come by the hundred, all columns."""
    parts = [table(seed, WINDOW) for seed in range(100)]
    profiler = Profiler()
    started = time.perf_counter()
    for part in parts:
        profiler.add(part)
    profiler.profile()
    return (time.perf_counter() - started) / (len(parts) * WINDOW)


def _seconds(work: Callable[[], object], rounds: int) -> float:
    """The best."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(rounds):
            started = time.perf_counter()
            work()
            found.append(time.perf_counter() - started)
    return min(found)


def resident(field: str) -> float:
    """MB of this process: VmRSS now, VmHWM at the most."""
    with open("/proc/self/status", encoding="utf-8") as file:
        line = next(line for line in file if line.startswith(field))
    return int(line.split()[1]) / 1000


def _memory_beside() -> float:
    """MB that a comparison takes at its peak, above what the two tables took."""
    done = subprocess.run([sys.executable, "-c", _BESIDE], check=True, capture_output=True, text=True)
    return float(done.stdout)
