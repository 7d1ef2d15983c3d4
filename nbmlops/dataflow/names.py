"""Which outer names a piece of code mentions, by Python's own scoping rules.

free_names(ast.parse("def f(x): return x * k"))  -> ("k",)
"""

from __future__ import annotations

import ast
import symtable
from functools import lru_cache


@lru_cache(maxsize=4096)
def free_names(node: ast.AST) -> tuple[str, ...]:
    """Names that the code takes from outside, called or not, sorted."""
    return _free(ast.unparse(node))


@lru_cache(maxsize=4096)
def mentioned(node: ast.AST) -> frozenset[str]:
    """Every name in it, whosever it is."""
    return frozenset(each.id for each in ast.walk(node) if isinstance(each, ast.Name))


def _free(source: str) -> tuple[str, ...]:
    try:
        table = symtable.symtable(source, "<cell>", "exec")
    except SyntaxError:
        # Fragments such as `await x` at top level: every name that is loaded.
        nodes = ast.walk(ast.parse(source))
        return tuple(sorted({each.id for each in nodes if isinstance(each, ast.Name)}))
    own = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    own |= {symbol.get_name() for symbol in table.get_symbols() if symbol.is_namespace()}
    found = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_referenced()}
    for child in table.get_children():
        found |= _globals(child)
    return tuple(sorted(found - own))


def _globals(table: symtable.SymbolTable) -> set[str]:
    found = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global() and symbol.is_referenced()}
    for child in table.get_children():
        found |= _globals(child)
    return found
