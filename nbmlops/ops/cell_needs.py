"""`%%mlops needs NAME`: the cell's function NAME becomes a need of reconcilers. Not a verb of the table: only a cell
can be it.

    %%mlops needs many_complaints
    def many_complaints():
        count = sum(1 for line in open("complaints.txt"))
        return count > 20, f"{count} complaints"

It is written to `needs/many_complaints.py` in the project, asked once, as reconcilers ask it, and named in a document
as `python: needs/many_complaints.py:many_complaints`.
"""

from __future__ import annotations

import ast
from typing import Annotated

import msgspec

from nbmlops.errors import ConflictError, UsageError
from nbmlops.lib.files import refusing_disk_errors, write_atomic
from nbmlops.model.reconciler import Reason
from nbmlops.ops.call import Call
from nbmlops.ops.fields import positional
from nbmlops.ops.reconciling.needs.python import ask

FOLDER = "needs"
_HEAD = "# Written by %%mlops needs {name}, in a notebook: change it there.\n"


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, positional("Of the function, and of the need.")]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    reason: Reason
    """What it says now."""
    file: str
    entry: str
    """As a document names it."""


def write_needs(call: Call, request: Request, source: str) -> Result:
    """Raises UsageError for a cell that defines no such function or one that asks for something, ConflictError for a
    file that somebody else has written, ExternalError for a function that fails.
    """
    _check(request.name, source)
    path = call.project.root / FOLDER / f"{request.name}.py"
    head = _HEAD.format(name=request.name)
    if path.is_file() and not path.read_text("utf-8", "replace").startswith(head):
        raise ConflictError(
            f"{FOLDER}/{path.name} was written by somebody else.", kind="file-exists", hint="Choose another name."
        )
    with refusing_disk_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, (head + source.rstrip("\n") + "\n").encode())
    entry = f"{FOLDER}/{path.name}:{request.name}"
    return Result(
        reason=ask(call.project.root, f"{FOLDER}/{path.name}", request.name), file=f"{FOLDER}/{path.name}", entry=entry
    )


def _check(name: str, source: str) -> None:
    if not name.isidentifier():
        raise UsageError(f"{name[:60]!r} is no name of a function.", kind="needs-malformed")
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise UsageError(
            f"The cell is no Python alone: {error}.", kind="needs-malformed", hint="Leave magics out of it."
        ) from None
    found = next((each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == name), None)
    if found is None:
        raise UsageError(
            f"The cell defines no function {name}.", kind="needs-malformed", hint=f"Begin it with: def {name}():"
        )
    arguments = found.args
    if len(arguments.posonlyargs + arguments.args) > len(arguments.defaults) or None in arguments.kw_defaults:
        raise UsageError(f"{name} asks for arguments; nobody gives it any.", kind="needs-malformed")
