"""Which definitions of local modules a step uses, and their digests: who edits one function makes its users run again.

    used_definitions(cells, file_of)      # {"helpers": {"scale": "4f…", "": "a0…"}}

`""` stands for what a module does when it is imported: everything but plain functions and classes. One that is
decorated or has bases may register itself somewhere, so it counts among that. Where a module is used as a whole (it is
passed on, or imported with a star), all of it counts.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from nbmlops.pipeline.plain_code import StepCell, parsed, tree_digest

FileOf = Callable[[str], Path | None]
"""The file of a local module by its dotted name; None for every other module."""

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
ON_IMPORT = ""
_ALL = "*"


def beside(folder: Path) -> FileOf:
    """Modules and packages that lie in a folder."""

    def file_of(name: str) -> Path | None:
        base = folder.joinpath(*name.split("."))
        return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)

    return file_of


def used_definitions(cells: Iterable[StepCell], file_of: FileOf) -> dict[str, dict[str, str]]:
    """By module, the digest of each definition that the code reaches, directly or through others."""
    walk = _Walk(file_of)
    trees = [cell.tree for cell in cells]
    # One cell imports what another uses.
    walk.use(ast.Module([statement for tree in trees if tree is not None for statement in tree.body], []), "")
    is_whole = any(tree is None for tree in trees)  # a magic may run anything
    for name in list(walk.imported) if is_whole else ():
        walk.reach(name, _ALL)
    return {name: walk.digests(name) for name in sorted(walk.reached)}


class _Walk:
    def __init__(self, file_of: FileOf) -> None:
        self._file_of = file_of
        self._modules: dict[str, _Module | None] = {}
        self.reached: dict[str, set[str]] = {}
        self.imported: set[str] = set()

    def use(self, tree: ast.AST, package: str) -> None:
        """Follow what some code takes from local modules. `package`: to which its relative imports belong."""
        aliases: dict[str, str] = {}
        """Name in the code -> local module."""
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for each in node.names:
                    self._import(each.name)
                    if each.asname and self._module(each.name):
                        aliases[each.asname] = each.name
                    elif self._module(each.name.partition(".")[0]) or self._module(each.name):
                        aliases[each.name.partition(".")[0]] = each.name.partition(".")[0]
            elif isinstance(node, ast.ImportFrom):
                base = _absolute(node, package)
                self._import(base)
                for each in node.names:
                    inner = f"{base}.{each.name}"
                    if self._module(inner):
                        self._import(inner)
                        aliases[each.asname or each.name] = inner
                    elif self._module(base):
                        self.reach(base, _ALL if each.name == "*" else each.name)
        if aliases:
            self._attributes(tree, aliases)

    def _attributes(self, tree: ast.AST, aliases: dict[str, str]) -> None:
        """`helpers.scale(...)` uses `scale`; `helpers` by itself may be used for anything."""
        for name, *rest in _paths(tree):
            if name not in aliases:
                continue
            module = aliases[name]
            while len(rest) > 1 and self._module(f"{module}.{rest[0]}"):
                module = f"{module}.{rest.pop(0)}"
            if not rest:
                self.reach(module, _ALL)
            elif self._module(f"{module}.{rest[0]}"):
                self.reach(f"{module}.{rest[0]}", _ALL)
            else:
                self.reach(module, rest[0])

    def _import(self, name: str) -> None:
        """Importing `a.b` runs both."""
        parts = name.split(".")
        for count in range(1, len(parts) + 1):
            module = ".".join(parts[:count])
            if self._module(module):
                self.imported.add(module)
                self.reach(module, ON_IMPORT)

    def reach(self, name: str, definition: str) -> None:
        module = self._module(name)
        if module is None:
            return
        reached = self.reached.setdefault(name, set())
        wanted = [*module.definitions, ON_IMPORT] if definition == _ALL else [definition]
        for each in wanted:
            # What is no definition (a constant) is made when the module is imported.
            key = each if each in module.definitions else ON_IMPORT
            if key in reached:
                continue
            reached.add(key)
            for node in module.code(key):
                self.use(node, module.package)
                for free in _names(node):
                    if free in module.definitions:
                        self.reach(name, free)
            for base, taken in module.taken(key):
                self.reach(base, taken)

    def digests(self, name: str) -> dict[str, str]:
        module = self._module(name)
        assert module is not None
        return {each: tree_digest(module.code(each)) for each in sorted(self.reached[name])}

    def _module(self, name: str) -> _Module | None:
        if name not in self._modules:
            path = self._file_of(name) if name else None
            self._modules[name] = _Module(name, path) if path is not None else None
        return self._modules[name]


class _Module:
    def __init__(self, name: str, path: Path) -> None:
        text = path.read_text(encoding="utf-8", errors="replace")
        tree = parsed(text)
        self.package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        self.definitions: dict[str, list[ast.stmt]] = {}
        self._on_import: list[ast.stmt] = []
        # Of what is not Python, the text counts.
        statements = tree.body if tree is not None else [ast.Expr(ast.Constant(text))]
        for statement in statements:
            if isinstance(statement, _DEFINITIONS) and not _acts(statement):
                self.definitions.setdefault(statement.name, []).append(statement)
            else:
                self._on_import.append(statement)
        self._imports = dict(_imports(self._on_import, self.package))

    def code(self, definition: str) -> list[ast.stmt]:
        return self.definitions[definition] if definition else self._on_import

    def taken(self, definition: str) -> Iterator[tuple[str, str]]:
        """What a definition takes from other modules through imports at the top of this one."""
        for node in self.code(definition):
            for path in _paths(node):
                if path[0] not in self._imports:
                    continue
                base, name = self._imports[path[0]]
                if name:
                    yield base, name
                    yield f"{base}.{name}", path[1] if len(path) > 1 else _ALL
                elif len(path) > 1:
                    yield base, path[1]


def _acts(definition: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    """Whether making it may do something elsewhere."""
    return bool(definition.decorator_list) or (isinstance(definition, ast.ClassDef) and bool(definition.bases))


def _imports(statements: Iterable[ast.stmt], package: str) -> Iterator[tuple[str, tuple[str, str]]]:
    for statement in statements:
        if isinstance(statement, ast.Import):
            for each in statement.names:
                yield each.asname or each.name.partition(".")[0], (each.name, "")
        elif isinstance(statement, ast.ImportFrom):
            base = _absolute(statement, package)
            for each in statement.names:
                yield each.asname or each.name, (base, each.name)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".") if package else []
    kept = parts[: len(parts) - node.level + 1]
    return ".".join([*kept, *([node.module] if node.module else [])])


def _paths(tree: ast.AST) -> Iterator[tuple[str, ...]]:
    """The dotted names in some code, each as long as it is written: of `a.b.c` not `a` as well."""
    inner: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name) and id(node) not in inner and (path := _dotted(node)) is not None:
            inner.update(id(each) for each in ast.walk(node))
            yield path


def _dotted(node: ast.AST) -> tuple[str, ...] | None:
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return (node.id, *reversed(names)) if isinstance(node, ast.Name) else None


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
