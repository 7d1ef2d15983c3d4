"""Who edits one function of a helper module makes its users run again, and nobody else."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from nbmlops.pipeline.module_code import beside, used_definitions
from nbmlops.pipeline.plain_code import StepCell, parsed

HELPERS = """
import math
FACTOR = 2

def scale(x):
    return inner(x) * FACTOR

def inner(x):
    return math.sqrt(x)

def other(x):
    return x

class Plain:
    def go(self):
        return other(1)
"""


def used(folder: Path, code: str, **modules: str) -> dict[str, dict[str, str]]:
    return used_of_files(folder, code, {f"{name}.py": text for name, text in modules.items()})


def used_of_files(folder: Path, code: str, files: dict[str, str]) -> dict[str, dict[str, str]]:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    return used_definitions([StepCell("c", code, parsed(code))], beside(folder))


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("from helpers import scale\nscale(1)", {"", "scale", "inner"}),
        ("import helpers\nhelpers.scale(1)", {"", "scale", "inner"}),
        ("import helpers as h\nh.inner(1)", {"", "inner"}),
        ("from helpers import other as o", {"", "other"}),
        ("import helpers", {""}),
        ("import helpers\nhelpers.FACTOR", {""}),
        ("def f():\n    from helpers import inner\n    return inner(2)", {"", "inner"}),
        ("from helpers import Plain", {"", "Plain", "other"}),
        ("from helpers import *", {"", "scale", "inner", "other", "Plain"}),
        ("import helpers\nuse(helpers)", {"", "scale", "inner", "other", "Plain"}),
        ("import helpers\n%time helpers.scale(1)", {}),
    ],
)
def test_what_a_step_uses_of_a_module(tmp_path: Path, code: str, names: set[str]) -> None:
    assert set(used(tmp_path, code, helpers=HELPERS).get("helpers", {})) == set(names)


def test_one_cell_imports_what_another_uses(tmp_path: Path) -> None:
    (tmp_path / "helpers.py").write_text(HELPERS)
    cells = [StepCell(str(n), code, parsed(code)) for n, code in enumerate(("import helpers", "helpers.scale(1)"))]
    assert set(used_definitions(cells, beside(tmp_path))["helpers"]) == {"", "scale", "inner"}
    cells.append(StepCell("magic", "%time 1", None))
    assert set(used_definitions(cells, beside(tmp_path))["helpers"]) == {"", "scale", "inner", "other", "Plain"}


def test_modules_of_others_are_no_business_of_ours(tmp_path: Path) -> None:
    assert used(tmp_path, "import json\nfrom os import path\njson.dumps(1)") == {}


def test_only_a_changed_function_changes_its_digest(tmp_path: Path) -> None:
    before = used(tmp_path, "from helpers import scale, other", helpers=HELPERS)["helpers"]
    after = used(tmp_path, "from helpers import scale, other", helpers=HELPERS.replace("return x", "return -x"))[
        "helpers"
    ]
    assert {name for name in before if before[name] != after[name]} == {"other"}
    assert used(tmp_path, "from helpers import other", helpers=HELPERS + "# a comment\n")["helpers"] == {
        name: before[name] for name in ("", "other")
    }


def test_a_constant_counts_for_everybody(tmp_path: Path) -> None:
    before = used(tmp_path, "from helpers import inner", helpers=HELPERS)
    assert used(tmp_path, "from helpers import inner", helpers=HELPERS.replace("= 2", "= 3")) != before


def test_what_may_register_itself_counts_for_everybody(tmp_path: Path) -> None:
    text = "REGISTRY = []\n@REGISTRY.append\ndef added(): return 1\nclass Sub(dict): x = 1\ndef plain(): ...\n"
    before = used(tmp_path, "from registry import plain", registry=text)
    assert used(tmp_path, "from registry import plain", registry=text.replace("return 1", "return 2")) != before
    assert used(tmp_path, "from registry import plain", registry=text.replace("x = 1", "x = 2")) != before


def test_modules_lead_to_modules(tmp_path: Path) -> None:
    modules = {
        "package/__init__.py": "from .deep import depth\n",
        "package/deep.py": "from package import far\ndef depth(): return far.end()\ndef unused(): ...\n",
        "package/far.py": "def end(): return 1\ndef unused(): ...\n",
    }
    found = used_of_files(tmp_path, "import package\npackage.depth()", modules)
    assert {name: set(each) for name, each in found.items()} == {
        "package": {""},
        "package.deep": {"", "depth"},
        "package.far": {"", "end"},
    }


def test_modules_that_import_each_other_come_to_an_end(tmp_path: Path) -> None:
    found = used(
        tmp_path, "from one import a", one="import two\ndef a(): return two.b()", two="import one\ndef b(): one.a()"
    )
    assert {name: set(each) for name, each in found.items()} == {"one": {"", "a"}, "two": {"", "b"}}


def test_a_module_that_is_not_python_counts_as_its_text(tmp_path: Path) -> None:
    before = used(tmp_path, "import broken", broken="def (")
    assert before != used(tmp_path, "import broken", broken="def ((")
