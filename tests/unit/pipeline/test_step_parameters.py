"""What a step makes of the plain values that it is given."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nbmlops.errors import UsageError
from nbmlops.pipeline.step_parameters import typed
from tests.unit.pipeline.harness import assert_same, run_pipeline

TEXT = """\
# %%
import datetime as dt
from datetime import date
from pathlib import Path
import pandas as pd
# %%
start = date(2024, 1, 31)  # first day
end: dt.datetime = dt.datetime(2024, 2, 1, 12, 30)
when = pd.Timestamp("2024-03-01")
data = Path("data") / "wine.csv"
pair = (1, 2)
below = -3
since: date | None = None
# %% tags=["step:a"]
later = start + dt.timedelta(days=3)
stem = data.with_suffix(".txt").name
# %% tags=["step:b"]
print(later, stem, end, when.year, pair, below, since, type(pair).__name__)
"""


def test_dates_and_paths_are_what_the_notebook_made_them() -> None:
    made = assert_same(TEXT)
    given = {"start": "2024-05-05", "data": "x/y.csv", "pair": [3], "since": "2024-01-01", "below": -4}
    _, shown = run_pipeline(made, given)
    assert shown == "2024-05-08 y.txt 2024-02-01 12:30:00 2024 (3,) -4 2024-01-01 tuple\n"


def test_a_parameter_of_any_type_needs_no_cell_of_its_own() -> None:
    made = assert_same("# %%\nn = None\n# %%\nprint(n)")
    assert not [cell for cell in made.notebooks[made.pipeline.steps[0].notebook].cells if "typed" in cell.source]


@pytest.mark.parametrize(
    ("value", "words", "expected"),
    [
        ("2024-01-31", "date", dt.date(2024, 1, 31)),
        (dt.date(2024, 1, 31), "date", dt.date(2024, 1, 31)),
        ("2024-01-31T12:30", "datetime", dt.datetime(2024, 1, 31, 12, 30)),
        ("2024-01-31", "timestamp", pd.Timestamp("2024-01-31")),
        (pd.Timestamp("2024-01-31", tz="UTC"), "timestamp", pd.Timestamp("2024-01-31", tz="UTC")),
        ("a/b", "path", Path("a/b")),
        ([1, 2], "tuple", (1, 2)),
        (1, "float", 1),
        (None, "date or None", None),
    ],
)
def test_a_plain_value_becomes_one_of_its_type(value: Any, words: str, expected: Any) -> None:
    (found,) = typed(p=(value, words))
    assert (found, type(found)) == (expected, type(expected))


def test_what_does_not_fit_is_refused_in_one_line() -> None:
    with pytest.raises(UsageError, match="Parameter start is date, not 'soon'"):
        typed(n=(1, "int"), start=("soon", "date"))
    with pytest.raises(UsageError, match="Parameter n is int, not 'abc'"):
        typed(n=("abc", "int"))
