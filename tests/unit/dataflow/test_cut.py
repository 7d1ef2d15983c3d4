"""Which cells stay, which go, and the sentence that says why."""

from __future__ import annotations

import msgspec
import pytest

from nbmlops.dataflow import analyse, cut, find_parameters
from nbmlops.errors import NotFoundError
from nbmlops.model.dataflow import Slice
from nbmlops.model.pipeline import Parameter
from nbmlops.testing.notebooks import notebook

MESSY = """
# %%
%matplotlib inline
# %%
import pandas as pd
import matplotlib.pyplot as plt
from sklearn.linear_model import LogisticRegression
# %%
df = pd.read_csv("wine.csv")
# %%
df.head()
# %%
tmp = df.describe()
# %%
df.hist();
# %%
rate = 1
# %%
rate = 2
# %%
def unused(): return 1
# %%
# only a comment
# %% tags=["skip"]
this is no python at all
# %%
!ls
# %%
model = LogisticRegression(C=rate).fit(df, df)
# %%
score = model.score(df, df)
# %%
print(score)
"""


def sliced(text: str, want: tuple[str, ...] = ()) -> Slice:
    return cut(analyse(notebook(text)), want)


def parameters(text: str) -> tuple[Parameter, ...]:
    flow = analyse(notebook(text))
    return find_parameters(flow, cut(flow))


def test_dead_cells_are_dropped_each_with_its_reason() -> None:
    assert {each.cell: each.why for each in sliced(MESSY).dropped} == {
        0: "housekeeping: %matplotlib is of use at the keyboard only",
        3: "only displays",
        4: "binds tmp, which nothing kept reads",
        5: "only draws a figure, which is not saved",
        6: "binds rate, which cell 8 overwrites before it is read",
        8: "defines unused, which nothing kept uses",
        9: "empty",
        10: "tagged skip",
        11: "only displays",
    }


def test_kept_cells_say_why() -> None:
    assert {each.cell: each.why for each in sliced(MESSY).kept} == {
        1: "imports LogisticRegression, which cell 13 uses",
        2: "binds df, which cell 13 reads",
        7: "binds rate, which cell 13 reads",
        12: "fits a model",
        13: "computed from the model fitted in cell 13",
        14: "computed from the model fitted in cell 13",
    }


@pytest.mark.parametrize("package", ["mlflow", "nbmlops"])
def test_a_cell_that_logs_stays(package: str) -> None:
    logging = f"# %%\nimport {package}\nthird = 1 / 3\n# %%\n{package}.log_metric('third', third)\n"
    saving = "# %%\nfrom pathlib import Path\nPath('a.txt').write_text('a')\n"
    assert set(sliced(logging + saving).cells) == {0, 1, 2}


def test_a_notebook_without_models_and_files_is_kept_for_what_it_shows() -> None:
    found = sliced("# %%\na = 1\n# %%\nb = a + 1\n# %%\nc = 5\n# %%\nprint(b)\n# %%\nlast = [a]")
    assert [each.cell for each in found.kept] == [0, 1, 3, 4]


def test_wanted_names_are_the_only_roots() -> None:
    assert [each.cell for each in sliced(MESSY, ("tmp",)).kept] == [1, 2, 4]


def test_a_wanted_name_that_is_not_there_gets_near_names() -> None:
    with pytest.raises(NotFoundError, match=r"binds no name scor. Near names: score"):
        sliced(MESSY, ("scor",))


def test_a_display_that_advances_a_seeded_generator_stays() -> None:
    found = sliced("# %%\nimport numpy as np\nnp.random.seed(1)\n# %%\nnp.random.rand()\n# %%\n"
                   "x = np.random.rand()\nopen('a', 'w').write(str(x))")  # fmt: skip
    assert [each.cell for each in found.kept] == [0, 1, 2]


