"""The texts that documents are made of, and what each may be."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

from nbmlops.model.reconciler import Window
from nbmlops.reconcile.shapes import Text

NAME_PATTERN = r"[a-z0-9]([a-z0-9-]{0,50}[a-z0-9])?"
"""Also of a branch, a file, and of a CronJob, which has 52 characters."""
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = f"({'|'.join(DAYS)})"
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")


def zone_of(name: str) -> ZoneInfo:
    """Raises ValueError for a zone that there is not."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise ValueError(f"there is no time zone {name!r}; write it as Europe/Berlin") from None


def is_name(text: str) -> bool:
    return re.fullmatch(NAME_PATTERN, text) is not None


def days_of(text: str) -> tuple[int, ...]:
    """`mon-fri,sun`; over the weekend as well: `sat-mon`."""
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        start, end = DAYS.index(first), DAYS.index(last or first)
        found |= {day % 7 for day in range(start, end + 1 if end >= start else end + 8)}
    return tuple(sorted(found))


def minutes_of(text: str) -> int:
    """`22:00`, after midnight."""
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)


def _variable(text: str) -> None:
    if not text.isidentifier():
        raise ValueError(f"{text[:60]!r} is no name of a variable")


def window_words(window: Window) -> str:
    """`mon-fri 22:00-06:00 Europe/Berlin`."""
    runs: list[list[int]] = []
    for day in window.days:
        if runs and day == runs[-1][-1] + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    days = ",".join(DAYS[each[0]] + (f"-{DAYS[each[-1]]}" if len(each) > 1 else "") for each in runs)
    clock = f"{window.start // 60:02}:{window.start % 60:02}-{window.end // 60:02}:{window.end % 60:02}"
    words = [clock] if window.days == tuple(range(7)) else [days, clock]
    return " ".join(words if window.zone == "UTC" else [*words, window.zone])


NAME = Text(what="a name of lower-case letters, digits and hyphens, of 52 at most", pattern=NAME_PATTERN)
DEPLOYMENT = Text(
    what="a deployment's name of lower-case letters, digits and hyphens", pattern=r"[a-z0-9]([a-z0-9-]{0,51}[a-z0-9])?"
)
MODEL = Text(what="a registered model's name", pattern=r"[^/:\x00-\x1f\s]([^/:\x00-\x1f]*[^/:\x00-\x1f\s])?", most=250)
ALIAS = Text(what="an alias of letters, digits, _ and -", pattern=r"[A-Za-z0-9_-]+", most=250)
WORD = Text(what="a word of letters, digits, _ - and .", pattern=r"[A-Za-z0-9_][A-Za-z0-9_.-]*", most=250)
COLUMN = Text(what="a column's name", most=500)
PATH = Text(
    what="a path in the project, without .. and not from / on",
    pattern=r"(?!/)(?!(.*/)?\.\.(/|$))(?!~)(?![A-Za-z]:)[^\\\x00-\x1f\x7f]+",
    most=500,
)
POINTER = Text(what="a JSON pointer such as /model/version", pattern=r"(/([^/~\x00-\x1f]|~[01])*)+", most=500)
BRANCH = Text(
    what="a branch's name",
    pattern=r"(?!.*(\.\.|//|@\{|/\.|\./|\.lock/))(?!.*(\.lock|[./])$)[A-Za-z0-9_][A-Za-z0-9_./@+-]*",
    most=200,
)
REMOTE = Text(what="a remote's name or address", pattern=r"[^-\s\x00-\x1f][^\s\x00-\x1f]*", most=500)
TAG = Text(what="a package's tag, as localhost:5000/wine:staging", pattern=r"[A-Za-z0-9][A-Za-z0-9._/@:+-]*", most=500)
ZONE = Text(what="a time zone such as Europe/Berlin", pattern=r"[A-Za-z][A-Za-z0-9_+/-]*", most=100, check=zone_of)
PARAMETER = Text(
    what="a name of letters, digits and _",
    pattern=r"[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*",
    most=200,
    check=_variable,
)
DAYS_TEXT = Text(what="days such as mon-fri or sat,sun", pattern=rf"{_DAY}(-{_DAY})?(, *{_DAY}(-{_DAY})?)*", most=100)
TIME = Text(what='a time in quotes such as "22:00"', pattern=_TIME.pattern)
