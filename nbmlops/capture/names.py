"""Which names a cell reads and writes, from its compiled scopes: cheap enough for every cell.

    >>> names("y = f(x)")
    (('f', 'x'), ('y',))

Only an outline for the record of an execution; export has an analysis of its own (dataflow/).
"""

from __future__ import annotations

import ast
import builtins
import re
import symtable
from collections.abc import Container

_BUILTINS = frozenset(dir(builtins))
_UPDATE = re.compile(r"[-+*/%@&|^<>]=")


def names(source: str, known: Container[str] = ()) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names read and names written by plain Python, each sorted. Nothing for code that does not parse.

    A name both bound and used in the cell counts as read only if it is among `known` (bound before the cell).
    """
    try:
        table = symtable.symtable(source, "<cell>", "exec")
        updated = _updated(source) if _UPDATE.search(source) else frozenset()
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return (), ()
    reads: set[str] = set()
    writes: set[str] = set()
    for symbol in table.get_symbols():
        name = symbol.get_name()
        if symbol.is_assigned() or symbol.is_imported():
            writes.add(name)
            if (symbol.is_referenced() or name in updated) and name in known:
                reads.add(name)
        elif symbol.is_referenced():
            reads.add(name)
    _nested(table, reads, writes, known)
    reads = {name for name in reads if name not in _BUILTINS or name in known}
    return tuple(sorted(reads)), tuple(sorted(writes))


def _updated(source: str) -> frozenset[str]:
    """Names of `name += ...`: to the compiler's scopes they are only written."""
    found = (node.target for node in ast.walk(ast.parse(source)) if isinstance(node, ast.AugAssign))
    return frozenset(target.id for target in found if isinstance(target, ast.Name))


def _nested(table: symtable.SymbolTable, reads: set[str], writes: set[str], known: Container[str]) -> None:
    for child in table.get_children():
        for symbol in child.get_symbols():
            name = symbol.get_name()
            if not symbol.is_global():
                continue
            if symbol.is_assigned():
                writes.add(name)
            elif name not in writes or name in known:
                reads.add(name)
        _nested(child, reads, writes, known)
