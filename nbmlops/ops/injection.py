"""Parameters that papermill was given, put into the cell that has the defaults, where that makes a difference.

Papermill adds a cell after that one. So what the defaults' cell derives from them keeps its old value, a date stays
a text, and a misspelt name changes nothing. Here `n = 5` / `twice = n * 2` becomes `n = 7` / `twice = n * 2`.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Mapping
from typing import Any

import nbformat

from nbmlops.dataflow import analyse
from nbmlops.errors import NotebookError, UsageError
from nbmlops.model.dataflow import CellFlow, Literal
from nbmlops.model.notebook import CellKind, Notebook, NotebookCell
from nbmlops.model.pipeline import Parameter, ParameterType
from nbmlops.pipeline import parameter_types
from nbmlops.pipeline.parameters import fitted

DEFAULTS, INJECTED = "parameters", "injected-parameters"
_CLASSES = {
    ParameterType.DATE: "date",
    ParameterType.DATETIME: "datetime",
    ParameterType.TIMESTAMP: "Timestamp",
    ParameterType.PATH: "Path",
}


def put_in(node: nbformat.NotebookNode, given: Mapping[str, Any]) -> None:
    """Change the notebook that papermill is about to execute. Raises UsageError for a misspelt or ill-typed parameter.

    A notebook without a cell tagged `parameters`, or one whose defaults are no plain literals, stays as it is.
    """
    cell = next((each for each in node.cells if DEFAULTS in each.metadata.get("tags", ())), None)
    if cell is None or not given:
        return
    flow = _defaults(node, cell)
    if flow is None:
        return
    literals = {each.name: each for statement in flow.statements for each in statement.literals}
    _check_names(node, flow, literals, given)
    values = {name: _fitting(literals[name], value) for name, value in given.items() if name in literals}
    derived = any(not s.literals and set(s.reads) & values.keys() for s in flow.statements)
    changed = any(type(values[name]) is not type(given[name]) for name in values)
    made = any(literals[name].type in parameter_types.MODULES for name in values)
    text = _rewritten(cell.source, literals, values) if derived or changed or made else None
    if text is None:
        return
    cell.source = text
    if values.keys() == given.keys():
        node.cells = [each for each in node.cells if INJECTED not in each.metadata.get("tags", ())]


def _defaults(node: nbformat.NotebookNode, last: nbformat.NotebookNode) -> CellFlow | None:
    """The cell with the defaults, as analysis sees it after the cells before; None where it cannot be read."""
    cells = []
    for index, each in enumerate(node.cells):
        if each.cell_type == "code":
            source = NotebookCell(index=index, id=str(index), kind=CellKind.CODE, source=each.source)
            cells.append(source)
        if each is last:
            break
    try:
        return analyse(Notebook(path="", cells=tuple(cells)), is_lenient=True).cells[-1]
    except NotebookError:
        return None


def _check_names(
    node: nbformat.NotebookNode, flow: CellFlow, literals: Mapping[str, Literal], given: Mapping[str, Any]
) -> None:
    """A name that the notebook never mentions is a misspelt one."""
    code = "\n".join(
        each.source for each in node.cells if each.cell_type == "code" and INJECTED not in each.metadata.get("tags", ())
    )
    known = sorted({*literals, *(name for s in flow.statements for name in (*s.binds, *s.may_bind))})
    for name in given:
        if name not in known and not re.search(rf"\b{re.escape(name)}\b", code):
            near = difflib.get_close_matches(name, known, n=1)
            raise UsageError(
                f"The notebook has no parameter {name!r}.",
                kind="parameter-unknown",
                hint=f"Did you mean {near[0]}?" if near else f"It has: {', '.join(known)}.",
            )


def _fitting(literal: Literal, value: Any) -> Any:
    """In the type that the notebook says: by an annotation, or by a date or path that stands there."""
    parameter = Parameter(name=literal.name, type=literal.type, default=literal.value, optional=literal.optional)
    try:
        return fitted(parameter, value)
    except UsageError:
        if literal.annotation or literal.type in parameter_types.MODULES:
            raise
        return value  # nobody has said that it must be like the default


def _rewritten(source: str, literals: Mapping[str, Literal], values: Mapping[str, Any]) -> str | None:
    """The cell's text with other values in the places of the old ones; None where a place cannot be found."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return None  # magics: columns would not be where Python says
    places: list[tuple[ast.expr, str]] = []
    left = set(values)
    for statement in tree.body:
        for name, value in _bound(statement):
            if name in left:
                text = _text(literals[name], values[name], value, statement)
                if text is None:
                    return None
                places.append((value, text))
                left.discard(name)
    if left or len({id(value) for value, _ in places}) < len(places):
        return None
    lines = source.split("\n")
    for value, text in sorted(places, key=lambda each: (each[0].lineno, each[0].col_offset), reverse=True):
        first, last = value.lineno - 1, (value.end_lineno or value.lineno) - 1
        before = lines[first].encode()[: value.col_offset].decode()
        after = lines[last].encode()[value.end_col_offset :].decode()
        lines[first : last + 1] = [before + text + after]
    return "\n".join(lines)


def _bound(statement: ast.stmt) -> list[tuple[str, ast.expr]]:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return [(name, value)]
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            return [(name, value)]
        case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
            pairs = zip(targets, values, strict=False)
            return [(target.id, value) for target, value in pairs if isinstance(target, ast.Name)]
    return []


def _text(literal: Literal, value: Any, node: ast.expr, statement: ast.stmt) -> str | None:
    """Python that makes the value. A date is made by the class that the cell itself names."""
    if value is None or literal.type not in parameter_types.MODULES:
        return repr(value)
    annotation = statement.annotation if isinstance(statement, ast.AnnAssign) else None
    wanted = _CLASSES[literal.type]
    for each in (*ast.walk(node), *(ast.walk(annotation) if annotation else ())):
        if (isinstance(each, ast.Attribute) and each.attr == wanted) or (
            isinstance(each, ast.Name) and each.id == wanted
        ):
            is_iso = literal.type in (ParameterType.DATE, ParameterType.DATETIME)
            return f"{ast.unparse(each)}{'.fromisoformat' if is_iso else ''}({value!r})"
    return None
