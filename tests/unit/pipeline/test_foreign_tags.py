"""Notebooks that were tagged for Kale or papermill."""

from __future__ import annotations

import pytest

from nbmlops.errors import NotebookError
from tests.unit.pipeline.harness import assert_same, built

KALE = """\
# %% tags=["imports"]
import math
import json
# %% tags=["functions"]
SCALE = 10
def scaled(x):
    return math.floor(x * SCALE)
# %% tags=["pipeline-parameters"]
base = 2
rate = 0.5
# %% tags=["skip"]
print("exploring")
broken = undefined
# %% tags=["block:load"]
rows = [base * n for n in range(5)]
# %%
rows.append(1)
# %% tags=["step:train", "prev:load", "limit:nvidia.com/gpu:1"]
weights = [scaled(row * rate) for row in rows]
# %% tags=["step:report", "prev:train"]
print("ready")
# %% tags=["pipeline-metrics"]
best = max(weights)
print(json.dumps(best))
"""


def test_kale_tags_mean_what_they_mean_there() -> None:
    made = assert_same(KALE)
    steps = {step.name: step for step in made.pipeline.steps}
    assert list(steps) == ["load", "train", "report"]
    assert [each.name for each in made.pipeline.parameters] == ["base", "rate"]
    assert steps["train"].needs == ("load",)
    assert steps["report"].needs == ("train",)
    assert [each.why for each in made.pipeline.dropped] == ["tagged skip"]
    header = "\n".join(cell.source for cell in made.notebooks[steps["train"].notebook].cells)
    assert "import math" in header
    assert "def scaled" in header


def test_a_declared_order_holds_where_nothing_flows() -> None:
    text = '# %% tags=["step:a"]\nprint("a")\n# %% tags=["step:b"]\nprint("b")\n# %% tags=["step:c"]\nprint("c")'
    free = built(text).pipeline
    assert [step.needs for step in free.steps] == [(), (), ()]
    bound = built(text.replace('"step:c"', '"step:c", "prev:a", "prev:b"')).pipeline
    assert [step.needs for step in bound.steps] == [(), (), ("a", "b")]


def test_a_declared_order_survives_steps_that_become_one() -> None:
    text = (
        '# %% tags=["step:a"]\nn = (i for i in range(3))\n# %% tags=["step:b"]\nx = next(n)\n'
        '# %% tags=["step:c", "prev:b", "prev:a"]\nprint("c")'
    )
    pipeline = built(text).pipeline
    assert [(step.name, step.needs) for step in pipeline.steps] == [("a", ()), ("c", ("a",))]


@pytest.mark.parametrize(
    ("tag", "words"),
    [
        ("prev:lod", "Cell 2 is tagged prev:lod, and no step of that name begins before it. Did you mean prev:load?"),
        ("prev:end", "Correct the tag, or take it away."),
    ],
)
def test_an_order_that_cannot_be_is_refused(tag: str, words: str) -> None:
    text = (
        f'# %% tags=["step:load"]\nx = 1\n# %% tags=["step:use", "{tag}"]\nprint(x)\n# %% tags=["step:end"]\nprint(x)'
    )
    with pytest.raises(NotebookError) as caught:
        built(text)
    assert words in str(caught.value)


def test_metrics_of_kale_are_kept() -> None:
    made = built('# %% tags=["step:a"]\nx = 1\n# %% tags=["pipeline-metrics"]\nscore = x + 1')
    assert made.pipeline.dropped == ()
    assert made.pipeline.outputs == ("score",)


def test_papermill_tags_are_accepted() -> None:
    text = (
        '# %% tags=["parameters"]\nn = 1\n# %% tags=["injected-parameters"]\nn = 5\n# %% tags=["remove-cell"]\nprint(n)'
    )
    assert_same(text)
