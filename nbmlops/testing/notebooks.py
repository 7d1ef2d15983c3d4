"""Notebooks written as text, for tests.

notebook('''
# %% [markdown]
# # Load
# %% tags=["parameters"]
n = 3
# %%
print(n)
''')
"""

from __future__ import annotations

import re
import textwrap

import nbformat

from nbmlops.model.notebook import CellKind, Notebook, NotebookCell

_MARK = re.compile(r"^# %%(?!%)\s*(\[markdown\])?\s*(?:tags=\[([^\]]*)\])?\s*$")


def notebook(text: str, path: str = "analysis.ipynb") -> Notebook:
    """Cells begin with `# %%`, `# %% [markdown]` or `# %% tags=["a", "b"]`."""
    found: list[tuple[CellKind, tuple[str, ...], list[str]]] = []
    for line in textwrap.dedent(text).strip("\n").splitlines():
        mark = _MARK.match(line)
        if mark:
            tags = tuple(tag.strip(" \"'") for tag in (mark[2] or "").split(",") if tag.strip())
            found.append((CellKind.MARKDOWN if mark[1] else CellKind.CODE, tags, []))
        else:
            if not found:
                found.append((CellKind.CODE, (), []))
            if found[-1][0] is CellKind.MARKDOWN:
                line = re.sub(r"^# ?", "", line)
            found[-1][2].append(line)
    cells = tuple(
        NotebookCell(index=index, id=f"c{index}", kind=kind, source="\n".join(lines).strip("\n"), tags=tags)
        for index, (kind, tags, lines) in enumerate(found)
    )
    return Notebook(path=path, cells=cells)


def notebook_file(text: str) -> str:
    """The same as the JSON of an .ipynb file."""
    node = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    )
    for cell in notebook(text).cells:
        make = nbformat.v4.new_code_cell if cell.kind is CellKind.CODE else nbformat.v4.new_markdown_cell
        made = make(cell.source, id=cell.id)
        if cell.tags:
            made.metadata["tags"] = list(cell.tags)
        node.cells.append(made)
    return str(nbformat.writes(node))