@pytest.mark.parametrize(
    ("line", "type_", "default", "optional"),
    [
        ("n = 3", "int", 3, False),
        ("n = -3", "int", -3, False),
        ("n = 0.5", "float", 0.5, False),
        ("n: float = 1", "float", 1, False),
        ("n = True", "bool", True, False),
        ("n = 'a=b'", "str", "a=b", False),
        ("n = None", "none", None, True),
        ("n: int | None = None", "int", None, True),
        ("n: Optional[int] = 4", "int", 4, True),
        ("n = [1, -2.5, 'x']", "list", [1, -2.5, "x"], False),
        ("n = {'a': [1]}", "dict", {"a": [1]}, False),
        ("n = (1, 2)", "tuple", [1, 2], False),
        ("n, m = 1, 2", "int", 1, False),
        ("n = date(2024, 1, 31)", "date", "2024-01-31", False),
        ("n: dt.date = dt.date(2024, 1, 31)", "date", "2024-01-31", False),
        ("n: date | None = None", "date", None, True),
        ("n = dt.datetime(2024, 1, 31, 12)", "datetime", "2024-01-31T12:00:00", False),
        ("n = dt.datetime.strptime('31.1.2024', '%d.%m.%Y')", "datetime", "2024-01-31T00:00:00", False),
        ("n = pd.Timestamp('2024-01-31')", "timestamp", "2024-01-31", False),
        ("n = Path('a')", "path", "a", False),
        ("n = Path('a', 'b') / 'c.csv'", "path", "a/b/c.csv", False),
        ("n: pathlib.Path = pathlib.Path('a')", "path", "a", False),
    ],
)
def test_every_literal_can_be_a_parameter(line: str, type_: str, default: object, optional: bool) -> None:
    found = parameters(
        "# %%\nimport datetime as dt, pathlib, pandas as pd\nfrom datetime import date\nfrom pathlib import Path\n"
        f'from typing import Optional\n# %% tags=["parameters"]\n{line}  # what it is\n# %%\nprint(n)'
    )
    assert (found[0].name, found[0].type, found[0].default) == ("n", type_, default)
    assert (found[0].optional, found[0].help) == (optional, "what it is")


@pytest.mark.parametrize(
    "source",
    [
        "n = 1\nn += 1\nprint(n)",
        "n = [1]\nn.append(2)\nprint(n)",
        "n = 0\nfor i in range(3): n = n + i\nprint(n)",
        "_n = 1\nprint(_n)",
        "api_key = 'abc'\nprint(api_key)",
        "n = 1\nif n:\n    n = 2\nprint(n)",
        "n = []\nprint(n)",
        "n = [(1, 2)]\nprint(n)",
        "from datetime import date\nn = date.today()\nprint(n)",
        "from datetime import date\nn = date(2024, 13, 1)\nprint(n)",
        "class Path(str): pass\nn = Path('a')\nprint(n)",
        "import pandas as pd\nn = pd.Timestamp('now')\nprint(n)",
        "from pathlib import Path\nhere = 'a'.upper()\nn = Path(here)\nprint(n)",
    ],
)
def test_what_changes_or_is_private_is_no_parameter(source: str) -> None:
    assert parameters(f"# %%\n{source}") == ()


@pytest.mark.parametrize("tags", ["", ' tags=["parameters"]'])
@pytest.mark.parametrize("use", ["print(n)", "model = Ridge(alpha=n).fit(X, y)\nprint(model.score(X, y))"])
def test_of_cells_that_were_executed_again_the_last_time_counts(tags: str, use: str) -> None:
    text = "# %%\nfrom sklearn.linear_model import Ridge\nX, y = [[1], [2]], [1, 2]\n"
    source = notebook(text + "".join(f"# %%{tags}\nn = {n}\n# %%\n{use}\n" for n in (1, 2)))
    cells = tuple(msgspec.structs.replace(cell, id=id) for id, cell in zip("iabab", source.cells, strict=True))
    flow = analyse(msgspec.structs.replace(source, cells=cells))
    slice_ = cut(flow)
    assert [each.cell for each in slice_.kept if each.root] == [4]
    found = {each.name: each.default for each in find_parameters(flow, slice_)}
    assert found["n"] == 2


def test_a_cell_that_was_executed_again_stays_as_often_as_it_counts() -> None:
    source = notebook("# %%\nx = [1]\n# %%\nx.append(2)\n# %%\nx.append(2)\n# %%\nprint(x)")
    cells = tuple(msgspec.structs.replace(cell, id=id) for id, cell in zip("abbc", source.cells, strict=True))
    assert [each.cell for each in cut(analyse(msgspec.structs.replace(source, cells=cells))).kept] == [0, 1, 2, 3]


def test_literals_that_are_only_read_are_parameters() -> None:
    found = parameters("# %%\nn = 3  # how many\n# %%\ndef f(): return n\n# %%\nprint(f())\n# %%\nunread = 1")
    assert [(each.name, each.help, each.cell) for each in found] == [("n", "how many", 0)]


def test_cells_that_are_asked_for_stay_with_what_they_need_and_nothing_else() -> None:
    flow = analyse(notebook("# %%\na = 1\n# %%\nb = 2\n# %%\nc = a\n# %%\nopen('x', 'w').close()\n"))
    assert {each.cell: each.root for each in cut(flow, cells={2}).kept} == {0: False, 2: True}
