from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbmlops.errors import UsageError
from nbmlops.model.pipeline import Pipeline, Step
from nbmlops.pipeline.order import in_order


def pipeline(**needs: tuple[str, ...]) -> Pipeline:
    steps = tuple(Step(name=name, notebook=f"{name}.ipynb", needs=before) for name, before in needs.items())
    return Pipeline(name="p", notebook="n.ipynb", steps=steps)


def names(**needs: tuple[str, ...]) -> list[str]:
    return [step.name for step in in_order(pipeline(**needs))]


def test_steps_run_after_what_they_need_and_otherwise_as_written() -> None:
    assert names(a=(), b=(), c=()) == ["a", "b", "c"]
    assert names(report=("fit", "load"), fit=("load",), load=()) == ["load", "fit", "report"]
    assert names(z=(), a=("z",), y=(), b=("y",)) == ["z", "a", "y", "b"]


@given(st.permutations("abcdef"), st.sets(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef"))))
def test_every_order_holds_each_step_once_and_after_its_needs(written: list[str], pairs: set[tuple[str, str]]) -> None:
    needs = {name: tuple(b for a, b in sorted(pairs) if a == name and b < a) for name in written}
    ordered = names(**needs)
    assert sorted(ordered) == sorted(written)
    assert all(ordered.index(need) < ordered.index(name) for name in written for need in needs[name])


@pytest.mark.parametrize(
    ("needs", "text"),
    [
        ({"a": ("b",), "b": ("a",), "c": ()}, "Steps need each other in a circle: a → b."),
        ({"a": ("a",)}, "Steps need each other in a circle: a."),
        ({"a": ("x",)}, "Step a needs 'x', which is no step."),
    ],
)
def test_needs_that_cannot_be_met_are_refused(needs: dict[str, tuple[str, ...]], text: str) -> None:
    with pytest.raises(UsageError) as caught:
        names(**needs)
    assert str(caught.value) == text


def test_two_steps_of_one_name_are_refused() -> None:
    step = Step(name="a", notebook="a.ipynb")
    with pytest.raises(UsageError, match="There are two steps 'a'"):
        in_order(Pipeline(name="p", notebook="n.ipynb", steps=(step, step)))
