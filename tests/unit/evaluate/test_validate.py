"""Tables that a model can be judged by, and those that it cannot."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from nbmlops.errors import UsageError
from nbmlops.evaluate.validate import Column, check, label_notes, target_of

COLUMNS = (Column(name="age", kind="double"), Column(name="doors", kind="long"), Column(name="colour", kind="string"))


def table(**values: Any) -> Any:
    known = {"age": [1.5, 2.0, 3.0], "doors": [2, 4, 4], "colour": ["red", "blue", "red"], "kind": ["a", "b", "a"]}
    return pd.DataFrame({**known, **values})


def test_the_target_is_the_column_that_the_model_does_not_take() -> None:
    assert target_of(["age", "doors", "colour", "kind"], COLUMNS, "", "a.csv") == "kind"
    assert target_of(["age", "kind", "note"], COLUMNS, "note", "a.csv") == "note"


@pytest.mark.parametrize(
    ("names", "columns", "asked", "kind", "told"),
    [
        (["age", "kind", "note"], COLUMNS, "", "target-unclear", "it may be kind, note"),
        (["a", "b"], (), "", "target-unclear", "it may be a, b"),
        (["age", "doors"], COLUMNS, "", "target-missing", "none is left"),
        (["age", "kind"], COLUMNS, "knid", "target-missing", "no column 'knid'"),
    ],
)
def test_a_target_that_is_not_clear_is_refused_with_its_candidates(
    names: list[str], columns: tuple[Column, ...], asked: str, kind: str, told: str
) -> None:
    with pytest.raises(UsageError) as caught:
        target_of(names, columns, asked, "a.csv")
    assert caught.value.kind == kind
    assert told in caught.value.message


def test_a_good_table_has_no_notes() -> None:
    found = check(table(), "kind", COLUMNS, "a.csv")
    assert (len(found.table), found.left_out, found.notes) == (3, 0, ())


def test_rows_without_a_target_are_left_out_and_told() -> None:
    found = check(table(kind=["a", None, "b"]), "kind", COLUMNS, "a.csv")
    assert (list(found.table["age"]), found.left_out) == ([1.5, 3.0], 1)
    assert found.notes == ("1 of 3 rows have no kind and are left out.",)


def test_gaps_and_rows_that_are_there_twice_are_told() -> None:
    found = check(table(age=[np.nan, 2.0, np.nan], doors=[2, 4, 2]), "kind", COLUMNS, "a.csv")
    assert found.notes == ("Values are missing in age (2) of 3 rows.", "1 row is there more than once.")


@pytest.mark.parametrize(
    ("made", "kind", "told"),
    [
        (table().head(0), "data-empty", "a.csv has no rows"),
        (table(kind=[None] * 3), "data-empty", "No row of a.csv has a value of 'kind'"),
        (table().drop(columns=["age", "doors"]), "data-columns", "a.csv lacks age, doors"),
        (table(age=["1", "two", "3"]), "data-types", "Column age of a.csv holds other things than numbers, as 'two'"),
        (table(doors=[2, np.nan, 4]), "data-types", "Column doors of a.csv has gaps, 1;"),
        (table(doors=[2.5, 4, 4]), "data-types", "Column doors of a.csv holds fractions"),
    ],
)  # fmt: skip
def test_what_the_model_cannot_take_is_refused_in_one_line(made: Any, kind: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        check(made, "kind", COLUMNS, "a.csv")
    assert caught.value.kind == kind
    assert told in caught.value.message
    assert "\n" not in str(caught.value)


def test_columns_of_one_name_are_refused() -> None:
    made = pd.concat([table(), table()[["age"]]], axis=1)
    with pytest.raises(UsageError, match="several columns of the same name: age"):
        check(made, "kind", COLUMNS, "a.csv")


def test_whole_numbers_may_be_written_as_fractions_and_optional_columns_missing() -> None:
    columns = (*COLUMNS, Column(name="weight", kind="double", is_optional=True))
    assert check(table(doors=[2.0, 4.0, 4.0]), "kind", columns, "a.csv").notes == ()


def test_columns_of_lists_are_no_trouble() -> None:
    assert check(table(tags=[[1], [2], [1]]), "kind", COLUMNS, "a.csv").notes == ()


def test_labels_are_held_against_those_that_the_model_knows() -> None:
    assert label_notes(["a", "b"], ["a", "b"]) == ()
    strange, absent = label_notes(["a", "c", "c"], ["a", "b"])
    assert strange == "2 rows have a label that the model does not know: c. They count as wrong."
    assert absent == "No row is of b, which the model knows."
    assert label_notes(["a", "a"], ["a"])[0].startswith("All rows have the same label")
