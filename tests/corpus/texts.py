"""The corpus: notebooks as people write them, and odd code, as scripts of cells.

notebooks/NAME.py       a notebook; lines `# file PATH` before its first cell begin a file that lies beside it
odd/compared.py         small ones, `# ==== name` before each: cut at every cell, they print what they print as a whole
odd/analysed.py         small ones that need IPython, a network or a person: they are analysed and cut
"""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
_CELL = re.compile(r"^# %%(?!%)", re.MULTILINE)
_FILE = re.compile(r"^# file (\S+)\n", re.MULTILINE)


def odd(name: str) -> dict[str, str]:
    """Text of each small notebook by its name."""
    parts = re.split(r"^# ==== (.+)\n", (HERE / "odd" / f"{name}.py").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def notebooks() -> dict[str, tuple[str, dict[str, str]]]:
    """Name -> (cells, files beside the notebook by path)."""
    found = {}
    for path in sorted((HERE / "notebooks").glob("*.py")):
        text = path.read_text(encoding="utf-8")
        start = _CELL.search(text)
        assert start is not None, path
        parts = _FILE.split(text[: start.start()])
        found[path.stem] = (text[start.start() :], dict(zip(parts[1::2], parts[2::2], strict=True)))
    return found


def every_cell_a_step(text: str) -> str:
    """Cut where nobody would cut: each cell begins a step, and so is kept."""
    cells = _CELL.split(text)[1:]
    return "".join(f'# %% tags=["step:s{n}"]{cell}' for n, cell in enumerate(cells))
