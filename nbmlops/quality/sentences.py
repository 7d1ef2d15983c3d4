"""What a rule asks for, and how it is broken, in words."""

from __future__ import annotations

from nbmlops.model.contract import Rule, RuleKind, Type

_MOST = 6
_ARTICLES = {Type.INTEGER: "an integer", Type.NUMBER: "a number", Type.BOOLEAN: "true or false", Type.TEXT: "text",
             Type.CATEGORY: "a category", Type.DATETIME: "a date or time"}  # fmt: skip


def subject(rule: Rule) -> str:
    return listed(rule.columns) if rule.columns and rule.kind not in (RuleKind.CLOSED, RuleKind.ORDER) else "the table"


def wanted(rule: Rule) -> str:
    """`age has to be at least 0`."""
    name, value = subject(rule), rule.value
    match rule.kind:
        case RuleKind.PRESENT:
            return f"there has to be a column {name}"
        case RuleKind.TYPE:
            return f"{name} has to be {_ARTICLES[Type(str(value))]}"
        case RuleKind.FINITE:
            return f"{name} has to be finite"
        case RuleKind.ZONE:
            return f"{name} has to be {'with' if value == 'aware' else 'without'} a time zone"
        case RuleKind.MISSING:
            return f"{name} has to be there" if not rule.share else f"at most {percent(rule.share)} of {name} may lack"
        case RuleKind.UNIQUE:
            return f"{name} has to be unique" if len(rule.columns) == 1 else f"{name} have to be unique together"
        case RuleKind.MIN | RuleKind.MAX:
            return f"{name} has to be at {'least' if rule.kind is RuleKind.MIN else 'most'} {number(value)}"
        case RuleKind.MIN_LENGTH | RuleKind.MAX_LENGTH:
            return f"{name} has to have at {'least' if rule.kind is RuleKind.MIN_LENGTH else 'most'} {value} characters"
        case RuleKind.CATEGORIES:
            return f"{name} has to be one of {listed(value)}"
        case RuleKind.PATTERN:
            return f"{name} has to match {value}"
        case RuleKind.MIN_ROWS | RuleKind.MAX_ROWS:
            return f"the table has to have at {'least' if rule.kind is RuleKind.MIN_ROWS else 'most'} {value:,} rows"
        case RuleKind.FRESH:
            return f"the newest {name} has to be at most {age(value)} old"
        case RuleKind.CLOSED:
            return "there may be no other columns"
        case RuleKind.ORDER:
            return "the columns have to come in the contract's order"
        case RuleKind.NAMES:
            return "each column has to have a name of its own"
        case _:
            return f"{value} has to hold"


def in_rows(rule: Rule, count: int, of: int) -> str:
    """`; 3 of 100 rows (3 %) are not`."""
    verb = {
        RuleKind.MISSING: "lack it",
        RuleKind.UNIQUE: "repeat another",
        RuleKind.CHECK: "break it",
        RuleKind.PATTERN: "do not",
    }
    said = verb.get(rule.kind, "do not" if rule.kind in (RuleKind.MIN_LENGTH, RuleKind.MAX_LENGTH) else "are not")
    may = f"; {percent(rule.share)} may" if rule.share and rule.kind is not RuleKind.MISSING else ""
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
