"""pipeline.yaml goes round, and its editors get one clear line."""

from __future__ import annotations

import pytest

from nbmlops.errors import UsageError
from nbmlops.model.pipeline import Parameter, ParameterType, Pipeline, Step
from nbmlops.pipeline.document import dump, load
from nbmlops.pipeline.readme import readme_text
from tests.unit.pipeline.harness import built
from tests.unit.pipeline.test_build import WINE


def test_a_pipeline_goes_round() -> None:
    pipeline = built(WINE).pipeline
    text = dump(pipeline)
    assert text.startswith("# A pipeline of nbmlops")
    assert load(text, "pipeline.yaml") == pipeline
    assert dump(load(text, "pipeline.yaml")) == text


SMALL = """\
name: wine
parameters:
  - {name: n, type: int, default: 3}
steps:
  - name: load
    gives: [{names: [df]}]
    parameters: [n]
  - name: train
    needs: [load]
    takes: [{name: df, step: load}]
"""


def test_people_may_write_little() -> None:
    assert [step.notebook for step in load(SMALL, "p.yaml").steps] == [
        "steps/01-load.ipynb",
        "steps/02-train.ipynb",
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("needs: [load]", "need: [load]", "unknown key 'need' in step train. Did you mean needs?"),
        ("needs: [load]", "needs: [laod]", "needs laod, and there is no such step. Did you mean load?"),
        ("name: train", "name: load", "two steps named load"),
        (
            "gives: [{names: [df]}]",
            "gives: [{names: [df]}]\n    needs: [train]",
            "load, train wait for each other",
        ),
        ("default: 3", "default: three", "the default of n, 'three', is no int"),
        ("type: int", "type: integer", "no pipeline: Invalid enum value 'integer'"),
        ("parameters: [n]", "parameters: [m]", "has the parameter m, which is not declared. Known: n."),
        ("{name: df, step: load}", "{name: x, step: load}", "takes x from load, which does not give it"),
        ("name: train", "name: Train it", "'Train it' is no name for a step. Call it train-it."),
        ("default: 3}", "default: 3}\n  - {name: n, type: int, default: 4}", "two parameters named n"),
        ("name: wine", "name: wine\nname: beer", "line 2 is not YAML: name is given twice"),
        ("name: wine", "name: [", "is not YAML"),
        ("name: wine", "name: wine\nversion: 99", "was written in version 99"),
        ("name: wine\n", "", "missing `name`"),
    ],
)
def test_a_mistake_in_the_file_is_one_line(old: str, new: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(SMALL.replace(old, new, 1), "p.yaml")
    assert message in str(caught.value)
    assert str(caught.value).startswith("p.yaml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "just text", "[1]", "name: x\nsteps: []", "name: x\nsteps: 3"])
def test_what_is_no_pipeline_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        load(text, "p.yaml")


def test_what_was_tried_and_what_is_allowed_is_read_as_it_was_written() -> None:
    parameters = (
        Parameter(name="rate", type=ParameterType.FLOAT, default=0.1, minimum=0.0, maximum=1.0, tried=(0.5, 0.1)),
        Parameter(name="kind", type=ParameterType.STR, default="a", choices=("a", "b")),
        Parameter(name="start", type=ParameterType.DATE, default="2024-01-31", tried=("2024-01-01", "2024-01-31")),
    )
    step = Step(name="a", notebook="steps/a.ipynb", parameters=("rate", "kind", "start"))
    pipeline = Pipeline(name="wine", notebook="w.ipynb", steps=(step,), parameters=parameters)
    assert load(dump(pipeline), "here") == pipeline
    assert "- `rate`: tried `0.5`, `0.1`" in readme_text(pipeline)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("type: date\n    default: 2024-01-31", ""),
        ("type: datetime\n    default: 2024-01-31 12:30:00\n    minimum: 2024-01-01", ""),
        ("type: date\n    default: soon", "the default of p, 'soon', is no date"),
        ("type: int\n    default: 3\n    minimum: low", "the minimum of p, 'low', is no int"),
        ("type: int\n    default: 3\n    choices: [1, x]", "a choice of p, 'x', is no int"),
        ("type: int\n    default: 3\n    maximum: 2", "the default of p, 3, is out of its range"),
        ("type: int\n    default: 3\n    choices: [1, 2]", "the default of p, 3, is out of its range"),
    ],
)
def test_values_that_people_write_are_checked(lines: str, words: str) -> None:
    text = f"name: wine\nparameters:\n  - name: p\n    {lines}\nsteps:\n  - name: a\n    parameters: [p]\n"
    if not words:
        assert isinstance(load(text, "here").parameters[0].default, str)
        return
    with pytest.raises(UsageError) as caught:
        load(text, "here")
    assert words in str(caught.value)
