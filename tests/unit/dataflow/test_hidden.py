"""What a kernel holds that its notebook does not show, and the fewest moves that put the notebook in order."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbmlops.dataflow import analyse
from nbmlops.dataflow.hidden import HiddenState, Loss, Ran, find_hidden
from nbmlops.dataflow.matching import largest_antichain
from nbmlops.model.notebook import CellKind, Notebook, NotebookCell


def cells(sources: dict[str, str]) -> tuple[NotebookCell, ...]:
    return tuple(
        NotebookCell(index=index, id=id_, kind=CellKind.CODE, source=source)
        for index, (id_, source) in enumerate(sources.items())
    )


def found(ran: list[tuple[str, str]], saved: dict[str, str]) -> HiddenState:
    """`ran` is (cell id, source) in the order of execution, `saved` the notebook from the top."""
    live = tuple(
        NotebookCell(index=index, id=id_, kind=CellKind.CODE, source=source, count=index + 1)
        for index, (id_, source) in enumerate(ran)
    )
    flow = analyse(Notebook(path="live.ipynb", cells=live), is_lenient=True)
    log = {cell.index: Ran(cell=cell.id, count=cell.count, source=cell.source) for cell in live}
    return find_hidden(flow, log, cells(saved))


def test_a_notebook_that_ran_from_the_top_hides_nothing() -> None:
    code = {"a": "x = 1", "b": "y = x + 1", "c": "print(y)"}
    assert found(list(code.items()), code) == HiddenState()


def test_a_deleted_cell_is_told_with_its_code_from_the_log() -> None:
    state = found([("a", "x = 41"), ("b", "y = x + 1")], {"b": "y = x + 1"})
    assert [(each.name, each.loss, each.source) for each in state.hidden] == [("x", Loss.DELETED, "x = 41")]
    assert state.hidden[0].sentence == "x, which [2] used, was made by [1], whose cell is deleted"
    assert state.moves == ()


def test_an_edited_cell_is_told_with_the_code_that_ran() -> None:
    state = found([("a", "x = 1"), ("b", "y = x")], {"a": "x = 2", "b": "y = x"})
    assert [(each.name, each.loss, each.source) for each in state.hidden] == [("x", Loss.EDITED, "x = 1")]


def test_an_edited_cell_that_nobody_read_is_told_too() -> None:
    state = found([("a", "x = 1")], {"a": "x = 2"})
    assert state.hidden[0].sentence == "The cell of [1] was edited since it ran"


def test_a_cell_that_ran_twice_on_its_own_result_counts_twice() -> None:
    ran = [("a", "x = 1"), ("b", "x += 1"), ("b", "x += 1"), ("c", "print(x)")]
    state = found(ran, {"a": "x = 1", "b": "x += 1", "c": "print(x)"})
    assert [each.loss for each in state.hidden] == [Loss.REPEATED]
    assert state.hidden[0].sentence == "x counts that [3] ran 2 times, each on what the one before had left"


def test_running_a_cell_again_with_the_same_outcome_is_no_loss() -> None:
    ran = [("a", "x = 1"), ("b", "y = x"), ("a", "x = 1")]
    assert found(ran, {"a": "x = 1", "b": "y = x"}) == HiddenState()


def test_a_cell_below_its_reader_is_moved_above_it() -> None:
    state = found([("b", "x = 1"), ("a", "y = x"), ("c", "z = y")], {"a": "y = x", "b": "x = 1", "c": "z = y"})
    assert [each.loss for each in state.hidden] == [Loss.OUT_OF_ORDER]
    assert [each.sentence for each in state.moves] == ["Move cell 2 (x = 1) above cell 1"]


def test_one_cell_moves_where_moving_the_others_would_take_many() -> None:
    readers = {f"r{n}": f"y{n} = x + {n}" for n in range(5)}
    state = found([("late", "x = 1"), *readers.items()], {**readers, "late": "x = 1"})
    assert [each.sentence for each in state.moves] == ["Move cell 6 (x = 1) above cell 1"]


def test_a_later_overwriting_must_stay_below_the_reader() -> None:
    code = {"over": "x = 2", "make": "x = 1", "read": "y = x"}
    state = found([("make", "x = 1"), ("read", "y = x"), ("over", "x = 2")], code)
    assert [(each.cell, each.above) for each in state.moves] == [("over", None)]


def test_without_a_saved_notebook_nothing_can_be_said() -> None:
    assert found([("a", "x = 1")], {}) == HiddenState()


# Properties


def moved(state: HiddenState, saved: dict[str, str]) -> list[str]:
    """Ids in order after the moves, done one after another as they are told."""
    order = list(saved)
    at = dict(enumerate(saved))
    for move in state.moves:
        order.remove(move.cell)
        order.insert(order.index(at[move.above]) if move.above is not None else len(order), move.cell)
    return order


statements = st.one_of(
    st.builds("{} = {}".format, st.sampled_from("abc"), st.integers(0, 9)),
    st.builds("{} = ({}, {})".format, st.sampled_from("abcd"), st.sampled_from("abc"), st.integers(0, 9)),
)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """Every cell once, in an order that works; and the notebook with its cells in another order."""
    start = [(f"s{name}", f"{name} = '{name}'") for name in "abcd"]
    ran = [*start, *((f"c{n}", text) for n, text in enumerate(draw(st.lists(statements, min_size=1, max_size=7))))]
    return ran, dict(draw(st.permutations(ran)))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(histories())
def test_after_the_moves_each_cell_reads_what_it_read(history: tuple[list[tuple[str, str]], dict[str, str]]) -> None:
    ran, saved = history
    state = found(ran, saved)
    assert {each.loss for each in state.hidden} <= {Loss.OUT_OF_ORDER}
    order = moved(state, saved)
    sources = dict(ran)

    def seen(ids: list[str]) -> dict[str, Any]:
        """What each cell bound when it had run."""
        namespace: dict[str, Any] = {}
        bound = {}
        for id_ in ids:
            exec(sources[id_], namespace)
            bound[id_] = namespace[sources[id_][0]]
        return bound

    assert seen(order) == seen([id_ for id_, _ in ran])


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 7), st.data())
def test_no_larger_set_is_free_of_relations(size: int, data: st.DataObject) -> None:
    places = data.draw(st.permutations(range(size)))
    pairs = list(itertools.combinations(range(size), 2))
    after = set(data.draw(st.lists(st.sampled_from(pairs), max_size=12))) if pairs else set()
    for k, i, j in itertools.product(range(size), repeat=3):  # Warshall
        if (i, k) in after and (k, j) in after:
            after.add((i, j))
    related = {(a, b) for a, b in after if places.index(a) > places.index(b)}
    chosen = largest_antichain(range(size), related)
    assert not any((a, b) in related for a in chosen for b in chosen)
    best = max(
        len(each)
        for count in range(size + 1)
        for each in itertools.combinations(range(size), count)
        if not any((a, b) in related for a in each for b in each)
    )
    assert len(chosen) == best
