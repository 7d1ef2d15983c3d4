"""Five notebooks on which other tools give a wrong answer with exit 0."""

from __future__ import annotations

from tests.unit.pipeline.harness import assert_same


def test_an_alias_appended_to_is_seen_under_its_other_name() -> None:
    made = assert_same("""
        # %% tags=["step:one"]
        a = [1]
        b = a
        # %% tags=["step:two"]
        b.append(2)
        # %% tags=["step:three"]
        print(a)
        """)
    assert [step.name for step in made.pipeline.steps] == ["one", "two", "three"]
    assert made.pipeline.steps[2].takes[0].step == "two"


def test_append_and_augmented_assignment_in_a_middle_step_arrive() -> None:
    assert_same("""
        # %% tags=["step:one"]
        lst = [1]
        x = 1
        # %% tags=["step:two"]
        lst.append(2)
        x += 1
        # %% tags=["step:three"]
        print(len(lst) + 1, x)
        """)


def test_two_branches_that_change_one_dict_are_put_in_order() -> None:
    made = assert_same("""
        # %% tags=["step:base"]
        d = {}
        # %% tags=["step:left"]
        d["a"] = 1
        # %% tags=["step:right"]
        d["b"] = 2
        # %% tags=["step:end"]
        print(sorted(d))
        """)
    assert made.pipeline.steps[2].needs == ("left",)


def test_an_attribute_set_on_an_object_of_a_notebook_class_arrives() -> None:
    assert_same("""
        # %% tags=["step:one"]
        class Box:
            def __init__(self):
                self.n = 1
        box = Box()
        # %% tags=["step:two"]
        box.n = 2
        # %% tags=["step:three"]
        print(box.n)
        """)


def test_a_generator_and_a_closure_over_a_global_are_kept_in_one_process() -> None:
    made = assert_same("""
        # %% tags=["step:one"]
        n = 3
        gen = (i for i in range(n))
        def total():
            return n
        # %% tags=["step:two"]
        print(list(gen), total())
        """)
    assert len(made.pipeline.steps) == 1
    assert "generator" in made.pipeline.merged[0].why
