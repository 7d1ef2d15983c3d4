"""Cuts that follow from what was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nbmlops.dataflow import analyse, cut, find_parameters
from nbmlops.pipeline.build import build
from nbmlops.pipeline.cuts import Measures, Proposal, propose_cuts
from nbmlops.pipeline.document import dump, load
from nbmlops.pipeline.sizes import sizes_of, write_sizes
from nbmlops.testing.notebooks import notebook
from tests.unit.pipeline.harness import run_pipeline, run_whole

TEXT = """\
# %%
import random
n = 3
# %%
rows = [random.Random(1).random() for _ in range(100)]
# %%
clean = [row for row in rows if row > 0.1]
# %%
total = sum(clean) * n
# %%
text = f"{total:.3f}"
print(text)
"""


def proposed(text: str, seconds: dict[int, float], sizes: dict[str, int] | None = None) -> Proposal:
    flow = analyse(notebook(text))
    chosen = cut(flow)
    measures = Measures(seconds=seconds, sizes=sizes or {})
    return propose_cuts(flow, chosen, find_parameters(flow, chosen), measures)


def starts(text: str, seconds: dict[int, float], sizes: dict[str, int] | None = None) -> list[int]:
    return [each.cell for each in proposed(text, seconds, sizes).cuts if each.why]


def test_a_cut_stands_after_what_takes_long_and_says_what_it_saves() -> None:
    found = proposed(TEXT, {1: 41.2, 2: 0.3, 3: 0.1}, {"rows": 12_000_000, "clean": 11_000_000})
    assert [(each.step, each.cell, each.why) for each in found.cuts] == [
        ("prepare", 1, ""),
        ("finish", 2, "12 MB, saves 41 s"),
    ]


def test_a_cut_moves_to_where_less_is_handed_over() -> None:
    sizes = {"rows": 9_000_000_000, "clean": 9_000_000_000, "total": 10}
    assert starts(TEXT, {1: 200.0, 2: 0.1, 3: 0.1}, sizes) == [4]


@pytest.mark.parametrize(
    ("seconds", "sizes", "why"),
    [
        ({1: 1.0, 2: 1.0, 3: 1.0}, {}, "all before the last cell takes 3.0 s: no cut would save 5 s"),
        ({4: 100.0}, {}, "all before the last cell takes 0.0 s: no cut would save 5 s"),
        (
            {1: 8.0},
            dict.fromkeys(("rows", "clean", "total"), 5_000_000_000),
            "no cut would save more than it costs",
        ),
    ],
)
def test_one_step_is_an_answer_with_a_reason(seconds: dict[int, float], sizes: dict[str, int], why: str) -> None:
    assert proposed(TEXT, seconds, sizes) == Proposal(whole=why)


def test_what_cannot_be_handed_over_is_not_cut() -> None:
    text = "# %%\nnumbers = (n for n in range(3))\n# %%\nrows = list(numbers)\n# %%\nprint(rows)"
    assert starts(text, {0: 60.0, 1: 0.1, 2: 0.1}) == [2]
    figure = "# %%\nimport matplotlib.pyplot as plt\nplt.plot([1])\n# %%\nplt.title('x')\nplt.savefig('a.png')"
    assert proposed(figure, {0: 60.0, 1: 60.0}).whole == "what its cells share cannot be handed over"


def test_several_cuts_are_found_and_named_after_what_the_steps_do() -> None:
    text = (
        "# %%\nimport pandas as pd\ndf = pd.read_csv('a.csv')\n# %%\nclean = df.dropna()\n"
        "# %%\nfrom sklearn.linear_model import Ridge\nmodel = Ridge().fit(clean, clean['a'])\n"
        "# %%\nopen('out.txt', 'w').write(str(model.coef_))"
    )
    found = proposed(text, {0: 30.0, 1: 30.0, 2: 30.0, 3: 1.0}, {"df": 1000, "clean": 2500, "model": 10})
    assert [each.step for each in found.cuts] == ["load", "prepare", "train", "write"]
    assert [each.why for each in found.cuts] == [
        "",
        "1 kB, saves 30 s",
        "2 kB, saves 30 s",
        "10 bytes, saves 30 s",
    ]


def test_the_pipeline_computes_the_same_and_says_where_it_was_cut() -> None:
    source = notebook(TEXT)
    flow = analyse(source)
    chosen = cut(flow)
    parameters = find_parameters(flow, chosen)
    proposal = propose_cuts(flow, chosen, parameters, Measures(seconds={1: 41.2}, sizes={"rows": 900}))
    made = build(source, flow, chosen, parameters, name="test", proposal=proposal)
    assert [(each.step, each.why) for each in made.pipeline.cuts] == [("finish", "900 bytes, saves 41 s")]
    assert [step.name for step in made.pipeline.steps] == ["prepare", "finish"]
    assert run_pipeline(made)[1] == run_whole(source)[1]
    assert load(dump(made.pipeline), "here") == made.pipeline
    assert "before cell 3 (`finish`): 900 bytes, saves 41 s" in made.readme


def test_tags_and_headings_come_first() -> None:
    for text in (TEXT.replace("# %%\nclean", '# %% tags=["step:own"]\nclean'), f"{TEXT}# %% [markdown]\n# # A\n"):
        with_heading = text.replace("# %%\ntotal", "# %% [markdown]\n# # B\n# %%\ntotal")
        source = notebook(with_heading)
        flow = analyse(source)
        chosen = cut(flow)
        proposal = propose_cuts(flow, chosen, (), Measures(seconds={1: 100.0}, sizes={}))
        assert proposal.cuts
        made = build(source, flow, chosen, (), name="test", proposal=proposal)
        assert "finish" not in {step.name for step in made.pipeline.steps}


def test_sizes_are_those_of_stored_values(tmp_path: Path) -> None:
    values: dict[str, Any] = {
        "array": np.zeros(1000),
        "table": pd.DataFrame({"a": range(1000)}),
        "text": "x" * 5000,
        "lock": open(tmp_path / "lock", "w"),  # noqa: SIM115 - it is closed below
    }
    found = sizes_of(values)
    values["lock"].close()
    assert found["array"] == 8000
    assert found["table"] >= 8000
    assert 5000 <= found["text"] < 5100
    assert "lock" not in found
    write_sizes(("text", "gone"), values, tmp_path / "sizes.json")
    assert (tmp_path / "sizes.json").read_text() == f'{{"text": {found["text"]}}}'
