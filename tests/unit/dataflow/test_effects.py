# ruff: noqa: E501
"""What statements read, bind and change."""

from __future__ import annotations

import pytest

from nbmlops.dataflow import analyse
from nbmlops.errors import NotebookError
from nbmlops.model.dataflow import Flow, Statement
from nbmlops.testing.notebooks import notebook


def flow_of(*sources: str, modules: dict[str, str] | None = None) -> Flow:
    return analyse(notebook("\n".join(f"# %%\n{source}" for source in sources)), (modules or {}).get)


def last(*sources: str, modules: dict[str, str] | None = None) -> Statement:
    return flow_of(*sources, modules=modules).statements[-1]


def evidence(*sources: str) -> list[str]:
    flow = flow_of(*sources)
    return [edge.evidence for edge in flow.edges if edge.target[0] == flow.cells[-1].index]


@pytest.mark.parametrize(
    ("source", "reads", "binds"),
    [
        ("y = [i for i in x]", {"x"}, {"y"}),
        ("y = {k: v for k, v in zip(x, x)}", {"x"}, {"y"}),
        ("(y := len(x))", {"x"}, {"y"}),
        ("[y := i for i in x]", {"x"}, {"y"}),
        ("for i in x: y = i", {"x"}, set()),
        ("with open('f') as y: pass", set(), {"y"}),
        ("match x:\n    case [a, *b]: y = a\n    case _: y = 0", {"x"}, set()),
        ("try:\n    y = x\nexcept ValueError:\n    y = 0", {"x"}, {"y"}),
        ("if x:\n    y = 1\nelse:\n    y = 2", {"x"}, {"y"}),
        ("class C(dict):\n    k = x\n    def f(self): return zzz", {"x"}, {"C"}),
        ("f = lambda a, b=x: a + b", {"x"}, {"f"}),
        ("async def f(): return x\ny = await f()", {"x"}, {"y"}),
        ("y = f'{x!r:>{10}}'", {"x"}, {"y"}),
        ("y, *z = x", {"x"}, {"y", "z"}),
    ],
)
def test_scopes_are_those_of_python(source: str, reads: set[str], binds: set[str]) -> None:
    statement = last("x = [1]", source)
    assert {name for name in statement.reads if name != "f"} == reads
    assert set(statement.binds) == binds


@pytest.mark.parametrize(
    "source",
    [
        "x.append(1)", "x[0] = 1", "x += [1]", "del x[0]", "x.attr = 1", "x.anything()", "b.append(1)", "c[0].append(1)",
        "for each in c: each.append(1)", "import random\nrandom.shuffle(x)", "change(x)", "[change(i) for i in c]",
        "same(x).append(1)", "setattr(x, 'a', 1)", "x.sort_values('a', inplace=True)", "Holder(x).go()",
        "list(map(change, c))", "d['k'].append(1)", "np.add(1, 2, out=x)",
    ],
)  # fmt: skip
def test_a_change_reaches_every_alias(source: str) -> None:
    statement = last(
        "import numpy as np\nx = [1]\nb = x\nc = [x]\nd = {}\nd['k'] = b",
        "def change(it): it.append(1)\ndef same(it): return it\n"
        "class Holder:\n    def __init__(self, it): self.it = it\n    def go(self): self.it.append(2)",
        source,
    )
    assert "x" in statement.mutates


@pytest.mark.parametrize(
    "source",
    [
        "x.head()",
        "len(x)",
        "x.copy().append(1)",
        "sorted(x)",
        "y = x[['a']]\ny.append(1)",
        "print(x)",
        "n += 1",
        "x.mean()",
    ],
)
def test_what_is_known_to_change_nothing_changes_nothing(source: str) -> None:
    assert "x" not in last("n = 1\nx = [1]\ny = n", source).mutates


def test_a_function_reads_what_the_functions_it_calls_read() -> None:
    assert {"k", "f", "g"} <= set(last("def g(): return k\ndef f(): return g()", "k = 1", "f()").reads)


def test_a_helper_module_changes_its_argument() -> None:
    modules = {"helper": "import math\ndef add(frame):\n    _put(frame)\ndef _put(f):\n    f['a'] = math.pi\n"}
    flow = flow_of("from helper import add", "t = {}", "add(t)", "t", modules=modules)
    assert "t" in flow.statements[2].mutates
    assert flow.modules == ("helper",)
    assert flow.module_imports == ("math",)


