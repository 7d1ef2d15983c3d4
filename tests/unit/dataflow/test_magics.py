"""Every kind of magic has a meaning."""

from __future__ import annotations

import pytest

from nbmlops.dataflow import analyse, cut
from nbmlops.errors import NotebookError
from nbmlops.model.dataflow import Flow, Role, Statement
from nbmlops.testing.notebooks import notebook


def flow_of(*sources: str) -> Flow:
    return analyse(notebook("\n".join(f"# %%\n{source}" for source in sources)))


def last(*sources: str) -> Statement:
    return flow_of(*sources).statements[-1]


@pytest.mark.parametrize(
    ("source", "reads", "binds"),
    [
        ("!head {x}", ("x",), ()),
        ("!head $x", ("x",), ()),
        ("!echo $HOME_OF_NOBODY", (), ()),
        ("files = !ls", (), ("files",)),
        ("y = %time x + 1", ("x",), ("y",)),
        ("%time y = x", ("x",), ("y",)),
        ("%timeit -n 10 sum(x)", ("x",), ()),
        ("%%time\ny = x", ("x",), ("y",)),
        ("%%timeit\ny = x", ("x",), ()),
        ("%%capture out\ny = x", ("x",), ("out",)),
        ("%%time\n%%capture\ny = x", ("x",), ("y",)),
        ("%mlops log accuracy=$x", ("x",), ()),
        ("%mlops validate x", ("x",), ()),
        ("%mlops validate --sample 3 x --schema x.yaml", ("x",), ()),
        ("%mlops validate {x}.csv -s c.yaml", ("x",), ()),
        ("%mlops validate x.csv", (), ()),
        ("%mlops validate x --infer c.yaml", (), ()),
        ("%%mlops run first\ny = x", ("x",), ("y",)),
        ("%%mlops needs y\ndef y(z=x):\n    return z", ("x",), ("y",)),
        ("%%bash --out said\necho hello > /tmp/x", (), ("said",)),
        ("if x:\n    !rm {x}", ("x",), ()),
        ("!ls \\\n  {x}", ("x",), ()),
    ],
)
def test_a_magic_reads_and_binds(source: str, reads: tuple[str, ...], binds: tuple[str, ...]) -> None:
    statements = flow_of("x = [1]", source).cells[-1].statements
    assert {name for each in statements for name in each.reads if name == "x"} == set(reads)
    bound = {name for each in statements for name in each.binds if name.isidentifier()}
    assert bound >= set(binds)
    assert bound <= {*binds, "y"}


@pytest.mark.parametrize(
    "source",
    [
        "%matplotlib inline",
        "%load_ext nbmlops",
        "%config InlineBackend.figure_format = 'retina'",
        "%autoreload 2",
        "%mlops track",
        "%mlops runs",
        "x?",
        "x??",
        "!pip install -q a b",
        "%pip install a",
        "%who",
    ],
)
def test_housekeeping_is_known(source: str) -> None:
    assert last("x = 1", source).role is Role.HOUSEKEEPING


def test_pip_goes_to_the_requirements() -> None:
    flow = flow_of("!pip install -q 'a>=2' b -i https://example.org/simple", "%pip install c", "x = 1")
    assert flow.requirements == ("a>=2", "b", "c")


def test_writefile_writes_a_file() -> None:
    assert last("%%writefile out/a.txt\nhello").files_written == ("out/a.txt",)


@pytest.mark.parametrize("source", ["!ls -l | head", "!nvidia-smi", "!git status", "%%html\n<b>x</b>", "!pip list"])
def test_a_command_that_only_prints_is_dropped(source: str) -> None:
    flow = flow_of("x = open('a', 'w')", source)
    assert [each.why for each in cut(flow).dropped] == ["only displays"]


@pytest.mark.parametrize("source", ["!make data", "!ls > list.txt", "%%bash\nrm -r out", "%sql select 1"])
def test_an_unknown_command_is_kept(source: str) -> None:
    assert [each.cell for each in cut(flow_of(source, "x = 1")).kept] == [0]


def test_lines_are_those_of_the_cell_as_written() -> None:
    flow = flow_of("\n\n!ls \\\n   -l \\\n   -a\nx = 1\n\n%time y = x\n")
    assert [(each.first_line, each.source) for each in flow.statements] == [
        (1, ["!ls \\", "   -l \\", "   -a"][0]),
        (4, "x = 1"),
        (6, "%time y = x"),
    ]


def test_a_syntax_error_names_cell_and_line() -> None:
    with pytest.raises(NotebookError, match=r"Cell 2, line 2 is not valid Python") as caught:
        flow_of("x = 1", "y = 1\nz = = 2")
    assert caught.value.kind == "cell-syntax"


def test_a_check_of_data_stays_reads_its_contract_and_comes_before_what_the_data_are_used_for() -> None:
    flow = flow_of("x = [1]", "%mlops validate x --schema rules/c.yaml", "open('out.txt', 'w').write(str(x))")
    check = flow.cells[1].statements[-1]
    assert check.sink == "checks data"
    assert tuple(check.files_read) == ("rules/c.yaml",)
    assert set(cut(flow).cells) == {0, 1, 2}
    assert {(edge.source[0], edge.target[0]) for edge in flow.edges} >= {(0, 1), (1, 2)}
    named = flow_of("x = [1]", "%mlops validate x.csv").statements[-1]
    assert tuple(named.files_read) == ("x.csv", "contract.yaml")
