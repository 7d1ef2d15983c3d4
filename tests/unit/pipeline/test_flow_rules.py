"""Conditions, fan-outs and exit steps in pipeline.yaml: they go round, and what cannot be is one line."""

from __future__ import annotations

import pytest

from nbmlops.errors import UsageError
from nbmlops.pipeline.document import dump, load

FLOW = """\
name: wine
parameters:
  - {name: least, type: float, default: 0.9}
  - {name: seeds, type: list, default: [1, 2]}
steps:
  - name: load
    gives: [{names: [df]}, {names: [_numpy_random_state]}]
  - name: train
    takes: [{name: df, step: load}]
    foreach: seed in seeds
    gives: [{names: [score]}]
    memory: 2GiB
  - name: deploy
    when: max(score) > least
  - name: tell
    exit: true
    when: status == "failed"
"""


def test_it_goes_round_and_needs_what_its_conditions_name() -> None:
    pipeline = load(FLOW, "p.yaml")
    assert load(dump(pipeline), "p.yaml") == pipeline
    steps = {step.name: step for step in pipeline.steps}
    assert steps["deploy"].needs == ("train",)
    assert (steps["train"].foreach, steps["train"].memory) == ("seed in seeds", "2GiB")
    assert (steps["tell"].exit, steps["tell"].needs) == (True, ())
    assert dump(pipeline).count("exit: ") == 1, "said only where it is so"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("max(score) > least", "max(scor) > least", "step deploy: scor is no parameter, and no step gives it"),
        ("max(score) > least", "status == 'failed'", "step deploy: status is no parameter, and no step gives it"),
        ("max(score) > least", "score.max() > least", "score.max() may not be called: there are len, abs"),
        ("max(score) > least", "score >", "`when: score >`: it is no expression (invalid syntax)"),
        ("max(score) > least", "open('f')", "open('f') may not be called"),
        ("max(score) > least", "3", "Expected `str`, got `int`"),
        ("seed in seeds", "seeds", "`foreach: seeds`: it is not of the form `NAME in LIST`"),
        ("seed in seeds", "seed in sedes", "step train: sedes is no parameter, and no step gives it"),
        ("seed in seeds", "seeds in seeds", "the item seeds stands in the list that it comes from"),
        (
            "seed in seeds",
            "seed in seeds\n    when: seed > 1",
            "step train: seed is no parameter, and no step gives it",
        ),
        ("seed in seeds", "seed in seeds\n    exit: true", "cannot be an exit step and run for each item"),
        ("seed in seeds", "seed in score", "step train: score is no parameter, and no step gives it"),
        ("2GiB", "much", "step train: memory: 'much' is no size"),
        ("- name: deploy", "- name: deploy\n    needs: [tell]", "step deploy needs tell, which is an exit step"),
        ("- name: load", "- name: load\n    when: max(score) > 1", "the steps load, train, deploy wait for each other"),
        (
            "- name: deploy",
            "- name: deploy\n    takes: [{name: _numpy_random_state, step: load}]\n  - name: second\n"
            "    gives: [{names: [score]}]\n  - name: third\n    when: max(score) > 1\n  - name: last",
            "step third: score is given by train, second: let the step take it from one of them",
        ),
        (
            "foreach: seed in seeds\n    gives: [{names: [score]}]",
            "foreach: seed in seeds\n    gives: [{names: [score]}, {names: [_random_state]}]\n"
            "  - name: draw\n    takes: [{name: _random_state, step: train}]\n  - name: more",
            "step draw goes on with random numbers of train, which runs for each item",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(old: str, new: str, message: str) -> None:
    assert old in FLOW
    with pytest.raises(UsageError) as refused:
        load(FLOW.replace(old, new, 1), "p.yaml")
    assert message in refused.value.message
    assert "\n" not in str(refused.value)


def test_the_step_that_comes_last_before_gives_a_name_that_several_give() -> None:
    text = FLOW.replace(
        "- name: deploy", "- name: mend\n    needs: [train]\n    gives: [{names: [score]}]\n  - name: deploy"
    )
    pipeline = load(text, "p.yaml")
    assert next(step for step in pipeline.steps if step.name == "deploy").needs == ("mend",)
