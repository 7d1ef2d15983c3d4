"""Rows that come to a service, held against a contract before the model sees them. Neither pandas nor files are needed.

What one request can tell is asked: rules about values, and checks of a row. Whether a column is unique, how many rows
there are or how old the newest is, no request can tell. A rule that a share of the rows may break, and a warning, is
counted and never refused.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

import msgspec
import numpy as np

from nbmlops.errors import MissingDependencyError, UsageError
from nbmlops.model.contract import Column, Contract, Level, Rule, RuleKind, Type
from nbmlops.quality import expressions
from nbmlops.quality.seen import Array, Seen, of_array
from nbmlops.quality.sentences import subject, wanted
from nbmlops.quality.typed import typed
from nbmlops.quality.values import broken

OnBreach = Literal["warn", "reject", "quarantine"]
WAYS: tuple[OnBreach, ...] = ("warn", "reject", "quarantine")
MOST_COUNTED = 500
"""Rules that are counted one by one."""
OTHERS = ("other", "other")
_OF_NUMBERS = frozenset({RuleKind.MIN, RuleKind.MAX, RuleKind.FINITE, RuleKind.MISSING, RuleKind.TYPE})
_ASKED = _OF_NUMBERS | {RuleKind.MIN_LENGTH, RuleKind.MAX_LENGTH, RuleKind.CATEGORIES, RuleKind.PATTERN}
_LONGEST = 60


class Breach(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that rows of a request break."""

    rule: Rule
    rows: int
    first: int
    """Of them, from 0 on."""
    value: str
    """There, shortened."""

    @property
    def is_serious(self) -> bool:
        return self.rule.severity is Level.ERROR and not self.rule.share

    @property
    def name(self) -> str:
        return f"{subject(self.rule)} {self.rule.kind}"


