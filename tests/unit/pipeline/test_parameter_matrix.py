"""Every kind of literal, from the notebook to a value that somebody else has set."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pytest

from nbmlops.pipeline.document import dump, load
from nbmlops.pipeline.parameters import defaults, values
from tests.unit.pipeline.harness import assert_same, run_pipeline

MODULES = "import datetime as dt, pandas as pd\nfrom pathlib import Path"


@pytest.mark.parametrize("tags", ["", ' tags=["parameters"]'])
@pytest.mark.parametrize(
    ("line", "text", "expected"),
    [
        ("p = 3", "7", 7),
        ("p = -3", "-7", -7),
        ("p = 0.5", "-1e-3", -0.001),
        ("p: float = 1", "2", 2.0),
        ("p = True", "false", False),
        ("p = 'a=b'", "c=d 'e'", "c=d 'e'"),
        ("p = None", "[1]", [1]),
        ("p: int | None = None", "4", 4),
        ("p: int | None = 4", "None", None),
        ("p = [1, 2.5, 'x']", "[]", []),
        ("p = {'a': [1]}", "{'b': None}", {"b": None}),
        ("p = (1, 2)", "(3,)", (3,)),
        ("p = dt.date(2024, 1, 31)", "2025-02-03", dt.date(2025, 2, 3)),
        ("p: dt.date = dt.date(2024, 1, 31)", "2025-02-03", dt.date(2025, 2, 3)),
        ("p: dt.date | None = None", "2025-02-03", dt.date(2025, 2, 3)),
        ("p = dt.datetime(2024, 1, 31)", "2025-02-03T04:05", dt.datetime(2025, 2, 3, 4, 5)),
        ("p = pd.Timestamp('2024-01-31')", "2025-02-03", pd.Timestamp("2025-02-03")),
        ("p = Path('a')", "b/c.csv", Path("b/c.csv")),
        ("p: Path = Path('a') / 'b'", "c", Path("c")),
    ],
)
def test_a_literal_is_a_parameter_and_what_derives_from_it_follows(
    line: str, text: str, expected: Any, tags: str
) -> None:
    source = f"# %%\n{MODULES}\n# %%{tags}\n{line}\n# %%\nderived = [p, type(p).__name__]\n# %%\nprint(derived)"
    made = assert_same(source)
    pipeline = load(dump(made.pipeline), "here")
    assert [each.name for each in pipeline.parameters] == ["p"]
    given = values(pipeline, [f"p={text}"])
    # As an engine is told: a document that holds plain values.
    plain = msgspec.json.decode(msgspec.json.encode({**defaults(pipeline), **given}))
    _, shown = run_pipeline(made, plain)
    assert shown == f"{[expected, type(expected).__name__]}\n"
