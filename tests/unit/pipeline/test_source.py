# ruff: noqa: E501
"""Every bad notebook gets one clear line, and none is ever written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nbmlops.errors import NbmlopsError
from nbmlops.pipeline.source import read_notebook
from nbmlops.testing.notebooks import notebook_file

GOOD = {
    "nbformat": 4,
    "nbformat_minor": 4,
    "metadata": {},
    "cells": [
        {"cell_type": "code", "source": ["x = 1\n", "y = 2"], "metadata": {"tags": ["keep"]}, "outputs": [], "execution_count": None},
        {"cell_type": "markdown", "source": "# T", "metadata": {}},
    ],
}  # fmt: skip


def write(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("", "notebook-not-json"),
        ("{broken", "notebook-not-json"),
        ("[1, 2]", "notebook-invalid"),
        ('{"a": 1}', "notebook-invalid"),
        ({"nbformat": 4, "cells": "x"}, "notebook-invalid"),
        ({**GOOD, "cells": [{"cell_type": "strange", "source": "", "metadata": {}}]}, "notebook-invalid"),
        ({**GOOD, "cells": [1]}, "notebook-invalid"),
        ({"nbformat": 3, "nbformat_minor": 0, "worksheets": [], "metadata": {}}, "notebook-too-old"),
        ({**GOOD, "nbformat": 5}, "notebook-too-new"),
        ({**GOOD, "cells": []}, "notebook-empty"),
        ({**GOOD, "cells": GOOD["cells"][1:]}, "notebook-empty"),  # type: ignore[index]
        ({**GOOD, "metadata": {"kernelspec": {"name": "ir", "language": "R", "display_name": "R"}}}, "notebook-language"),
        ({**GOOD, "metadata": {"kernelspec": {"name": "julia-1.9", "display_name": "J"}}}, "notebook-language"),
    ],
)  # fmt: skip
def test_a_bad_notebook_is_refused_in_one_line(tmp_path: Path, content: object, kind: str) -> None:
    path = write(tmp_path / "a.ipynb", content)
    before = path.read_bytes()
    with pytest.raises(NbmlopsError) as caught:
        read_notebook(path)
    assert caught.value.kind == kind
    assert "\n" not in str(caught.value)
    assert "a.ipynb" in str(caught.value)
    assert path.read_bytes() == before


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "near.ipynb", GOOD)
    with pytest.raises(NbmlopsError, match=r"There is no notebook .* In that folder: near.ipynb"):
        read_notebook(tmp_path / "a.ipynb")
    with pytest.raises(NbmlopsError, match="is a folder, not a notebook"):
        read_notebook(tmp_path)


def test_cells_without_ids_get_the_same_ones_each_time(tmp_path: Path) -> None:
    path = write(tmp_path / "a.ipynb", GOOD)
    first, second = read_notebook(path), read_notebook(path)
    assert first == second
    assert len({cell.id for cell in first.cells}) == 2
    assert first.cells[0].source == "x = 1\ny = 2"
    assert first.cells[0].tags == ("keep",)


def test_a_good_notebook_keeps_its_ids(tmp_path: Path) -> None:
    path = write(tmp_path / "a.ipynb", notebook_file("# %% [markdown]\n# # T\n# %%\nx = 1"))
    assert [(cell.id, cell.kind) for cell in read_notebook(path).cells] == [
        ("c0", "markdown"),
        ("c1", "code"),
    ]


def test_outputs_that_break_the_format_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "old.ipynb"
    cell = {"cell_type": "code", "source": "x = 1", "metadata": {}, "execution_count": 3}
    raw = {
        "nbformat": 4,
        "nbformat_minor": 4,
        "metadata": {},
        "cells": [{**cell, "outputs": [{"output_type": "stream"}]}],
    }
    path.write_text(json.dumps(raw))
    assert [(each.source, each.count) for each in read_notebook(path).cells] == [("x = 1", 3)]
