"""What a table has to be: a contract of rules, and what was found when a table was held against it.

Source: issue 8. A rule is flat (what, on which columns, how much): whoever checks or translates one needs no more than
its kind.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

VERSION = 1


class RuleKind(StrEnum):
    """Of a rule. The words are those of the file."""

    PRESENT = "present"
    """The column is there."""
    TYPE = "type"
    FINITE = "finite"
    """No infinities."""
    ZONE = "zone"
    """`aware` or `naive`."""
    MISSING = "missing"
    """The share that may be missing."""
    UNIQUE = "unique"
    """Of one column, or of several together."""
    MIN = "min"
    MAX = "max"
    MIN_LENGTH = "min_length"
    MAX_LENGTH = "max_length"
    CATEGORIES = "categories"
    """The share of others is the rule's `share`."""
    PATTERN = "pattern"
    """The whole value matches it, in RE2's syntax."""
    MIN_ROWS = "min_rows"
    MAX_ROWS = "max_rows"
    FRESH = "fresh"
    """Seconds that the newest value may be old."""
    CLOSED = "closed"
    """There are no other columns."""
    ORDER = "order"
    """The columns come in this order."""
    CHECK = "check"
    """An expression over columns of one row."""
    NAMES = "names"
    """Each column has a name of its own. Of every table, without being written."""


class Level(StrEnum):
    """How bad it is that a rule is broken."""

    ERROR = "error"
    WARNING = "warning"


class Type(StrEnum):
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TEXT = "text"
    CATEGORY = "category"
    DATETIME = "datetime"


OF_VALUES = frozenset(
    {
        RuleKind.TYPE,
        RuleKind.FINITE,
        RuleKind.MIN,
        RuleKind.MAX,
        RuleKind.MIN_LENGTH,
        RuleKind.MAX_LENGTH,
        RuleKind.CATEGORIES,
        RuleKind.PATTERN,
        RuleKind.MISSING,
        RuleKind.CHECK,
    }
)
"""Rules that one row keeps or breaks: those that a service can ask about."""


class Rule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    kind: RuleKind
    columns: tuple[str, ...] = ()
    value: Any = None
    """A number, text, names; of a datetime column ISO 8601."""
    severity: Level = Level.ERROR
    share: float = 0.0
    """Of the rows that may break it."""
    line: int = 0
    """Of the file; 0: it was not read from one."""


class Column(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    name: str
    type: Type | None = None
    rules: tuple[Rule, ...] = ()
    note: str = ""
    """A comment for whoever edits the file."""
    line: int = 0

    def rule(self, kind: RuleKind) -> Rule | None:
        return next((each for each in self.rules if each.kind is kind), None)


class Contract(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    columns: tuple[Column, ...] = ()
    rules: tuple[Rule, ...] = ()
    """Of the table, and across columns."""
    place: str = ""
    note: str = ""
    version: int = VERSION

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(each.name for each in self.columns)

    @property
    def every(self) -> tuple[Rule, ...]:
        return (*(rule for column in self.columns for rule in column.rules), *self.rules)

    def texts(self) -> tuple[str, ...]:
        """Columns whose values are text, whatever a file without types makes of them."""
        return tuple(each.name for each in self.columns if each.type in (Type.TEXT, Type.CATEGORY))


class Offender(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A row that breaks a rule."""

    row: int
    """From 0 on, as it lies in the table."""
    column: str
    value: str
    """As text, shortened; what looks like a secret is not shown."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One rule, and whether it is kept."""

    kind: RuleKind
    columns: tuple[str, ...]
    passed: bool
    why: str
    """In a sentence, with the figures."""
    severity: Level = Level.ERROR
    broken: int = 0
    """Rows that break it; columns where the rule is about columns."""
    share: float = 0.0
    """Of the rows that it is about."""
    allowed: float = 0.0
    offenders: tuple[Offender, ...] = ()
    """The first of them."""
    line: int = 0


class Validation(msgspec.Struct, frozen=True, kw_only=True):
    """A table held against a contract."""

    place: str
    """Where the table comes from."""
    contract: str
    rows: int
    columns: int
    outcomes: tuple[Outcome, ...]
    """Broken ones first, the worst first; then as the contract has them."""
    notes: tuple[str, ...] = ()

    @property
    def broken(self) -> tuple[Outcome, ...]:
        return tuple(each for each in self.outcomes if not each.passed)

    @property
    def errors(self) -> tuple[Outcome, ...]:
        return tuple(each for each in self.broken if each.severity is Level.ERROR)
