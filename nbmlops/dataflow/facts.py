"""The effects of a statement -> the facts that others read: its role, its place, its literals."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from nbmlops.dataflow import knowledge, magics
from nbmlops.dataflow.frame import Effects
from nbmlops.dataflow.names import free_names
from nbmlops.dataflow.python import ParsedCell
from nbmlops.dataflow.typed_literals import known_by, names_in, typed_literal
from nbmlops.dataflow.values import CLASS, FUNCTION, LIBRARY, Value, literal
from nbmlops.model.dataflow import Literal, Role, Statement
from nbmlops.model.notebook import NotebookCell
from nbmlops.model.pipeline import ParameterType


@dataclass
class Place:
    """A top-level statement and what it did."""

    node: ast.stmt
    effects: Effects


def cell_statements(
    cell: NotebookCell, parsed: ParsedCell, places: list[Place], values: dict[str, Value]
) -> tuple[Statement, ...]:
    lines = cell.source.splitlines()
    last_shown = max((i for i, p in enumerate(places) if not _is_housekeeping(p.node)), default=-1)
    found = []
    spans = [_span(place.node) for place in places]
    for position, place in enumerate(places):
        span = spans[position]
        alone = all(not _overlap(span, other) for i, other in enumerate(spans) if i != position)
        exact = _same_text(lines, parsed.plain, span)
        first, first_column, last, last_column = span if exact else (span[0], 0, span[2], _width(lines, span[2]))
        role = _role(place, values) if alone else Role.CODE
        node, effects = place.node, place.effects
        shown = (
            position == last_shown
            and isinstance(node, ast.Expr)
            and not cell.source.rstrip().endswith(";")
            and not isinstance(node.value, ast.Constant)
        )
        shared = role in (Role.IMPORT, Role.DEFINITION, Role.SETTING)
        found.append(
            Statement(
                cell=cell.index,
                position=position,
                first_line=first,
                last_line=last,
                first_column=first_column,
                last_column=last_column,
                source=_text(lines, first, first_column, last, last_column),
                role=role,
                reads=tuple(effects.reads),
                binds=tuple(name for name in effects.ever if name in effects.bound),
                may_bind=tuple(name for name in effects.ever if name not in effects.bound),
                mutates=tuple(effects.mutated),
                direct=tuple(name for name in effects.direct if name in effects.mutated),
                deletes=tuple(effects.deleted),
                free=free_names(node) if shared else (),
                eager=tuple(effects.reads) if shared else (),
                literals=_literals(node, lines, last, last_column, values) if role is Role.LITERAL else (),
                displays=effects.displays or shown,
                fits=effects.fits,
                logs=effects.logs,
                sink=effects.sink or ("changes the process" if role is Role.SETTING and _is_wide(effects) else ""),
                chance=tuple(effects.chance),
                asks=tuple(effects.asks),
                files_read=tuple(effects.files_read),
                files_written=tuple(effects.files_written),
                requirements=_requirements(node),
                modules=tuple(effects.modules),
                why=_reason(node) if role is Role.HOUSEKEEPING else "",
            )
        )
    return tuple(found)


def _role(place: Place, values: dict[str, Value]) -> Role:
    node, effects = place.node, place.effects
    if _is_housekeeping(node):
        return Role.HOUSEKEEPING
    if isinstance(node, ast.Import | ast.ImportFrom) or _is_guarded_import(node):
        return Role.IMPORT
    quiet = not (effects.mutated or effects.sink or effects.files_written or effects.logs or effects.fits)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return Role.DEFINITION if quiet else Role.CODE
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name) and quiet:
        value = values.get(node.targets[0].id)
        if isinstance(node.value, ast.Lambda):
            return Role.DEFINITION
        if isinstance(node.value, ast.Call) and value and value.kind == LIBRARY and value.dotted.endswith("()"):
            return Role.DEFINITION
        if isinstance(node.value, ast.Name | ast.Attribute) and value and value.kind in (FUNCTION, CLASS, LIBRARY):
            return Role.DEFINITION
    only_sets = effects.setting and not effects.ever and not effects.files_written
    only_sets = only_sets and all(name.endswith(" (settings)") for name in effects.mutated)
    if only_sets and isinstance(node, ast.Expr | ast.Assign | ast.AugAssign):
        return Role.SETTING
    if isinstance(node, ast.Assign | ast.AnnAssign) and (pairs := _literal_pairs(node, values)):
        makers = {name for _, value in pairs for name in names_in(value)}
        if isinstance(node, ast.AnnAssign) or effects.reads.keys() <= makers:
            return Role.LITERAL
    return Role.CODE


def _is_wide(effects: Effects) -> bool:
    return any(name.partition(" ")[0] in knowledge.PROCESS_WIDE for name in effects.mutated)


def _is_housekeeping(node: ast.stmt) -> bool:
    match node:
        case ast.Expr(value=ast.Call(func=ast.Name(id=magics.HOUSEKEEPING))):
            return True
        case ast.Expr(value=ast.Constant()) | ast.Pass():
            return True
    return False


def _is_guarded_import(node: ast.stmt) -> bool:
    """`try: import x / except ImportError: x = None`."""
    if not isinstance(node, ast.Try) or node.orelse or node.finalbody:
        return False
    inside = [*node.body, *(each for handler in node.handlers for each in handler.body)]
    return any(isinstance(each, ast.Import | ast.ImportFrom) for each in node.body) and all(
        isinstance(each, ast.Import | ast.ImportFrom | ast.Pass)
        or (isinstance(each, ast.Assign) and isinstance(each.value, ast.Constant))
        for each in inside
    )


def _reason(node: ast.stmt) -> str:
    match node:
        case ast.Expr(value=ast.Call(args=[ast.Constant(value=str() as why), *_])):
            return why
    return "does nothing"


def _requirements(node: ast.stmt) -> tuple[str, ...]:
    match node:
        case ast.Expr(value=ast.Call(func=ast.Name(id=magics.HOUSEKEEPING), args=[_, *wanted])):
            return tuple(str(each.value) for each in wanted if isinstance(each, ast.Constant))
    return ()


# Literals


def _literal_pairs(node: ast.Assign | ast.AnnAssign, values: dict[str, Value]) -> list[tuple[str, ast.expr]]:
    """(name, literal) for every name that the statement binds; empty unless all are names and literals."""
    if node.value is None:
        return []
    targets = [node.target] if isinstance(node, ast.AnnAssign) else node.targets
    pairs: list[tuple[str, ast.expr]] = []
    for target in targets:
        if isinstance(target, ast.Name):
            pairs.append((target.id, node.value))
        elif (
            isinstance(target, ast.Tuple)
            and isinstance(node.value, ast.Tuple | ast.List)
            and len(target.elts) == len(node.value.elts)
            and all(isinstance(each, ast.Name) for each in target.elts)
        ):
            names = [each.id for each in target.elts if isinstance(each, ast.Name)]
            pairs.extend(zip(names, node.value.elts, strict=True))
        else:
            return []
    dotted = known_by(values)
    return pairs if all(literal(value)[0] or typed_literal(name, value, dotted) for name, value in pairs) else []


def _literals(
    node: ast.stmt, lines: list[str], last: int, last_column: int, values: dict[str, Value]
) -> tuple[Literal, ...]:
    if not isinstance(node, ast.Assign | ast.AnnAssign):
        return ()
    annotation = node.annotation if isinstance(node, ast.AnnAssign) else None
    rest = lines[last - 1].encode()[last_column:].decode(errors="replace").strip() if last <= len(lines) else ""
    comment = rest.lstrip("#").strip() if rest.startswith("#") else ""
    pairs, dotted = _literal_pairs(node, values), known_by(values)
    shared = len({id(value) for _, value in pairs}) < len(pairs)
    found = []
    for name, value in pairs:
        if shared and isinstance(value, ast.List | ast.Dict):
            return ()
        typed = typed_literal(name, value, dotted)
        type_, optional, text = _type(annotation, typed[0] if typed else _type_of(value))
        found.append(
            Literal(
                name=name,
                type=type_,
                value=typed[1] if typed else literal(value)[1],
                annotation=text,
                optional=optional,
                comment=comment,
            )
        )
    return tuple(found)


_BY_NAME = {
    "int": ParameterType.INT,
    "float": ParameterType.FLOAT,
    "bool": ParameterType.BOOL,
    "str": ParameterType.STR,
    "list": ParameterType.LIST,
    "List": ParameterType.LIST,
    "dict": ParameterType.DICT,
    "Dict": ParameterType.DICT,
    "tuple": ParameterType.TUPLE,
    "Tuple": ParameterType.TUPLE,
    "date": ParameterType.DATE,
    "datetime": ParameterType.DATETIME,
    "Timestamp": ParameterType.TIMESTAMP,
    "Path": ParameterType.PATH,
}
_ONLY_SO = frozenset({ParameterType.DATE, ParameterType.DATETIME, ParameterType.TIMESTAMP, ParameterType.PATH})
"""Text would be no value of these: an annotation that claims them counts only where the value is None, or is one."""


def _type(annotation: ast.expr | None, plain: ParameterType) -> tuple[ParameterType, bool, str]:
    if annotation is None:
        return plain, plain is ParameterType.NONE, ""
    text = ast.unparse(annotation)
    optional = plain is ParameterType.NONE
    match annotation:
        case ast.BinOp(op=ast.BitOr(), left=left, right=ast.Constant(value=None)):
            annotation, optional = left, True
        case ast.BinOp(op=ast.BitOr(), left=ast.Constant(value=None), right=right):
            annotation, optional = right, True
        case ast.Subscript(value=ast.Name(id="Optional") | ast.Attribute(attr="Optional"), slice=inner):
            annotation, optional = inner, True
    if isinstance(annotation, ast.Subscript):
        annotation = annotation.value
    name = annotation.id if isinstance(annotation, ast.Name) else ""
    name = annotation.attr if isinstance(annotation, ast.Attribute) else name
    claimed = _BY_NAME.get(name, plain)
    if plain in _ONLY_SO or (claimed in _ONLY_SO and plain is not ParameterType.NONE):
        claimed = plain
    return claimed, optional, text


def _type_of(value: ast.expr) -> ParameterType:
    match value:
        case ast.List():
            return ParameterType.LIST
        case ast.Tuple():
            return ParameterType.TUPLE
        case ast.Dict():
            return ParameterType.DICT
    plain = literal(value)[1]
    if plain is None:
        return ParameterType.NONE
    return _BY_NAME[type(plain).__name__]


# Places


def _span(node: ast.stmt) -> tuple[int, int, int, int]:
    first, column = node.lineno, node.col_offset
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.decorator_list:
        first, column = min(each.lineno for each in node.decorator_list), 0
    return first, column, node.end_lineno or first, node.end_col_offset or 0


def _overlap(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    return (one[:2] < other[2:] and other[:2] < one[2:]) or one[:2] == other[:2]


def _same_text(lines: list[str], plain: list[str], span: tuple[int, int, int, int]) -> bool:
    return lines[span[0] - 1 : span[2]] == plain[span[0] - 1 : span[2]]


def _width(lines: list[str], number: int) -> int:
    return len(lines[number - 1].encode()) if number <= len(lines) else 0


def _text(lines: list[str], first: int, first_column: int, last: int, last_column: int) -> str:
    found = lines[first - 1 : last]
    if not found:
        return ""
    found[-1] = found[-1].encode()[:last_column].decode(errors="replace")
    found[0] = found[0].encode()[first_column:].decode(errors="replace")
    return "\n".join(found)
