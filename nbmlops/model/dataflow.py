"""Dataflow: what each statement of a notebook does, who feeds whom, and the cells that matter.

`dataflow` makes these nouns from source text; `pipeline` cuts steps out of them; the doors show them.

    Flow    every code cell with the facts of its statements, and the edges between them
    Edge    cell 5 "reads df, bound in cell 3"
    Slice   cells kept and dropped, each with a plain reason

Most names are variables. State that no variable holds has a name of its own, which is no identifier:
`matplotlib.pyplot (current figure)`, `file data/wine.csv`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from nbmlops.model.pipeline import ParameterType


class Role(StrEnum):
    """What becomes of a statement when a notebook is cut into steps."""

    IMPORT = "import"
    DEFINITION = "definition"
    """A function, a class, a lambda bound to a name: re-defined where it is used, never handed over."""
    SETTING = "setting"
    """Changes the state of a module from literals (`pd.set_option`): repeated where the module is used."""
    LITERAL = "literal"
    """Binds names to literals: may become a parameter."""
    HOUSEKEEPING = "housekeeping"
    """Of use at the keyboard only: `%matplotlib inline`, `!pip install`, `df?`."""
    CODE = "code"


SHARED_ROLES = frozenset({Role.IMPORT, Role.DEFINITION, Role.SETTING})


class Literal(msgspec.Struct, frozen=True, kw_only=True):
    """A name bound to a literal, as a parameter would be."""

    name: str
    type: ParameterType
    value: Any = None
    """A JSON value; a tuple is kept as a list."""
    annotation: str = ""
    optional: bool = False
    comment: str = ""


class Stuck(msgspec.Struct, frozen=True, kw_only=True):
    """A variable whose value cannot leave its process."""

    name: str
    why: str
    holds: bool = False
    """Not the value itself, but something that it may hold."""

    @property
    def sentence(self) -> str:
        return f"{self.name} {'may hold' if self.holds else 'is'} {self.why}"


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """One top-level statement and what it does, called functions included."""

    cell: int
    """Index among all cells of the notebook."""
    position: int
    """Among the statements of its cell, from 0."""
    first_line: int
    """In the cell as written, from 1; decorators included."""
    last_line: int
    first_column: int = 0
    last_column: int = 0
    source: str = ""
    role: Role = Role.CODE
    reads: tuple[str, ...] = ()
    """Names whose earlier values it needs."""
    binds: tuple[str, ...] = ()
    """Names it binds whatever happens."""
    may_bind: tuple[str, ...] = ()
    """Names it binds on some paths only."""
    mutates: tuple[str, ...] = ()
    """Names whose objects it may change, aliases included."""
    direct: tuple[str, ...] = ()
    """Those of `mutates` that are named in the code; the others are reached through an alias."""
    deletes: tuple[str, ...] = ()
    free: tuple[str, ...] = ()
    """Every outer name that a definition mentions, whether it is called or not."""
    eager: tuple[str, ...] = ()
    """The outer names needed while the statement itself runs (decorators, defaults), not at a later call."""
    literals: tuple[Literal, ...] = ()
    displays: bool = False
    fits: bool = False
    logs: bool = False
    sink: str = ""
    """What it does to the outside world (`runs !make data`), if it does."""
    chance: tuple[str, ...] = ()
    """What makes it come out otherwise each time: `np.random.rand() in cell 4 is not seeded`."""
    asks: tuple[str, ...] = ()
    """Where it waits for somebody to type: `input() in cell 2`."""
    files_read: tuple[str, ...] = ()
    files_written: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    """Dotted names of what it imports; local ones are in `Flow.modules`."""
    why: str = ""
    """Why a housekeeping statement is not needed."""


class CellFlow(msgspec.Struct, frozen=True, kw_only=True):
    """A code cell as analysis sees it."""

    index: int
    id: str
    tags: tuple[str, ...] = ()
    source: str
    header_lines: int = 0
    """Lines of a `%%mlops run` header, which a step does without."""
    statements: tuple[Statement, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    """After the cell: variables that may share mutable objects."""
    stuck: tuple[Stuck, ...] = ()
    """After the cell: variables that cannot be handed to another process."""
    views: tuple[str, ...] = ()
    """After the cell: variables that may be parts of the memory of another array."""
    closures: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """After the cell: variables that hold functions, with the outer variables those read when called."""

    @property
    def label(self) -> str:
        return f"cell {self.index + 1}"


class EdgeKind(StrEnum):
    BOUND = "bound"
    MUTATED = "mutated"


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """`target` needs what `source` did to `name`. Both are (cell index, position of the statement)."""

    source: tuple[int, int]
    target: tuple[int, int]
    name: str
    kind: EdgeKind
    evidence: str


class Unbound(msgspec.Struct, frozen=True, kw_only=True):
    """A name that is used where nothing has bound it."""

    name: str
    cell: int
    line: int
    via: str = ""
    """The function that uses it."""
    bound_in: int | None = None
    """The first cell from there on that binds it."""


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """A notebook in document order: facts and edges."""

    notebook: str
    cells: tuple[CellFlow, ...]
    edges: tuple[Edge, ...] = ()
    unbound: tuple[Unbound, ...] = ()
    modules: tuple[str, ...] = ()
    """Local modules that the notebook imports, those they import included."""
    module_imports: tuple[str, ...] = ()
    """What the local modules import in turn."""

    @property
    def statements(self) -> tuple[Statement, ...]:
        return tuple(statement for cell in self.cells for statement in cell.statements)

    @property
    def requirements(self) -> tuple[str, ...]:
        """What the notebook itself installs with pip, in order."""
        return tuple(dict.fromkeys(text for each in self.statements for text in each.requirements))


class KeptCell(msgspec.Struct, frozen=True, kw_only=True):
    cell: int
    id: str
    why: str
    root: bool = False
    """Kept for its own sake, not because another cell needs it."""


class DroppedCell(msgspec.Struct, frozen=True, kw_only=True):
    cell: int
    id: str
    why: str
    preview: str = ""


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """The cells that some wanted values need, in order."""

    want: tuple[str, ...] = ()
    kept: tuple[KeptCell, ...]
    dropped: tuple[DroppedCell, ...] = ()
    shared: tuple[tuple[int, int], ...] = ()
    """Imports, definitions and settings that kept code uses, as (cell index, position)."""

    @property
    def cells(self) -> frozenset[int]:
        return frozenset(each.cell for each in self.kept)


def is_variable(name: str) -> bool:
    """False for names of hidden state and files."""
    return name.isidentifier()
