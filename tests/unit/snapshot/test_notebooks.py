from __future__ import annotations

import json

import pytest

from nbmlops.model.snapshot import ChangeKind
from nbmlops.snapshot.notebooks import cells_of, diff_cells

OLD = {"a": "import pandas as pd", "b": "model = Ridge(alpha=1).fit(X, y)", "c": "model.score(X, y)"}


def test_cells_are_matched_by_id() -> None:
    new = {"a": OLD["a"], "b": OLD["b"].replace("1", "2"), "d": "print('new')"}
    found = {(each.cell, each.change) for each in diff_cells(OLD, new)}
    assert found == {("b", ChangeKind.CHANGED), ("c", ChangeKind.REMOVED), ("d", ChangeKind.ADDED)}


def test_cells_whose_ids_are_new_are_matched_by_likeness() -> None:
    new = {f"new-{name}": source for name, source in OLD.items()}
    new["new-b"] = new["new-b"].replace("1", "2")
    (found,) = diff_cells(OLD, new)
    assert (found.cell, found.before, found.after) == ("new-b", OLD["b"], new["new-b"])


def test_moving_a_cell_and_trailing_space_are_no_edit() -> None:
    assert diff_cells(OLD, {"c": OLD["c"], "b": OLD["b"] + "\n", "a": OLD["a"]}) == ()


def test_sources_may_be_lists_of_lines_and_executed_cells_keep_their_origin() -> None:
    cells = [
        {"id": "executed-1", "source": ["x = 1\n", "y = 2"], "metadata": {"nbmlops": {"cell": "a"}}},
        {"id": "b", "source": "z", "metadata": {}},
    ]
    assert cells_of(json.dumps({"cells": cells}).encode()) == {"a": "x = 1\ny = 2", "b": "z"}


@pytest.mark.parametrize("data", [b"", b"[]", b'{"cells": 3}', b'{"cells": [{}]}', b"\xff"])
def test_what_is_no_notebook_is_none(data: bytes) -> None:
    assert cells_of(data) is None
