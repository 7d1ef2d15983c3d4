"""What a rule asks for, and how it is broken, in words."""

from __future__ import annotations

from nbmlops.model.contract import Kind, Rule, Type

_MOST = 6
_ARTICLES = {Type.INTEGER: "an integer", Type.NUMBER: "a number", Type.BOOLEAN: "true or false", Type.TEXT: "text",
             Type.CATEGORY: "a category", Type.DATETIME: "a date or time"}  # fmt: skip


def subject(rule: Rule) -> str:
    return listed(rule.columns) if rule.columns and rule.kind not in (Kind.CLOSED, Kind.ORDER) else "the table"


def wanted(rule: Rule) -> str:
    """`age has to be at least 0`."""
    name, value = subject(rule), rule.value
    match rule.kind:
        case Kind.PRESENT:
            return f"there has to be a column {name}"
        case Kind.TYPE:
            return f"{name} has to be {_ARTICLES[Type(str(value))]}"
        case Kind.FINITE:
            return f"{name} has to be finite"
        case Kind.ZONE:
            return f"{name} has to be {'with' if value == 'aware' else 'without'} a time zone"
        case Kind.MISSING:
            return f"{name} has to be there" if not rule.share else f"at most {percent(rule.share)} of {name} may lack"
        case Kind.UNIQUE:
            return f"{name} has to be unique" if len(rule.columns) == 1 else f"{name} have to be unique together"
        case Kind.MIN | Kind.MAX:
            return f"{name} has to be at {'least' if rule.kind is Kind.MIN else 'most'} {number(value)}"
        case Kind.MIN_LENGTH | Kind.MAX_LENGTH:
            return f"{name} has to have at {'least' if rule.kind is Kind.MIN_LENGTH else 'most'} {value} characters"
        case Kind.CATEGORIES:
            return f"{name} has to be one of {listed(value)}"
        case Kind.PATTERN:
            return f"{name} has to match {value}"
        case Kind.MIN_ROWS | Kind.MAX_ROWS:
            return f"the table has to have at {'least' if rule.kind is Kind.MIN_ROWS else 'most'} {value:,} rows"
        case Kind.FRESH:
            return f"the newest {name} has to be at most {age(value)} old"
        case Kind.CLOSED:
            return "there may be no other columns"
        case Kind.ORDER:
            return "the columns have to come in the contract's order"
        case Kind.NAMES:
            return "each column has to have a name of its own"
        case _:
            return f"{value} has to hold"


def in_rows(rule: Rule, count: int, of: int) -> str:
    """`; 3 of 100 rows (3 %) are not`."""
    verb = {Kind.MISSING: "lack it", Kind.UNIQUE: "repeat another", Kind.CHECK: "break it", Kind.PATTERN: "do not"}
    said = verb.get(rule.kind, "do not" if rule.kind in (Kind.MIN_LENGTH, Kind.MAX_LENGTH) else "are not")
    may = f"; {percent(rule.share)} may" if rule.share and rule.kind is not Kind.MISSING else ""
    return f"{wanted(rule)}; {count:,} of {of:,} rows ({percent(count / of if of else 0.0)}) {said}{may}."


def percent(share: float) -> str:
    shown = 100 * share
    return f"{shown:.3g} %" if shown >= 0.001 or shown == 0 else "less than 0.001 %"


def number(value: object) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def age(seconds: float) -> str:
    for unit, name in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{seconds / unit:.3g} {name}"
    return f"{seconds:.3g} s"


def listed(names: tuple[str, ...]) -> str:
    shown = [each[:60] for each in names[:_MOST]]
    return ", ".join(shown) + (f" and {len(names) - _MOST:,} more" if len(names) > _MOST else "")
