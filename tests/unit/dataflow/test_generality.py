"""Kinds of code that are easily missed: what depends on what, by name of the cells that stay."""

from __future__ import annotations

import pytest

from nbmlops.dataflow import analyse, cut, find_parameters
from nbmlops.dataflow.chance import find_causes
from nbmlops.dataflow.explain import CellStory, explain
from nbmlops.errors import NotebookError
from nbmlops.testing.notebooks import notebook


def kept(text: str, *want: str, modules: dict[str, str] | None = None) -> list[int]:
    """Indexes of the cells that the wanted names (by default `out`) need."""
    flow = analyse(notebook(text), (modules or {}).get)
    return sorted(cut(flow, want or ("out",)).cells)


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("# %%\nexec('x = 3')\n# %%\ny = 1\n# %%\nout = x", [0, 2]),
        ("# %%\ncode = input()\n# %%\nexec(code)\n# %%\nout = x", [0, 1, 2]),
        ("# %%\nglobals()['x'] = 3\n# %%\ny = 1\n# %%\nout = x", [0, 2]),
        ("# %%\nx = 3\n# %%\nout = eval('x + 1')", [0, 1]),
        ("# %%\nx = 3\n# %%\nout = globals()['x']", [0, 1]),
        ("# %%\nx = 3\n# %%\nout = 'x' in globals()", [0, 1]),
        ("# %%\nglobals().update(x=3)\n# %%\nout = x", [0, 1]),
        ("# %%\n%run prepare.py\n# %%\nout = twice(2)", [0, 1]),
        ("# %%\n%run missing.py\n# %%\nout = thing", [0, 1]),
        ("# %%\n%%writefile mod.py\nv = 1\n# %%\nfrom mod import v\n# %%\nout = v", [0, 1, 2]),
        ("# %%\n%%timeit n = 3\nfor i in range(n): print(i)\n# %%\nout = 1", [1]),
        ("# %%\nhits = []\n# %%\n%%timeit -n 1\nfor i in range(3): hits.append(i)\n# %%\nout = hits", [0, 1, 2]),
        ("# %%\nlimit = 1\n# %%\nimport pandas as pd\ndf = pd.DataFrame()\nout = df.query('a > @limit')", [0, 1]),
        ("# %%\nimport pandas as pd\nt = pd.DataFrame()\n# %%\nimport duckdb\nout = duckdb.sql('from t').df()", [0, 1]),
        ("# %%\nimport os\nos.environ['K'] = '1'\n# %%\nfrom os import getenv\nout = getenv('K')", [0, 1]),
        ("# %%\nimport json\njson.dumps = str\n# %%\nimport json\nout = json.dumps(1)", [0, 1]),
        ("# %%\nx = 1\n# %%\nif x > 2:\n    del x\n# %%\nout = x", [0, 2]),
        ("# %%\nhooks = []\n# %%\nb = [6]\n# %%\ndef f():\n    global b\n    b = 1\nhooks.append(f)\n# %%\nout = b",
         [1, 3]),
        ("# %%\ndef mk():\n    n = 0\n    def f():\n        nonlocal n\n        n += 1\n        return n\n"
         "    return f\nc = mk()\n# %%\nc()\n# %%\nout = c()", [0, 1, 2]),
        ("# %%\nclass B:\n    n = 0\n    def __getitem__(self, k):\n        self.n += 1\nb = B()\n# %%\nb[1]\n"
         "# %%\nout = b.n",
         [0, 1, 2]),
        ("# %%\nclass A:\n    items = []\n# %%\na = A()\n# %%\na.items.append(1)\n# %%\nout = A.items", [0, 1, 2, 3]),
        ("# %%\nR = []\nclass P:\n    def __init_subclass__(cls): R.append(cls)\n# %%\nclass C(P): pass\n# %%\nout = R",
         [0, 1, 2]),
        ("# %%\nfrom functools import singledispatch\n@singledispatch\ndef f(x): ...\n# %%\n@f.register\n"
         "def _(x: int): ...\n"
         "# %%\nout = f(1)", [0, 1, 2]),
        ("# %%\nfrom functools import partial\nlog = []\np = partial(list.append, log)\n# %%\np(1)\n# %%\nout = log",
         [0, 1, 2]),
        ("# %%\n%pylab inline\n# %%\nx = linspace(0, 1)\n# %%\nout = x", [0, 1, 2]),
        ("# %%\nfrom __future__ import annotations\ndef f(a: Missing) -> Gone: return a\n# %%\nout = f(1)", [0, 1]),
    ],
)  # fmt: skip
def test_what_a_name_needs_is_kept(text: str, cells: list[int]) -> None:
    assert kept(text, modules={"prepare.py": "def twice(x): return 2 * x\n"}) == cells


def test_an_extension_that_brings_magics_is_loaded_where_they_are_used() -> None:
    text = "# %%\n%load_ext sql\n# %%\nrows = %sql select 1\n# %%\nout = rows"
    assert kept(text) == [0, 1, 2]