class _Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What an array of numbers with these columns has to be, column by column."""

    low: Array
    high: Array
    whole: Array
    """Columns of whole numbers."""
    never_missing: Array
    has_whole: bool
    may_lack: bool
    further: frozenset[str]
    """Columns with rules that need a longer look."""


class Door:
    """Of one process; asked by several threads."""

    def __init__(self, contract: Contract, way: OnBreach = "warn") -> None:
        """Raises MissingDependencyError for patterns without Arrow."""
        self.way = way
        self.requests = {"kept": 0, "broken": 0, "unchecked": 0}
        self.rows: dict[tuple[str, str], int] = {}
        """That break a rule: by column and kind."""
        self._names = contract.names
        self._columns: dict[str, Column] = {each.name: each for each in contract.columns}
        self._checks = [
            (rule, expressions.parse(str(rule.value))) for rule in contract.rules if rule.kind is RuleKind.CHECK
        ]
        self._known = {*self._columns, *(name for _, check in self._checks for name in check.columns)}
        self._plans: dict[tuple[str, ...], _Plan] = {}
        self._lock = threading.Lock()
        if any(rule.kind is RuleKind.PATTERN for rule in contract.every):
            _require_arrow()

    def ask(self, data: Any, names: Sequence[str] = ()) -> tuple[Breach, ...]:
        """What of these rows breaks the contract: an array with `names` for its columns, a table, or arrays by name.

        Raises UsageError for what is serious where it is to be refused.
        """
        found = self._breaches(data, tuple(names))
        with self._lock:
            self.requests["unchecked" if found is None else "broken" if found else "kept"] += 1
            for each in found or ():
                key = (", ".join(each.rule.columns), str(each.rule.kind))
                key = key if key in self.rows or len(self.rows) < MOST_COUNTED else OTHERS
                self.rows[key] = self.rows.get(key, 0) + each.rows
        serious = [each for each in found or () if each.is_serious]
        if serious and self.way == "reject":
            first = serious[0]
            more = f" And {len(serious) - 1} more." if len(serious) > 1 else ""
            raise UsageError(
                f"Row {first.first}: {wanted(first.rule)}, and is {first.value}.{more}", kind="contract-broken"
            )
        return found or ()

    def _breaches(self, data: Any, names: tuple[str, ...]) -> tuple[Breach, ...] | None:
        """None where the columns have no names that the contract knows."""
        if isinstance(data, np.ndarray):
            if data.ndim != 2:
                return None
            if not names and data.shape[1] == len(self._names):
                names = self._names
            if len(names) != data.shape[1]:
                return None
            columns: Mapping[str, Any] = {name: data[:, place] for place, name in enumerate(names)}
            if data.dtype.kind in "fiu" and not self._known.isdisjoint(names):
                return self._looked_at(columns, self._suspects(data, names))
        elif hasattr(data, "columns"):
            columns = {str(name): data[name].to_numpy() for name in data.columns}
        elif isinstance(data, Mapping):
            columns = {str(name): np.asarray(value) for name, value in data.items()}
            columns = {name: array.reshape(-1) for name, array in columns.items() if array.size == len(array)}
        else:
            return None
        known = {name: array for name, array in columns.items() if array.ndim == 1}
        if self._known.isdisjoint(known):
            return None
        return self._looked_at(known, known.keys())

    def _suspects(self, rows: Array, names: tuple[str, ...]) -> set[str]:
        """Columns of plain numbers that need a longer look: of nearly all requests none."""
        plan = self._plans.get(names)
        if plan is None:
            plan = self._plans[names] = self._plan(names)
        inside = (rows >= plan.low) & (rows <= plan.high)
        if plan.may_lack:
            # A gap is neither in a range nor out of it.
            inside |= np.isnan(rows) & ~plan.never_missing
        if plan.has_whole:
            inside &= (rows == np.floor(rows)) | ~plan.whole | np.isnan(rows)
        if inside.all():
            return set(plan.further)
        return {*plan.further, *(names[place] for place in np.flatnonzero(~inside.all(axis=0)))}

    def _plan(self, names: tuple[str, ...]) -> _Plan:
        low, high = np.full(len(names), -np.inf), np.full(len(names), np.inf)
        whole, present = np.zeros(len(names), bool), np.zeros(len(names), bool)
        further: set[str] = set()
        for place, name in enumerate(names):
            column = self._columns.get(name)
            for rule in column.rules if column is not None else ():
                if rule.kind is RuleKind.MIN and not isinstance(rule.value, str):
                    low[place] = max(low[place], float(rule.value))
                elif rule.kind is RuleKind.MAX and not isinstance(rule.value, str):
                    high[place] = min(high[place], float(rule.value))
                elif rule.kind is RuleKind.FINITE:
                    low[place], high[place] = max(low[place], _LEAST), min(high[place], _MOST)
                elif rule.kind is RuleKind.MISSING:
                    present[place] = True
                elif rule.kind is RuleKind.TYPE and rule.value == Type.INTEGER:
                    whole[place] = True
                    low[place], high[place] = max(low[place], _LEAST), min(high[place], _MOST)
                elif rule.kind in _ASKED and not (rule.kind is RuleKind.TYPE and rule.value == Type.NUMBER):
                    further.add(name)
        return _Plan(
            low=low, high=high, whole=whole, never_missing=present, has_whole=bool(whole.any()),
            may_lack=not bool(present.all()), further=frozenset(further),
        )  # fmt: skip

    def _looked_at(self, columns: Mapping[str, Array], names: Collection[str]) -> tuple[Breach, ...]:
        """At these columns, and by all checks."""
        found: list[Breach] = []
        seen: dict[str, Seen] = {}
        for name in columns:
            column = self._columns.get(name)
            if column is None or name not in names:
                continue
            seen[name] = typed(of_array(columns[name]), column.type)
            for rule in column.rules:
                if rule.kind in _ASKED and (rows := broken(rule, seen[name])) is not None:
                    found.append(_breach(rule, rows, columns))
        for rule, check in self._checks:
            if not columns.keys() >= set(check.columns):
                continue
            for name in check.columns:
                if name not in seen:
                    type_ = self._columns[name].type if name in self._columns else None
                    seen[name] = typed(of_array(columns[name]), type_)
            count = len(columns[check.columns[0]])
            try:
                rows = check.broken(seen, count)
            except UsageError:
                rows = np.ones(count, bool)
            if rows.any():
                found.append(_breach(rule, rows, columns))
        return tuple(found)


_LEAST, _MOST = float(np.finfo(np.float64).min), float(np.finfo(np.float64).max)


def read_contract(data: bytes) -> Contract:
    """As `deploy` has written it. Raises UsageError."""
    try:
        return msgspec.json.decode(data, type=Contract)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"The contract cannot be read: {error}.", kind="contract-malformed") from error


def _breach(rule: Rule, rows: Array, columns: Mapping[str, Array]) -> Breach:
    first = int(np.argmax(rows))
    shown = ", ".join(str(columns[name][first])[:_LONGEST] for name in rule.columns)
    return Breach(rule=rule, rows=int(rows.sum()), first=first, value=shown)


def _require_arrow() -> None:
    try:
        import pyarrow.compute  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError(
            "The contract has patterns, which are matched with pyarrow, and that is not here.",
            kind="arrow-missing",
            hint="pip install pyarrow",
        ) from error
