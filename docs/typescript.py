"""TypeScript's view of the REST API: an interface for each document that goes over the wire.

In a request an argument with a default may be left out; in a result everything is there. Documents of one name from
different modules are named by their verb (`RunsRequest`) or by their module.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterable
from enum import Enum
from typing import Any, get_args, get_type_hints

import msgspec
from msgspec import inspect as shapes

from nbmlops.doors.server.documents import ANSWERS, API, BODIES
from nbmlops.ops.verbs import VERBS, Verb

HEAD = """\
// Made by docs/make.py from the verb table and its documents. Do not edit: python docs/make.py --texts
"""
FINITE = {
    "seconds",
    "backoff",
    "timeout",
    "cpu",
    "weight",
    "tolerance",
    "process_started",
    "shift",
    "share_before",
    "share_after",
}
"""Numbers of ours. Any other may have been measured as NaN or infinite, and JSON has null for that."""
WIDTH = 118


def text() -> str:
    """The whole file."""
    verbs = [verb for verb in VERBS if not verb.is_terminal]
    names = _Names(verbs)
    parts = [HEAD, f"/** Shape of the answers: `api` of the table. */\nexport const API = {API};\n"]
    parts += [_declared(kind, names) for kind in names.ordered()]
    here = [verb for verb in verbs if not verb.needs_kernel]
    parts.append(_table("Verbs", "Verbs that REST answers.", here, names))
    kernel = [verb for verb in verbs if verb.needs_kernel]
    parts.append(_table("KernelVerbs", "Verbs that are magic lines of a notebook only.", kernel, names))
    return "\n".join(parts)


class _Names:
    """Each document that can be reached, and what TypeScript calls it."""

    def __init__(self, verbs: Iterable[Verb]) -> None:
        self.requests: set[type] = set(BODIES)
        self._named: dict[type, str] = {}
        found: dict[type, None] = {}
        for verb in verbs:
            self.requests.add(verb.request)
            _reach(shapes.type_info(verb.request), found)
            self._named.setdefault(verb.request, f"{_capital(verb.name)}Request")
            for result in _results(verb):
                _reach(shapes.type_info(result), found)
                self._named.setdefault(result, f"{_capital(_module(result))}Result")
        for cls in (*ANSWERS, *BODIES):
            _reach(shapes.type_info(cls), found)
        self._found = found
        by_name: dict[str, list[type]] = {}
        for cls in found:
            if cls not in self._named:
                by_name.setdefault(cls.__name__, []).append(cls)
        taken = set(self._named.values())
        for name, classes in by_name.items():
            for cls in classes:
                is_clear = len(classes) == 1 and name not in taken
                self._named[cls] = name if is_clear else f"{_capital(_module(cls))}{name}"
        if len(set(self._named.values())) != len(self._named):
            raise ValueError(f"Two documents of one name: {sorted(self._named.values())}")

    def __getitem__(self, cls: type) -> str:
        return self._named[cls]

    def ordered(self) -> list[type]:
        return sorted(self._found, key=lambda cls: self._named[cls])


def _reach(shape: shapes.Type, found: dict[type, None]) -> None:
    """Adds the documents and enumerations below a type, each once."""
    if isinstance(shape, shapes.StructType | shapes.EnumType):
        if shape.cls in found:
            return
        found[shape.cls] = None
    for field in getattr(shape, "fields", ()):
        _reach(field.type, found)
    for name in ("type", "item_type", "key_type", "value_type"):
        if isinstance(inner := getattr(shape, name, None), shapes.Type):
            _reach(inner, found)
    for name in ("types", "item_types"):
        for inner in getattr(shape, name, ()):
            _reach(inner, found)


def _declared(cls: type, names: _Names) -> str:
    shape = shapes.type_info(cls)
    comment = _comment(_docstring(cls), "")
    if isinstance(shape, shapes.EnumType):
        assert issubclass(cls, Enum)
        return f"{comment}{_filled(f'export type {names[cls]} =', [_literal(each.value) for each in cls])}\n"
    assert isinstance(shape, shapes.StructType)
    told = _attribute_docstrings(cls)
    lines = [f"{comment}export interface {names[cls]} {{"]
    if shape.tag is not None:
        lines.append(f"  {shape.tag_field}: {_literal(shape.tag)};")
    for field in shape.fields:
        is_asked = cls in names.requests
        mark = "?" if is_asked and not field.required else ""
        help = _help(field.type) or told.get(field.name, "")
        wire = _wire(field.type, names, is_measured=not is_asked and field.name not in FINITE)
        lines.append(f"{_comment(help, '  ')}  {field.encode_name}{mark}: {wire};")
    return "\n".join([*lines, "}\n"])


def _wire(shape: shapes.Type, names: _Names, *, is_measured: bool) -> str:
    """What JSON holds for a type."""
    match shape:
        case shapes.Metadata():
            return _wire(shape.type, names, is_measured=is_measured)
        case shapes.StructType() | shapes.EnumType():
            return names[shape.cls]
        case shapes.LiteralType():
            return " | ".join(_literal(value) for value in shape.values)
        case shapes.BoolType():
            return "boolean"
        case shapes.IntType():
            return "number"
        case shapes.FloatType():
            return "number | null" if is_measured else "number"
        case shapes.NoneType():
            return "null"
        case shapes.StrType() | shapes.DateTimeType() | shapes.BytesType():
            return "string"
        case shapes.UnionType():
            parts = [part for each in shape.types for part in _wire(each, names, is_measured=is_measured).split(" | ")]
            return " | ".join(sorted(dict.fromkeys(parts), key=lambda part: part == "null"))
        case shapes.TupleType():
            return f"[{', '.join(_wire(each, names, is_measured=is_measured) for each in shape.item_types)}]"
        case shapes.VarTupleType() | shapes.ListType() | shapes.FrozenSetType() | shapes.SetType():
            item = _wire(shape.item_type, names, is_measured=is_measured)
            return f"({item})[]" if " | " in item else f"{item}[]"
        case shapes.DictType():
            return f"{{ [name: string]: {_wire(shape.value_type, names, is_measured=is_measured)} }}"
        case shapes.AnyType():
            return "unknown"
    raise TypeError(f"{shape} has no form in TypeScript yet.")


def _table(name: str, about: str, verbs: Iterable[Verb], names: _Names) -> str:
    lines = [
        f"  {verb.name}: {{ request: {names[verb.request]}; "
        f"result: {' | '.join(names[each] for each in _results(verb))} }};"
        for verb in verbs
    ]
    return "\n".join([f"{_comment(about, '')}export interface {name} {{", *lines, "}\n"])


def _results(verb: Verb) -> tuple[type, ...]:
    """Some verbs give one of several documents."""
    result = get_type_hints(verb.operation)["return"]
    return get_args(result) or (result,)


def _module(cls: type) -> str:
    return cls.__module__.rsplit(".", 1)[1].removesuffix("_")


def _capital(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _literal(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else msgspec.json.encode(value).decode()


def _help(shape: shapes.Type) -> str:
    return str((shape.extra_json_schema or {}).get("description", "")) if isinstance(shape, shapes.Metadata) else ""


def _docstring(cls: type) -> str:
    own = cls.__dict__.get("__doc__") or ""
    return inspect.cleandoc(own)


def _attribute_docstrings(cls: type) -> dict[str, str]:
    """The string below each field, of the class and of those that it is made from."""
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if base is msgspec.Struct or not issubclass(base, msgspec.Struct):
            continue
        body = ast.parse(textwrap.dedent(inspect.getsource(base))).body[0]
        assert isinstance(body, ast.ClassDef)
        for one, following in zip(body.body, body.body[1:], strict=False):
            if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name) and isinstance(following, ast.Expr):
                value = following.value
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    found[one.target.id] = inspect.cleandoc(value.value)
    return found


def _comment(told: str, indent: str) -> str:
    if not told:
        return ""
    lines = told.replace("*/", "* /").splitlines()
    if len(lines) == 1:
        return f"{indent}/** {lines[0]} */\n"
    return "\n".join([f"{indent}/**", *(f"{indent} * {line}".rstrip() for line in lines), f"{indent} */\n"])


def _filled(start: str, values: list[str]) -> str:
    """A union on one line, or on one line each."""
    line = f"{start} {' | '.join(values)};"
    return line if len(line) <= WIDTH else "\n".join([start, *(f"  | {value}" for value in values)]) + ";"