def test_settings_of_the_process_are_repeated_but_keep_no_cell_that_only_displays() -> None:
    flow = analyse(
        notebook("""
        # %%
        import warnings
        warnings.filterwarnings("ignore")
        # %%
        model = [1]
        open("a.txt", "w").write(str(model))
        # %%
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            print(model)
        """)
    )
    slice_ = cut(flow)
    assert slice_.shared == ((0, 0), (0, 1))
    assert [each.cell for each in slice_.dropped] == [2]


@pytest.mark.parametrize("header", ["%%capture out", "%%time\n%%capture out"])
def test_what_a_cell_captures_is_no_parameter(header: str) -> None:
    flow = analyse(notebook(f"# %%\n{header}\nx = 1\n# %%\nprint(out.stdout, x)"))
    assert [each.name for each in find_parameters(flow, cut(flow))] == ["x"]
    assert kept(f"# %%\n{header}\nprint(1)\n# %%\ny = out.stdout", "y") == [0, 1]


def test_names_that_a_magic_may_bind_are_not_refused() -> None:
    assert kept("# %%\n%%bigquery frame\nselect 1\n# %%\nout = frame") == [0, 1]


def test_a_lenient_analysis_notes_names_that_nothing_binds() -> None:
    text = "# %%\nprint(late)\n# %%\nlate = 1"
    with pytest.raises(NotebookError, match="bound later, in cell 2"):
        analyse(notebook(text))
    flow = analyse(notebook(text), is_lenient=True)
    assert [(each.name, each.cell, each.bound_in) for each in flow.unbound] == [("late", 0, 1)]


# Explanations


def stories(text: str) -> dict[int, CellStory]:
    flow = analyse(notebook(text), is_lenient=True)
    return {story.cell: story for story in explain(flow, cut(flow))}


def test_a_cell_is_explained_in_both_directions_with_the_evidence() -> None:
    found = stories("""
        # %%
        import numpy as np
        np.random.seed(1)
        # %%
        a = np.random.rand(3)
        b = a
        # %%
        b += 1
        # %%
        np.save("a.npy", a)
        # %%
        a.shape
        """)
    assert found[2].mutates == ("a",)
    assert [(link.cell, link.evidence) for link in found[2].reads if link.name == "b"] == [
        (1, "reads b, bound in cell 2")
    ]
    assert (3, "reads a, changed through its alias b in cell 3") in [
        (link.cell + 1, link.evidence) for link in found[3].reads
    ]
    assert "numpy.random" in found[1].state
    assert found[3].files_written == ("a.npy",)
    assert {link.cell for link in found[1].needed_by} == {2, 3, 4}
    assert not found[4].stays
    assert found[4].why == "only displays"


def test_what_waits_for_a_person_is_explained() -> None:
    assert stories("# %%\nname = input('who? ')\n# %%\nprint(name)")[0].asks == ("input() in cell 1",)


# Chance


def causes(text: str, name: str) -> tuple[str, ...]:
    flow = analyse(notebook(text))
    return find_causes(flow).of(name, last=len(flow.cells))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        ("np.random.rand()", "np.random.rand() in cell 2 is not seeded"),
        ("np.random.default_rng().normal()", "np.random.default_rng() in cell 2 is not seeded"),
        ("np.random.default_rng(1).normal()", ""),
        ("random.choice([1, 2])", "random.choice() in cell 2 is not seeded"),
        ("random.Random(3).random()", ""),
        ("train_test_split([1, 2])", "train_test_split() in cell 2 is not seeded"),
        ("train_test_split([1, 2], random_state=0)", ""),
        ("RandomForestClassifier()", "RandomForestClassifier() in cell 2 is not seeded"),
        ("RandomForestClassifier(random_state=0)", ""),
        ("frame.sample(3)", "frame.sample() in cell 2 is not seeded"),
        ("frame.sample(3, random_state=1)", ""),
        ("time.time()", "time.time() in cell 2 reads the clock"),
        ("uuid.uuid4()", "uuid.uuid4() in cell 2 gives another value each time"),
    ],
)
def test_what_is_left_to_chance_is_named_where_it_comes_from(call: str, sentence: str) -> None:
    text = f"""
        # %%
        import random, time, uuid
        import numpy as np
        import pandas as pd
        from sklearn.model_selection import train_test_split
        from sklearn.ensemble import RandomForestClassifier
        frame = pd.DataFrame()
        # %%
        x = {call}
        # %%
        y = [x]
        z = 1
        """
    assert causes(text, "y") == ((sentence,) if sentence else ())
    assert causes(text, "z") == ()


def test_a_seed_leaves_nothing_to_chance() -> None:
    assert causes("# %%\nimport numpy as np\nnp.random.seed(0)\n# %%\nx = np.random.rand()", "x") == ()
    assert causes("# %%\nimport numpy as np\nnp.random.seed()\n# %%\nx = np.random.rand()", "x") == (
        "np.random.seed() in cell 1 is not seeded",
    )