def test_a_helper_module_with_state_of_its_own_connects_the_cells() -> None:
    modules = {"helper": "seen = []\ndef put(x):\n    seen.append(x)\ndef all():\n    return seen\n"}
    flow = flow_of("import helper", "helper.put(1)", "y = helper.all()", modules=modules)
    assert any(edge.source[0] == 1 and edge.target[0] == 2 for edge in flow.edges)


def test_an_edge_says_how_it_came_about() -> None:
    assert "reads a, changed through its alias b in cell 3" in evidence("a = [1]", "b = a", "b.append(2)", "print(a)")


def test_figures_connect_plot_and_savefig() -> None:
    head = "import matplotlib.pyplot as plt"
    assert any(e.startswith("reads matplotlib.pyplot (current figure), bound in cell 2") for e in evidence(
        head, "plt.plot([1])", "plt.savefig('a.png')"))  # fmt: skip


def test_a_figure_that_was_shown_is_over() -> None:
    head = "import matplotlib.pyplot as plt"
    assert not any(
        "figure" in e and "cell 2" in e
        for e in evidence(head, "plt.plot([1])\nplt.show()", "plt.plot([2])\nplt.savefig('a')")
    )


def test_a_seed_feeds_all_that_draw() -> None:
    head = "import numpy as np"
    found = evidence(head, "np.random.seed(0)", "a = np.random.rand()", "b = np.random.rand()")
    assert "reads numpy.random (global state), bound in cell 2" in found
    assert "reads numpy.random (global state), changed in cell 3" in found


@pytest.mark.parametrize(
    ("write", "read"),
    [
        ("df.to_csv('data/a.csv')", "pd.read_csv('data/a.csv')"),
        ("df.to_csv(P / 'a.csv')", "pd.read_csv('data/a.csv')"),
        ("open('data/a.csv', 'w').write('x')", "open('./data/a.csv')"),
        (
            "with open(os.path.join('data', 'a.csv'), 'w') as f:\n    f.write('')",
            "P.joinpath('a.csv').read_text()",
        ),
        ("(P / 'a.csv').write_text('x')", "list(P.glob('*.csv'))"),
        ("name = 'a'\ndf.to_csv(f'data/{name}.csv')", "pd.read_csv('data/a.csv')"),
        ("save(df, 'data/a.csv')", "pd.read_csv('data/a.csv')"),
    ],
)
def test_a_file_feeds_who_reads_it(write: str, read: str) -> None:
    head = "import os\nimport pandas as pd\nfrom pathlib import Path\nP = Path('data')\ndf = pd.DataFrame()\n"
    found = evidence(head + "def save(it, path): it.to_csv(path)", write, read)
    assert any("written by cell 2" in e for e in found), found


def test_an_undefined_name_is_refused_with_the_cell_that_binds_it_later() -> None:
    with pytest.raises(NotebookError, match="Cell 2, line 1 uses tmp, which is bound later, in cell 3") as caught:
        flow_of("x = 1", "print(tmp)", "tmp = 2")
    assert caught.value.kind == "name-undefined"


def test_an_undefined_name_in_a_called_function_is_refused() -> None:
    with pytest.raises(NotebookError, match=r"uses nowhere in f\(\), which is never bound"):
        flow_of("def f(): return nowhere", "f()")


@pytest.mark.parametrize(
    "source",
    [
        "def f(): return nowhere",
        "class C:\n    def a(self): return 1\n    b = a\n    @property\n    def s(self): return 1\n    @s.setter\n    def s(self, v): pass",
        "import atexit\ndef f(): return later\natexit.register(f)\nlater = 1", "display(1)", "get_ipython()", "_", "print(__name__)",
        "try:\n    nowhere\nexcept NameError:\n    pass", "from math import *\nsin(pi)",
        "for i in range(3):\n    if i: print(old)\n    old = i", "[nowhere for nowhere in ()]",
    ],
)  # fmt: skip
def test_names_that_are_fine_are_not_refused(source: str) -> None:
    flow_of(source)
