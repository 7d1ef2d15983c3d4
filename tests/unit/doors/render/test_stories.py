"""How explanations look: a line for each cell, one cell in full, and what a kernel holds that nobody sees."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbmlops.dataflow.hidden import Hidden, HiddenState, Loss, Move
from nbmlops.doors.render.html import html
from nbmlops.doors.render.pages import page
from nbmlops.doors.render.pages.stories import hidden
from nbmlops.doors.render.terminal import plain_text
from nbmlops.errors import ConflictError, NotFoundError
from nbmlops.ops import explain, slice
from nbmlops.ops.call import Call
from nbmlops.testing.notebooks import notebook_file

TEXT = """
# %% [markdown]
# # Sums
# %%
values = [1, 2]
more = values
# %%
more.append(late)
# %%
late = 3
# %%
total = sum(values)
# %%
values
"""


@pytest.fixture
def call(tmp_path: Path) -> Call:
    (tmp_path / "sums.ipynb").write_text(notebook_file(TEXT))
    (tmp_path / "good.ipynb").write_text(notebook_file(TEXT.replace("append(late)", "append(4)")))
    return Call(tmp_path)


def test_all_cells_have_a_line_each(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(call.folder)
    monkeypatch.setenv("COLUMNS", "150")
    shown = plain_text(page(explain.explain(call, explain.Request(notebook="sums.ipynb"))))
    assert shown.splitlines()[0] == "sums.ipynb: 4 of 5 code cells matter"
    assert "uses late, which is bound later, in cell 4" in shown


def test_one_cell_is_told_in_full(call: Call) -> None:
    result = explain.explain(call, explain.Request(notebook="good.ipynb", cell="3", want=("total",)))
    shown = plain_text(page(result))
    assert shown.splitlines()[0] == "Cell 3 stays: changes values, which cell 5 reads."
    assert "reads more, bound in cell 2" in shown
    assert "changes values, which cell 6 reads" in shown
    assert "<table" in html(page(result))


@pytest.mark.parametrize(("cell", "said"), [("1", "is no code cell"), ("99", "has no cell 99"), ("[7]", "has no cell")])
def test_a_cell_that_is_not_there_is_one_line(call: Call, cell: str, said: str) -> None:
    with pytest.raises(NotFoundError, match=said):
        explain.explain(call, explain.Request(notebook="sums.ipynb", cell=cell))


def test_a_slice_shows_what_is_needed_and_is_written_on_request(call: Call) -> None:
    request = slice.Request(notebook="good.ipynb", want=("total",), output="cut.ipynb", no_verify=True)
    result = slice.slice(call, request)
    shown = plain_text(page(result))
    assert shown.splitlines()[0] == "3 of 5 code cells are needed for total"
    assert "not executed" in shown
    written = (call.folder / "cut.ipynb").read_text()
    assert "# Sums" in written
    assert "late = 3" not in written
    with pytest.raises(ConflictError, match="is there already"):
        slice.slice(call, request)


def test_the_notebook_itself_is_never_replaced_by_its_slice(call: Call) -> None:
    with pytest.raises(ConflictError):
        slice.slice(call, slice.Request(notebook="good.ipynb", output="good.ipynb", force=True))


def test_hidden_state_is_told_with_the_lost_code_and_the_moves() -> None:
    lost = Hidden(name="x", loss=Loss.DELETED, maker=2, readers=(3,), sentence="x was made by [2]", source="x = 41")
    state = HiddenState(hidden=(lost,), moves=(Move(cell="a", index=4, above=1, sentence="Move cell 5 above cell 2"),))
    shown = plain_text(hidden(state))
    assert "- x was made by [2]." in shown
    assert "x = 41" in shown
    assert "- Move cell 5 above cell 2." in shown
    assert hidden(HiddenState()) == ()
