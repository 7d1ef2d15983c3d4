from __future__ import annotations

import pytest

from nbmlops.doors.magics.header import strip_header


def test_the_header_becomes_a_call_and_the_cell_keeps_its_lines() -> None:
    lines = ["%%mlops run base -e 'my wine'\n", "x = 1\n", "%time y = 2\n", "x\n"]
    assert strip_header(lines) == [
        "get_ipython().run_line_magic('mlops', \"cell run base -e 'my wine'\");\n",
        *lines[1:],
    ]


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["x = 1\n"],
        ["%mlops run base\n"],
        ["%%mlops runs\n", "x\n"],
        ["%%mlopsx run a\n"],
        ["%%time\n", "%%mlops run a\n"],
        ["x = 1\n", "%%mlops run a\n"],
        ["%%mlops run a\n", "\n", "%%time\n", "x\n"],
        ["%%mlops \n"],
    ],
)
def test_other_cells_are_left_as_they_are(lines: list[str]) -> None:
    assert strip_header(list(lines)) == lines


def test_stripping_twice_is_stripping_once() -> None:
    once = strip_header(["%%mlops run a\n", "x\n"])
    assert strip_header(once) == once
