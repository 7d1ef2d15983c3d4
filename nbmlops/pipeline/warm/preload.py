"""Which libraries are imported ahead: those that the steps will import, if they are known to survive a fork."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path

from nbmlops.errors import NotebookError
from nbmlops.pipeline.plain_code import step_cells

SAFE = frozenset(
    {
        "numpy",
        "pandas",
        "scipy",
        "sklearn",
        "matplotlib",
        "seaborn",
        "statsmodels",
        "joblib",
        "pyarrow",
        "PIL",
        "cloudpickle",
    }
)
"""They start no thread that a child would miss when they are imported; OpenBLAS looks after its own across a fork."""
_ENVIRONMENT = re.compile(r"environ\b|putenv|%(set_)?env\b")


def modules_to_preload(notebooks: Iterable[Path]) -> tuple[str, ...]:
    """None where a step sets environment variables: a library may read them when it is imported."""
    found: dict[str, None] = {}
    for path in notebooks:
        try:
            cells = step_cells(path)
        except (NotebookError, OSError):
            continue  # told when the step is executed
        for cell in cells:
            if _ENVIRONMENT.search(cell.source):
                return ()
            for name in _imported(cell.tree) if cell.tree is not None else ():
                if name.partition(".")[0] in SAFE:
                    found[name] = None
    if "pandas" in found:
        found["pyarrow.parquet"] = None  # tables are handed over in it
    return tuple(found)


def _imported(tree: ast.Module) -> list[str]:
    names = []
    for node in tree.body:
        if isinstance(node, ast.Import):
            names += [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.append(node.module)
    return names
