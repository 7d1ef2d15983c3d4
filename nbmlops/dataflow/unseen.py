"""Code that is data, and names that only execution tells: `exec`, `globals()`, `%run`, sources that cells write.

Where the text is known it is walked like the rest; where it is not, it may read and bind anything.
"""

from __future__ import annotations

import abc
import ast

from nbmlops.dataflow import files, knowledge, magics
from nbmlops.dataflow.filecalls import FileCalls
from nbmlops.dataflow.frame import is_path, module_paths
from nbmlops.dataflow.values import SCALAR, Value, text_value


class Unseen(FileCalls):
    @abc.abstractmethod
    def walk(self, statements: list[ast.stmt]) -> None:
        """Go through a body of statements: body.py."""

    def of_globals(self, node: ast.Call, attr: str) -> Value:
        """A method of the dict of the notebook's names."""
        values = [self.evaluate(each) for each in (*node.args, *(keyword.value for keyword in node.keywords))]
        name = values[0].text if values else None
        if attr in ("get", "__getitem__") and name is not None:
            return self.read_global(name) if name in self.world.notebook.values else SCALAR
        if attr in knowledge.CONTAINER_MUTATORS:
            self.open_names(f"globals().{attr}()")
        else:
            self.read_all()
        return self.world.fresh().holding(*values)

    def write_source(self, path: str, text: str | None) -> None:
        world = self.world
        if text is None:
            world.written.pop(path, None)
        else:
            world.written[path] = text
        for module in list(world.local_modules):
            if path in module_paths(module):
                del world.local_modules[module]

    def run_script(self, line: str) -> None:
        """`%run`: what the script binds is bound here, by this statement."""
        path = next((word.strip("'\"") for word in line.split() if not word.startswith("-")), "")
        path = path if is_path(path) else f"{path}.py"
        self.read_file(text_value(path))
        self.run_source(self.world.source(files.normal(path)), f"%run {path}")

    def run_source(self, source: str | None, why: str) -> None:
        """Code that runs in the notebook's namespace; without its source, anything may have happened."""
        tree = _parsed(source)
        if tree is None:
            self.open_names(why)
            return
        frame = type(self)(self.world, self.world.notebook, self.effects)
        frame.guarded = 1
        if isinstance(frame, Unseen):
            frame.walk(magics.lower(tree).body)

    def execute(self, dotted: str, node: ast.Call, positional: list[Value], named: dict[str, Value]) -> Value:
        """`exec` and `eval`, in the notebook's names or in a dict of their own."""
        source = positional[0].text if positional else None
        if len(node.args) > 1 and not self.is_globals(node.args[1]):
            self.mutate(positional[1].own)
            return self.world.fresh().holding(*positional[1:])
        if dotted == "exec":
            self.run_source(source, "exec()")
            return SCALAR
        tree = _parsed(source.strip() if source is not None else None)
        if tree is None or len(tree.body) != 1 or not isinstance(tree.body[0], ast.Expr):
            self.read_all()
            return self.world.fresh()
        return self.evaluate(tree.body[0].value)


def _parsed(source: str | None) -> ast.Module | None:
    try:
        return ast.parse(source) if source is not None else None
    except (SyntaxError, ValueError):
        return None
