"""What papermill is given, put where the notebook has its defaults."""

from __future__ import annotations

from typing import Any

import nbformat
import pytest
from papermill.parameterize import parameterize_notebook

from nbmlops.errors import UsageError
from nbmlops.ops.injection import put_in


def injected(defaults: str, given: dict[str, Any], *, before: str = "", after: str = "print(n)") -> Any:
    """The sources of the code cells as they would be executed."""
    cells = [
        *([nbformat.v4.new_code_cell(before, metadata={"tags": []})] if before else []),
        nbformat.v4.new_code_cell(defaults, metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell(after, metadata={"tags": []}),
    ]
    metadata = {"kernelspec": {"name": "python3", "display_name": "python3", "language": "python"}, "papermill": {}}
    node = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
    node = parameterize_notebook(node, given, kernel_name="python3", language="python")
    put_in(node, given)
    return [each.source for each in node.cells]


def namespace(sources: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"print": lambda *values: None}
    for source in sources:
        exec(source, found)
    return found


def test_a_derived_value_is_computed_anew() -> None:
    sources = injected("n = 5  # how many\ntwice = n * 2", {"n": 7})
    assert sources == ["n = 7  # how many\ntwice = n * 2", "print(n)"]


def test_where_nothing_is_derived_papermill_has_its_way() -> None:
    assert injected("n = 5", {"n": 7}) == ["n = 5", "# Parameters\nn = 7\n", "print(n)"]


def test_a_parameter_that_only_later_cells_know_stays_where_papermill_puts_it() -> None:
    sources = injected("n = 5\ntwice = n * 2", {"n": 7, "other": 1}, after="print(other)")
    assert namespace(sources)["twice"] == 14
    assert namespace(sources)["other"] == 1


@pytest.mark.parametrize(
    ("line", "before", "value", "text"),
    [
        ("n = dt.date(2024, 1, 31)", "import datetime as dt", "2024-02-01", "n = dt.date.fromisoformat('2024-02-01')"),
        ("n = Path('a') / 'b'", "from pathlib import Path", "c/d", "n = Path('c/d')"),
        (
            "n: date | None = None",
            "from datetime import date",
            "2024-02-01",
            "n: date | None = date.fromisoformat('2024-02-01')",
        ),
        ("n: float = 0.5", "", 1, "n: float = 1.0"),
        ("n, m = 1, 2\nboth = n + m", "", 7, "n, m = 7, 2\nboth = n + m"),
        ("é = 'ü'; n = 1; both = n", "", 7, "é = 'ü'; n = 7; both = n"),
    ],
)
def test_a_value_stands_where_the_default_stood(line: str, before: str, value: Any, text: str) -> None:
    sources = injected(line, {"n": value}, before=before)
    assert text in sources
    namespace(sources)


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"trees_": 7}, "parameter-unknown", "The notebook has no parameter 'trees_'. Did you mean trees?"),
        ({"zzz": 7}, "parameter-unknown", "It has: start, trees."),
        ({"trees": "many"}, "parameter-ill-typed", "Parameter trees is int, not 'many'."),
        ({"start": "soon"}, "parameter-ill-typed", "write it as 2024-01-31"),
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, Any], kind: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        injected("trees: int = 5\nstart = datetime.date(2024, 1, 31)", given, before="import datetime")
    assert caught.value.kind == kind
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "defaults", ["n = 5\n%time twice = n * 2", "n = range(5)\ntwice = n", "n = (", "def n(): pass"]
)
def test_a_cell_that_is_no_list_of_literals_stays_as_it_is(defaults: str) -> None:
    assert injected(defaults, {"n": 7})[:2] == [defaults, "# Parameters\nn = 7\n"]
