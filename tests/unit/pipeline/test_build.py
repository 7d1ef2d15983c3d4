# ruff: noqa: E501
"""A notebook cut into steps computes what it computed whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbmlops.errors import NotebookError
from tests.unit.pipeline.harness import assert_same, built, folder, run_pipeline, run_whole

WINE = """
# %% [markdown]
# # Wine
# %%
%load_ext nbmlops
%matplotlib inline
!pip install -q scikit-learn
import numpy as np
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
# %% tags=["parameters"]
test_size: float = 0.25  # share held back
seed = 7
twice = seed * 2
# %% [markdown]
# ## Load
# %%
raw = load_wine(as_frame=True)
df = raw.frame
# %%
df.describe()
# %% [markdown]
# ## Prepare
# %%
def scale(frame, columns):
    for column in columns:
        frame[column] = frame[column] / np.max(frame[column])
    return frame
# %%
features = [name for name in df.columns if name != "target"]
scaled = scale(df, features)
X_train, X_test, y_train, y_test = train_test_split(
    scaled[features], scaled["target"], test_size=test_size, random_state=seed)
# %% [markdown]
# ## Train
# %%
%%mlops run baseline
model = LogisticRegression(max_iter=200 + twice).fit(X_train, y_train)
# %% [markdown]
# ## Evaluate
# %%
accuracy = float(model.score(X_test, y_test))
print(round(accuracy, 6))
%mlops log accuracy=$accuracy
"""


def test_a_messy_notebook_becomes_steps_that_compute_the_same() -> None:
    made = assert_same(WINE.replace("%%mlops run baseline\n", ""), "accuracy", "model")
    pipeline = made.pipeline
    assert [step.name for step in pipeline.steps] == ["load", "prepare", "train", "evaluate"]
    assert [step.parameters for step in pipeline.steps] == [("seed",), ("test_size", "seed"), (), ()]
    assert [(take.name, take.step) for take in pipeline.steps[3].takes] == [
        ("model", "train"), ("X_test", "prepare"), ("y_test", "prepare")]  # fmt: skip
    assert "accuracy" in pipeline.outputs
    assert "model" in pipeline.outputs


def test_step_notebooks_are_plain_and_complete() -> None:
    made = built(WINE)
    train = made.notebooks["steps/03-train.ipynb"]
    texts = [cell.source for cell in train.cells]
    assert "%%mlops" not in "".join(texts)
    assert "from sklearn.linear_model import LogisticRegression" in texts[1]
    assert "train_test_split" not in "".join(texts)
    prepare = made.notebooks["steps/02-prepare.ipynb"]
    assert prepare.cells[1].source == "test_size: float = 0.25  # share held back\nseed: int = 7"
    assert prepare.cells[1].metadata.tags == ["parameters"]
    load = "\n".join(cell.source for cell in made.notebooks["steps/01-load.ipynb"].cells)
    assert "!pip" not in load
    assert "matplotlib" not in load
    assert "%load_ext nbmlops" in "".join(cell.source for cell in made.notebooks["steps/04-evaluate.ipynb"].cells)
    assert made.requirements.splitlines()[2:]
    assert "scikit-learn==" in made.requirements
    assert made == built(WINE)


def test_a_derived_value_follows_its_parameter() -> None:
    text = '# %% tags=["parameters"]\nn = 5\ntwice = n * 2\n# %% tags=["step:a"]\nx = twice\n# %% tags=["step:b"]\nprint(n, x)'
    assert run_pipeline(built(text))[1] == "5 10\n"
    assert run_pipeline(built(text), {"n": 7})[1] == "7 14\n"


@pytest.mark.parametrize(
    "text",
    [
        # Redefinition between uses.
        "# %% tags=['step:a']\ndef f(): return 1\nx = f()\n# %% tags=['step:b']\ndef f(): return 2\n"
        "# %%\ny = f()\n# %% tags=['step:c']\nprint(x, y, f())",
        # A default that is taken when the function is made.
        "# %% tags=['step:a']\nbase = len('abc')\n# %%\ndef f(x=base): return x\n# %% tags=['step:b']\nprint(f())",
        # A lambda over data.
        "# %% tags=['step:a']\nk = len('ab')\n# %%\nadd = lambda x: x + k\n# %% tags=['step:b']\nprint(add(1))",
        # Mutable default and attribute of a function.
        "# %% tags=['step:a']\ndef f(x, seen=[]):\n    seen.append(x)\n    return len(seen)\na = f(1)\n"
        "# %% tags=['step:b']\nprint(f(2), a)",
        # Class state.
        "# %% tags=['step:a']\nclass C:\n    n = 0\n    def up(self): C.n += 1\nC().up()\n# %% tags=['step:b']\nprint(C.n)",
        # A name bound on some paths only.
        "# %% tags=['step:a']\nx = 1\nflag = len('') > 0\n# %% tags=['step:b']\nif flag:\n    x = 2\n# %% tags=['step:c']\nprint(x)",
        # An alias made in a middle step.
        "# %% tags=['step:a']\na = [1]\n# %% tags=['step:b']\nb = a\n# %% tags=['step:c']\nb.append(2)\nprint(a)",
        # Seeded generators.
        "# %%\nimport random\nimport numpy as np\n# %% tags=['step:a']\nrandom.seed(3)\nnp.random.seed(4)\nx = np.random.rand()\n"
        "# %% tags=['step:b']\ny = np.random.rand() + random.random()\n# %% tags=['step:c']\nprint(x, y, np.random.rand())",
        # Deleted, and bound anew.
        "# %% tags=['step:a']\nx = [1]\n# %% tags=['step:b']\nprint(x)\ndel x\n# %% tags=['step:c']\nx = [2]\nprint(x)",
        # A list parameter that somebody changes.
        "# %% tags=['parameters']\nxs = [1]\n# %% tags=['step:a']\nxs.append(2)\n# %% tags=['step:b']\nprint(xs)",
        # Two statements on one line, one of them a parameter.
        "# %% tags=['parameters']\nn = 1; m = n + 1  # note\n# %% tags=['step:a']\nx = n\n# %% tags=['step:b']\nprint(m, x)",
        # A tagged parameter that had another meaning before.
        "# %% tags=['step:a']\nn = 1\nprint(n)\n# %% tags=['parameters']\nn = 5\n# %% tags=['step:b']\nprint(n)",
        # A decorator of the notebook.
        "# %%\ndef loud(f):\n    def inner(*a):\n        return f(*a) + 1\n    return inner\n# %%\n@loud\ndef g(x): return x\n"
        "# %% tags=['step:a']\nx = g(1)\n# %% tags=['step:b']\nprint(g(x))",
        # Settings of a library.
        "# %%\nimport numpy as np\n# %%\nnp.set_printoptions(precision=2)\n# %% tags=['step:a']\nx = np.array([1 / 3])\n"
        "# %% tags=['step:b']\nprint(x)",
        # A class that uses another, both defined apart.
        "# %%\nclass A:\n    def f(self): return 1\n# %%\nclass B(A):\n    def g(self): return helper(self.f())\n# %%\n"
        "def helper(x): return x + 1\n# %% tags=['step:a']\nb = B()\n# %% tags=['step:b']\nprint(b.g())",
    ],
)  # fmt: skip
def test_hard_cases_give_the_same_output(text: str) -> None:
    assert_same(text.replace("'step", '"step').replace("']\n", '"]\n').replace("['parameters\"", '["parameters"'))


def test_files_order_the_steps(tmp_path: Path) -> None:
    text = """
    # %%
    import os
    from pathlib import Path
    # %% tags=["step:make"]
    os.makedirs("out", exist_ok=True)
    # %% tags=["step:write"]
    Path("out/a.txt").write_text("hello")
    # %% tags=["step:read"]
    print(Path("out/a.txt").read_text())
    """
    with folder(tmp_path):
        made = assert_same(text)
    assert [step.needs for step in made.pipeline.steps] == [(), ("make",), ("write",)]
    assert made.pipeline.steps[1].writes == ("out/a.txt",)


def test_a_helper_module_is_imported_and_listed() -> None:
    modules = {"helper": "def add(items):\n    items.append(1)\n"}
    made = built('# %%\nfrom helper import add\n# %% tags=["step:a"]\nx = []\n# %% tags=["step:b"]\nadd(x)\n'
                 '# %% tags=["step:c"]\nprint(x)', modules=modules)  # fmt: skip
    assert made.pipeline.modules == ("helper.py",)
    assert made.pipeline.steps[2].takes[0].step == "b"


@pytest.mark.parametrize(("second", "cells"), [("step:load", [0, 2]), ("step:Load", [0, 2])])
def test_a_step_that_begins_twice_is_refused(second: str, cells: list[int]) -> None:
    with pytest.raises(NotebookError, match="begins twice: in cell 1 and in cell 3") as caught:
        built(f'# %% tags=["step:load"]\nx = 1\n# %% tags=["step:b"]\ny = 1\n# %% tags=["{second}"]\nprint(x, y)')
    assert caught.value.kind == "step-duplicate"
    assert caught.value.facts["cells"] == cells


def test_repeated_headings_are_numbered() -> None:
    made = built("# %% [markdown]\n# ## Plot\n# %%\nx = [1]\nprint(x)\n# %% [markdown]\n# ## Plot\n# %%\nprint(x)")
    assert [step.name for step in made.pipeline.steps] == ["plot", "plot-2"]


def test_a_cell_magic_keeps_a_body_when_what_it_measured_became_a_parameter() -> None:
    made = built("# %%\n%%time\n%%capture out\nx = 1\n# %%\nprint(out.stdout, x)")
    texts = [cell.source for cell in made.notebooks[made.pipeline.steps[0].notebook].cells]
    assert "%%time\n%%capture out\npass" in texts


def test_without_headings_there_is_one_step() -> None:
    assert [step.name for step in built("# %%\nx = [1]\n# %%\nprint(x)").pipeline.steps] == ["analysis"]


def test_a_notebook_of_definitions_only_is_one_step_that_defines() -> None:
    made = built("# %%\ndef f(): return 1")
    assert "def f(): return 1" in made.notebooks[made.pipeline.steps[0].notebook].cells[-1].source


def test_a_notebook_that_only_prepares_the_keyboard_is_refused() -> None:
    with pytest.raises(NotebookError, match="nothing to run"):
        built("# %%\n%matplotlib inline")


def test_the_source_is_run_whole_by_the_harness() -> None:
    assert run_whole("# %%\nx = 1\nprint(x)")[1] == "1\n"
