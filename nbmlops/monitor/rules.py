"""What has to hold of a deployment: the section `[monitor]` of nbmlops.toml.

    [monitor]
    drift = 0.2                  # of a column: PSI, or distance of the distributions
    drift_share = 0.5            # of all columns, that have drifted
    missing = 0.1                # more missing values than in the reference
    accuracy = 0.9               # at least; any metric of `evaluate`. Of errors, such as mae, at most
    error_rate = 0.05            # of requests, that the service fails
    p99 = 0.5                    # seconds
    requests = 10                # in a window, at least
    labels = 0.05                # of rows, that are told a label
    ignore = ["id"]              # columns
    [monitor.columns]
    age = 0.4                    # its own limit of drift
    [monitor.deployments.wine]   # the same names, for one deployment

How findings are told is said there, too: see channels.py. Without any settings the values above are those of drift,
drift_share, missing and error_rate; the others do not hold anything.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from typing import Any

import msgspec

from nbmlops.drift.limits import Limits
from nbmlops.errors import UsageError
from nbmlops.evaluate.metrics import CLASSIFICATION, ECE, LOWER_IS_BETTER, REGRESSION
from nbmlops.model.monitoring import Rule
from nbmlops.monitor.toml_lines import line_of

DRIFT, DRIFT_SHARE, MISSING, ERROR_RATE, P99, REQUESTS, LABELS = (
    "drift", "drift_share", "missing", "error_rate", "p99", "requests", "labels",
)  # fmt: skip
METRICS = tuple(each for each in dict.fromkeys((*CLASSIFICATION, *REGRESSION)) if each != ECE)
ALPHA = 0.001
"""How often a window without drift may be told to have drifted: there are many windows."""
_DEFAULTS = {DRIFT: 0.2, DRIFT_SHARE: 0.5, MISSING: 0.1, ERROR_RATE: 0.05}
_SHARES = frozenset({DRIFT_SHARE, MISSING, ERROR_RATE, LABELS})
_LEAST = frozenset({REQUESTS, LABELS})
_NUMBERS = (*_DEFAULTS, P99, REQUESTS, LABELS, *METRICS)
_TABLES = ("columns", "deployments", "mail")
_OTHERS = ("ignore", "webhook", "command")
_OFF = False


class Mail(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    host: str
    to: str | tuple[str, ...]
    sender: str = "nbmlops@localhost"
    port: int = 25
    user: str = ""
    password_variable: str = ""
    """Of the environment, that holds the password."""
    starttls: bool = False


class Channels(msgspec.Struct, frozen=True, kw_only=True):
    """Who is told of findings."""

    webhook: str = ""
    """An address, or `env:NAME` for one that the environment holds."""
    command: tuple[str, ...] = ()
    mail: Mail | None = None


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    rules: dict[str, Rule]
    """By name; those that hold nothing are not there."""
    ignored: tuple[str, ...] = ()
    columns: dict[str, Rule] = {}
    """Their own limits of drift."""
    channels: Channels = Channels()

    def limit(self, name: str) -> float | None:
        found = self.rules.get(name)
        return found.limit if found is not None else None

    @property
    def metrics(self) -> tuple[Rule, ...]:
        return tuple(rule for name, rule in self.rules.items() if name in METRICS)

    def limits(self, column: str = "") -> Limits:
        """Of drift: of all columns, or of one that has its own."""
        own = self.columns.get(column)
        drift = own.limit if own is not None else self.limit(DRIFT)
        # What is not asked for is never reached.
        far = 1e9
        value = far if drift is None else drift
        missing = self.limit(MISSING)
        new = Limits().new if drift is not None else far
        words = Limits().words if drift is not None else far
        return Limits(
            psi=value, ks=value, missing=far if missing is None else missing, new=new, words=words, alpha=ALPHA
        )


def read(raw: Mapping[str, Any], text: str, deployment: str, *, place: str = "nbmlops.toml") -> Rules:
    """`raw`: the section, `text`: the file that it is of. Raises UsageError with the line for what is no rule."""
    found = _section(raw, text, ("monitor",), place, may_nest=True)
    own = raw.get("deployments", {}).get(deployment, {}) if isinstance(raw.get("deployments"), Mapping) else {}
    for name, each in _mapping(raw.get("deployments", {}), text, ("monitor", "deployments"), place).items():
        table = _mapping(each, text, ("monitor", "deployments", name), place)
        part = _section(table, text, ("monitor", "deployments", name), place, may_nest=False)
        if name == deployment and own:
            found = _over(found, part)
    return found


def _section(raw: Mapping[str, Any], text: str, path: tuple[str, ...], place: str, *, may_nest: bool) -> Rules:
    known = (*_NUMBERS, *_OTHERS, *(each for each in _TABLES if may_nest or each != "deployments"))
    # A deployment's own section changes what is said for all, and has no defaults.
    rules = {name: Rule(name=name, limit=limit) for name, limit in _DEFAULTS.items()} if may_nest else {}
    for name, value in raw.items():
        line = line_of(text, (*path, name))
        if name not in known:
            raise _unknown(place, line, name, known)
        if name not in _NUMBERS:
            continue
        rules[name] = _rule(name, value, line, place)
    columns = {
        name: _rule(DRIFT, value, line_of(text, (*path, "columns", name)), place)
        for name, value in _mapping(raw.get("columns", {}), text, (*path, "columns"), place).items()
    }
    ignored = tuple(name for name, rule in columns.items() if math.isnan(rule.limit))
    return Rules(
        rules=rules if not may_nest else {name: rule for name, rule in rules.items() if not math.isnan(rule.limit)},
        ignored=(*_names(raw.get("ignore", ()), "ignore", line_of(text, (*path, "ignore")), place), *ignored),
        columns={name: rule for name, rule in columns.items() if name not in ignored},
        channels=_channels(raw, text, path, place),
    )


def _over(all_: Rules, own: Rules) -> Rules:
    rules = {name: rule for name, rule in {**all_.rules, **own.rules}.items() if not math.isnan(rule.limit)}
    channels = Channels(
        webhook=own.channels.webhook or all_.channels.webhook,
        command=own.channels.command or all_.channels.command,
        mail=own.channels.mail or all_.channels.mail,
    )
    return Rules(
        rules=rules,
        ignored=tuple(dict.fromkeys((*all_.ignored, *own.ignored))),
        columns={**all_.columns, **own.columns},
        channels=channels,
    )


def _rule(name: str, value: Any, line: int, place: str) -> Rule:
    """`false` takes a rule away: its limit is no number."""
    if value is _OFF:
        return Rule(name=name, limit=math.nan, line=line)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise _refused(place, line, f"{name} is a number of 0 or more, or false")
    most = 1.0 if name in _SHARES or (name in CLASSIFICATION and name not in LOWER_IS_BETTER) else None
    if most is not None and value > most:
        raise _refused(place, line, f"{name} is a share, from 0 to 1, and not {value:g}")
    is_least = name in _LEAST or (name in METRICS and name not in LOWER_IS_BETTER)
    return Rule(name=name, limit=float(value), is_least=is_least, line=line)


def _channels(raw: Mapping[str, Any], text: str, path: tuple[str, ...], place: str) -> Channels:
    webhook = raw.get("webhook", "")
    line = line_of(text, (*path, "webhook"))
    if not isinstance(webhook, str) or (webhook and not webhook.startswith(("http://", "https://", "env:"))):
        raise _refused(place, line, 'webhook is an address, as "https://...", or "env:NAME"')
    command = raw.get("command", ())
    if isinstance(command, str):
        raise _refused(place, line_of(text, (*path, "command")), 'command is a list of words, as ["notify", "-v"]')
    mail = None
    if "mail" in raw:
        try:
            mail = msgspec.convert(raw["mail"], Mail)
        except msgspec.ValidationError as error:
            raise _refused(place, line_of(text, (*path, "mail")), f"mail: {error}") from error
    return Channels(
        webhook=webhook, command=_names(command, "command", line_of(text, (*path, "command")), place), mail=mail
    )


def _names(value: Any, name: str, line: int, place: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
        raise _refused(place, line, f"{name} is a list of texts")
    return tuple(value)


def _mapping(value: Any, text: str, path: tuple[str, ...], place: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _refused(place, line_of(text, path), f"{path[-1]} is a table")
    return value


def _unknown(place: str, line: int, name: str, known: tuple[str, ...]) -> UsageError:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"do you mean {close[0]}?" if close else f"there are {', '.join(known)}"
    return _refused(place, line, f"there is no rule {name[:60]!r} of [monitor]; {hint}")


def _refused(place: str, line: int, why: str) -> UsageError:
    at = f"{place}:{line}" if line else place
    return UsageError(
        f"{at}: {why.rstrip('.')}{'' if why.endswith('?') else '.'}",
        kind="rule-malformed",
        hint="" if why.endswith("?") else "See docs/monitor.md for the rules.",
        place=place,
        line=line,
    )
