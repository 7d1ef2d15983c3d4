"""Whether papermill's own way of setting parameters is right for a notebook: most are, and that is told quickly."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

OR_NONE = " | None"


def are_plain(defaults: str, given: Mapping[str, Any]) -> bool:
    """All the cell does is to bind names to literals, all that is given among them and of the types that it says."""
    try:
        statements = ast.parse(defaults).body
        said = {name: annotation for each in statements for name, annotation in _bound(each).items()}
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return False
    return all(name in said and _is_of(value, said[name]) for name, value in given.items())


def _bound(statement: ast.stmt) -> dict[str, str]:
    """Name and annotation. Raises ValueError for any other statement."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            annotation = ""
        case ast.AnnAssign(target=ast.Name(id=name), annotation=said, value=ast.expr() as value):
            annotation = ast.unparse(said)
        case _:
            raise ValueError(statement)
    ast.literal_eval(value)
    return {name: annotation}


def _is_of(value: Any, annotation: str) -> bool:
    plain = annotation.removesuffix(OR_NONE)
    return not annotation or type(value).__name__ == plain or (value is None and plain != annotation)
