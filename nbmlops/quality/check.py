"""A table held against a contract: every rule is asked, and says which rows break it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np

from nbmlops.errors import UsageError
from nbmlops.lib.redact import MARK, is_secret_name, redact
from nbmlops.model.contract import Column, Contract, Level, Offender, Outcome, Rule, RuleKind, Type, Validation
from nbmlops.model.finding import Finding, Severity
from nbmlops.quality import expressions
from nbmlops.quality.frames import Columns
from nbmlops.quality.seen import Array, Seen
from nbmlops.quality.sentences import age, in_rows, listed, percent, wanted
from nbmlops.quality.values import broken
from nbmlops.quality.yaml_nodes import near

SAMPLE = 5
"""Rows of each broken rule that are shown."""
_LONGEST = 80
_MOST_NEAR = 20
_ROUNDING = 1e-12


def check(
    table: Any, contract: Contract, *, place: str = "", sample: int = SAMPLE, now: datetime | None = None
) -> Validation:
    """`table` is a DataFrame; it is not changed. Never raises for what the table is: that is in the outcomes."""
    holding = _Holding(table, contract, sample, now or datetime.now(UTC))
    outcomes = [*holding.names(), *holding.of_columns(), *holding.of_table()]
    return Validation(
        place=place,
        contract=contract.place,
        rows=len(table),
        columns=table.shape[1],
        outcomes=tuple(sorted(outcomes, key=_rank)),
        notes=tuple(holding.notes),
    )


def findings(found: Validation) -> tuple[Finding, ...]:
    """Rules that are broken, as whoever watches tells them."""
    return tuple(
        Finding(
            kind="quality",
            subject=", ".join(each.columns[:5]) or "table",
            message=each.why,
            severity=Severity.ERROR if each.severity is Level.ERROR else Severity.WARNING,
            value=each.share,
            limit=each.allowed,
        )
        for each in found.broken
    )


def _rank(each: Outcome) -> tuple[int, float]:
    return (2, 0.0) if each.passed else (0 if each.severity is Level.ERROR else 1, -each.share)


class _Holding:
    def __init__(self, table: Any, contract: Contract, sample: int, now: datetime) -> None:
        self._table = table
        self._by_place = Columns(table)
        self._contract = contract
        self._sample = sample
        self._now = now
        self._columns = [str(each) for each in table.columns]
        self._places: dict[str, int] = {}
        for place, name in enumerate(self._columns):
            self._places.setdefault(name, place)
        self._by_name: dict[str, Column] = {each.name: each for each in contract.columns}
        self._across = {
            name for rule in contract.rules if rule.kind in (RuleKind.CHECK, RuleKind.FRESH) for name in rule.columns
        }
        self._seen: dict[str, Seen] = {}
        """Of the columns that rules of the table are about."""
        self.notes: list[str] = []

    def names(self) -> list[Outcome]:
        twice = [name for name, count in Counter(self._columns).items() if count > 1]
        if not twice:
            return []
        rule = Rule(kind=RuleKind.NAMES, columns=tuple(twice[:100]))
        return [_of_columns(rule, len(twice), f"{wanted(rule)}; {listed(tuple(twice))} is there more than once.")]

    def of_columns(self) -> list[Outcome]:
        found: list[Outcome] = []
        lacking = 0
        names: list[str] | None = None
        for column in self._contract.columns:
            place = self._places.get(column.name)
            if place is not None:
                seen = self._look(column.name, column.type)
                found += [self._asked(rule, seen) for rule in column.rules]
                continue
            rule = column.rule(RuleKind.PRESENT)
            if rule is not None:
                lacking += 1
                if names is None:
                    names = [each for each in self._columns if each not in self._by_name]
                close = near(column.name, names) if lacking <= _MOST_NEAR else ""
                hint = f"; is it {close}?" if close else "."
                found.append(_of_columns(rule, 1, f"{wanted(rule)}, and there is none{hint}"))
        return found

    def of_table(self) -> list[Outcome]:
        return [self._of_table(rule) for rule in self._contract.rules]

    def _look(self, name: str, type_: Type | None) -> Seen:
        seen = self._seen.get(name)
        if seen is None:
            seen = self._by_place.seen(self._places[name], type_)
            if name in self._across:
                self._seen[name] = seen
        return seen

    def _asked(self, rule: Rule, seen: Seen) -> Outcome:
        if rule.kind is RuleKind.PRESENT:
            return _kept(rule)
        if rule.kind is RuleKind.ZONE:
            return self._zoned(rule, seen)
        if rule.kind is RuleKind.UNIQUE:
            series = self._by_place.series(self._places[rule.columns[0]])
            return self._in_rows(rule, _repeated(series, seen), seen.count)
        base = seen.rows if rule.kind is RuleKind.MISSING else seen.count
        if rule.kind is RuleKind.TYPE and seen.odd is not None:
            base += int(seen.odd.sum())
        return self._in_rows(rule, broken(rule, seen), base)

    def _zoned(self, rule: Rule, seen: Seen) -> Outcome:
        if seen.what != "moment" or seen.zone == rule.value or not seen.count:
            return _kept(rule)
        is_ = {"aware": "have one", "naive": "have none"}.get(seen.zone, "some have one, some have none")
        return Outcome(
            kind=rule.kind, columns=rule.columns, passed=False, why=f"{wanted(rule)}; its values {is_}.",
            severity=rule.severity, broken=seen.count, share=1.0, line=rule.line,
        )  # fmt: skip

    def _of_table(self, rule: Rule) -> Outcome:
        rows = len(self._table)
        match rule.kind:
            case RuleKind.MIN_ROWS | RuleKind.MAX_ROWS:
                is_kept = rows >= rule.value if rule.kind is RuleKind.MIN_ROWS else rows <= rule.value
                return _kept(rule) if is_kept else _of_columns(rule, rows, f"{wanted(rule)}; it has {rows:,}.")
            case RuleKind.CLOSED:
                return self._closed(rule)
            case RuleKind.ORDER:
                return self._ordered(rule)
        lacking = [name for name in rule.columns if name not in self._places]
        if lacking:
            column = self._by_name.get(lacking[0])
            if column is not None and column.rule(RuleKind.PRESENT) is None:
                return _kept(rule)
            return _of_columns(rule, 1, f"{wanted(rule)}, which cannot be told: there is no column {lacking[0]}.")
        if rule.kind is RuleKind.FRESH:
            return self._fresh(rule)
        if rule.kind is RuleKind.UNIQUE:
            part = self._table.iloc[:, [self._places[name] for name in rule.columns]]
            known = part.notna().all(axis=1).to_numpy()
            return self._in_rows(rule, _duplicated(part) & known, int(known.sum()))
        try:
            found = expressions.parse(str(rule.value)).broken(self._seen_columns(rule.columns), rows)
        except UsageError as error:
            return _of_columns(rule, rows, f"{wanted(rule)}, which cannot be told: {error.message}.")
        return self._in_rows(rule, found, rows)

    def _seen_columns(self, names: tuple[str, ...]) -> Mapping[str, Seen]:
        types = {name: self._by_name[name].type if name in self._by_name else None for name in names}
        found = {name: self._look(name, type_) for name, type_ in types.items()}
        zones = {seen.zone for seen in found.values() if seen.what == "moment" and seen.count}
        if len(zones) > 1:
            self.notes.append(f"{listed(names)}: times without a zone are taken as UTC.")
        return found

    def _closed(self, rule: Rule) -> Outcome:
        new = [name for name in self._places if name not in self._by_name]
        if not new:
            return _kept(rule)
        lacking = [name for name in self._by_name if name not in self._places] if len(new) <= _MOST_NEAR else []
        close = next(((name, other) for name in new if (other := near(name, lacking))), None)
        hint = f"; is {close[0]} the contract's {close[1]}?" if close else "."
        return _of_columns(rule, len(new), f"{wanted(rule)}; there is {listed(tuple(new))}{hint}")

    def _ordered(self, rule: Rule) -> Outcome:
        here = [name for name in self._places if name in self._by_name]
        there = [name for name in rule.columns if name in self._places]
        moved = [(one, other) for one, other in zip(here, there, strict=False) if one != other]
        if not moved:
            return _kept(rule)
        one, other = moved[0]
        return _of_columns(rule, len(moved), f"{wanted(rule)}; {one} comes where {other} should.")

    def _fresh(self, rule: Rule) -> Outcome:
        (name,) = rule.columns
        seen = self._by_place.seen(self._places[name], Type.DATETIME)
        if seen.what != "moment" or not seen.count:
            return _of_columns(rule, 1, f"{wanted(rule)}; it has no date or time.")
        values = seen.row_values()
        newest = (values if seen.missing is None else values[~seen.missing]).max()
        now = np.datetime64(self._now.astimezone(UTC).replace(tzinfo=None), "us")
        old = float((now - newest) / np.timedelta64(1, "s"))
        if old <= rule.value:
            return _kept(rule)
        return _of_columns(rule, 1, f"{wanted(rule)}; it is {age(old)}.")

    def _in_rows(self, rule: Rule, found: Array | None, of: int) -> Outcome:
        count = int(found.sum()) if found is not None else 0
        if not count or found is None:
            return _kept(rule)
        share = count / of if of else 1.0
        is_kept = share <= rule.share + _ROUNDING
        why = in_rows(rule, count, of)
        return Outcome(
            kind=rule.kind,
            columns=rule.columns,
            passed=is_kept,
            why=why
            if not is_kept
            else f"{wanted(rule)}; {count:,} of {of:,} rows do otherwise, and {percent(rule.share)} may.",
            severity=rule.severity,
            broken=count,
            share=share,
            allowed=rule.share,
            offenders=() if is_kept else self._offenders(rule, found),
            line=rule.line,
        )

    def _offenders(self, rule: Rule, found: Array) -> tuple[Offender, ...]:
        rows = np.flatnonzero(found)[: self._sample]
        names = rule.columns
        return tuple(
            Offender(
                row=int(row),
                column=", ".join(names),
                value=", ".join(shown(name, self._table.iat[int(row), self._places[name]]) for name in names),
            )
            for row in rows
        )


def shown(column: str, value: Any) -> str:
    """A value as text, shortened, without secrets."""
    if is_secret_name(column):
        return MARK
    text = redact(" ".join(str(value).split()) if isinstance(value, str) else str(value))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _repeated(series: Any, seen: Seen) -> Array | None:
    """The second of each value, and those after it. What is missing is no value."""
    if seen.codes is not None and len(seen.values) == seen.count:
        return None
    known = series.notna().to_numpy()
    found: Array = _duplicated(series) & known
    return found if found.any() else None


def _duplicated(table: Any) -> Array:
    try:
        found: Array = table.duplicated().to_numpy()
    except TypeError:  # lists and the like have no hash
        found = table.astype(str).duplicated().to_numpy()
    return found


def _kept(rule: Rule) -> Outcome:
    return Outcome(
        kind=rule.kind,
        columns=rule.columns if rule.kind not in (RuleKind.CLOSED, RuleKind.ORDER) else (),
        passed=True,
        why=f"{wanted(rule)}.",
        severity=rule.severity,
        allowed=rule.share,
        line=rule.line,
    )


def _of_columns(rule: Rule, count: int, why: str) -> Outcome:
    return Outcome(
        kind=rule.kind,
        columns=rule.columns if rule.kind not in (RuleKind.CLOSED, RuleKind.ORDER) else (),
        passed=False,
        why=why,
        severity=rule.severity,
        broken=count,
        share=1.0,
        line=rule.line,
    )
