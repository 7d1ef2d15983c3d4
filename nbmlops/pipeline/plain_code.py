"""Code -> digests that see what it does, not how it is written: comments and layout do not count."""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.errors import NotebookError
from nbmlops.lib.digest import digest_bytes


class StepCell(msgspec.Struct, frozen=True):
    """A code cell of a step's notebook."""

    id: str
    source: str
    tree: ast.Module | None
    """None where it is not plain Python: a cell with magics."""

    @property
    def digest(self) -> str:
        if self.tree is None:
            text = "\n".join(line.rstrip() for line in self.source.strip().splitlines())
            return digest_bytes(text.encode(errors="surrogatepass"))
        return tree_digest(self.tree.body)


def tree_digest(statements: Iterable[ast.stmt]) -> str:
    dumped = "\n".join(ast.dump(statement) for statement in statements)
    return digest_bytes(dumped.encode(errors="surrogatepass"))


def step_cells(path: Path, parameters: Sequence[str] = ()) -> tuple[StepCell, ...]:
    """The code cells of a notebook file that have any code, without the defaults of `parameters`.

    Raises NotebookError for a file that is no notebook.
    """
    found = []
    for number, cell in enumerate(_code_cells(path)):
        source = cell.get("source", "")
        text = "".join(source) if isinstance(source, list) else str(source)
        tree = parsed(text)
        if tree is not None and "parameters" in cell.get("metadata", {}).get("tags", ()):
            tree.body = [statement for statement in tree.body if not _is_default(statement, parameters)]
        if tree is None or tree.body:
            found.append(StepCell(str(cell.get("id") or f"cell-{number}"), text, tree))
    return tuple(found)


def parsed(text: str) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Python thinks of the user's string escapes is told when it runs
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def _code_cells(path: Path) -> list[dict[str, Any]]:
    try:
        raw = json.loads(path.read_bytes())
        if raw.get("nbformat") != 4:
            import nbformat  # older forms are rare, and this takes a while

            raw = nbformat.read(path, as_version=4)
        return [cell for cell in raw["cells"] if cell["cell_type"] == "code"]
    except OSError:
        raise
    except Exception as error:  # whatever stands in a file: nbformat fails in many ways
        raise NotebookError(
            f"{path} is not a notebook: {' '.join(str(error).split())[:200]}.",
            kind="step-notebook-malformed",
            hint="Mend it, or export again with --force.",
        ) from error


def _is_default(statement: ast.stmt, parameters: Sequence[str]) -> bool:
    """`lr: float = 0.1`: the value that counts is the run's own."""
    if isinstance(statement, ast.AnnAssign):
        target: ast.expr = statement.target
        value = statement.value
    elif isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target, value = statement.targets[0], statement.value
    else:
        return False
    if not (isinstance(target, ast.Name) and target.id in parameters and value is not None):
        return False
    if isinstance(value, ast.Call):
        return _is_made_of_text(value)
    try:
        ast.literal_eval(value)
    except (ValueError, TypeError):
        return False
    return True


def _is_made_of_text(call: ast.Call) -> bool:
    """`datetime.date(2024, 1, 31)`, `pathlib.Path("data")`: as a step's notebook writes them."""
    name = ast.unparse(call.func)
    plain = all(isinstance(each, ast.Constant) for each in call.args) and not call.keywords
    return plain and name in (
        "datetime.date",
        "datetime.datetime",
        "datetime.datetime.fromisoformat",
        "pandas.Timestamp",
        "pathlib.Path",
    )
