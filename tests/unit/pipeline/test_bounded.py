"""What an executed notebook keeps of what its cells show."""

from __future__ import annotations

from nbmlops.pipeline.bounded import LARGEST_CELL, LARGEST_NOTEBOOK, Bounds


def test_text_is_cut_where_the_room_ends_and_the_rest_is_counted() -> None:
    bounds = Bounds()
    content = {"name": "stdout", "text": "x" * (LARGEST_CELL + 10)}
    assert bounds.takes(0, "stream", content)
    assert len(content["text"]) == LARGEST_CELL
    assert not bounds.takes(0, "stream", {"name": "stdout", "text": "more"})
    assert bounds.note(0) == "nbmlops left out 20 characters of this cell's output: more than it keeps.\n"
    assert bounds.takes(1, "stream", {"name": "stdout", "text": "another cell"})
    assert bounds.note(1) == ""


def test_pictures_are_kept_whole_or_not_at_all_and_errors_always() -> None:
    bounds = Bounds()
    picture = {"data": {"image/png": "x" * (LARGEST_CELL // 2 + 1)}, "metadata": {}}
    assert [bounds.takes(0, "display_data", picture) for _ in range(3)] == [True, False, False]
    assert bounds.takes(0, "error", {"ename": "E", "evalue": "x" * LARGEST_CELL, "traceback": []})


def test_what_a_cell_clears_counts_no_longer() -> None:
    bounds = Bounds()
    for _ in range(20):
        assert bounds.takes(0, "stream", {"name": "stdout", "text": "x" * (LARGEST_CELL - 100)})
        bounds.forget(0)
    assert bounds.note(0) == ""


def test_many_cells_together_have_a_bound_too() -> None:
    bounds = Bounds()
    text = {"name": "stdout", "text": "x" * (LARGEST_CELL - 100)}
    kept = sum(bounds.takes(cell, "display_data", text) for cell in range(100))
    assert kept == LARGEST_NOTEBOOK // (LARGEST_CELL - 100)
