"""The needs there are, and what each is told: the table that `spec.py` reads by, and the JSON Schema is made from.

`options` of a NeedSpec are what stands in the document, with the short forms written out: `maxAge: 24h` is
`{"age": 86400.0}`, `schedule: "0 4 * * 1"` is `{"cron": "0 4 * * 1"}`, `python: a.py:f` is `{"file": "a.py",
"function": "f"}`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from nbmlops.lib.cron import parse
from nbmlops.model.reconciler import NeedSpec
from nbmlops.reconcile.shapes import At, Duration, Either, Field, Fields, Flag, Many, Number, Shape, Text, unknown
from nbmlops.reconcile.words import ALIAS, COLUMN, DEPLOYMENT, MODEL, PATH, TAG, WORD, ZONE

ANY, ALL = "any", "all"
_MOST_PARTS, _DEEPEST = 50, 5
_ROWS = Number(least=1, is_whole=True)
_DATA = Many(of=PATH, least=1, or_one=True)
_CRON = Text(what='five fields, as in "0 4 * * 1"', most=200, check=parse)
_FUNCTION = Text(
    what="a file and a function, as ops/needs.py:needs_train", pattern=rf"{PATH.pattern}\.py:[A-Za-z_][A-Za-z0-9_]*"
)
_URL = Text(what="an address of http or https", pattern=r"https?://[^\s\x00-\x1f]+")


class Need(msgspec.Struct, frozen=True, kw_only=True):
    shape: Shape
    options: Callable[[Any], dict[str, Any]] = dict
    """From what was read."""


def _nothing(_: Any) -> dict[str, Any]:
    return {}


def _named(name: str) -> Callable[[Any], dict[str, Any]]:
    return lambda value: value if isinstance(value, dict) else {name: value}


def _function(value: str) -> dict[str, Any]:
    file, _, function = value.rpartition(":")
    return {"file": file, "function": function}


NEEDS: dict[str, Need] = {
    "maxAge": Need(shape=Duration(least=1), options=_named("age")),
    "drift": Need(
        shape=Fields(
            table={
                "deployment": Field(DEPLOYMENT, True),
                "columns": Field(Number(least=1, most=1e6, is_whole=True)),
                "over": Field(Number(least=0)),
                "share": Field(Number(least=0, most=1)),
                "of": Field(Many(of=COLUMN, least=1, most=1000)),
            }
        )
    ),
    "performance": Need(
        shape=Fields(
            table={
                "deployment": Field(DEPLOYMENT, True),
                "metric": Field(WORD, True),
                "below": Field(Number()),
                "above": Field(Number()),
            },
            exactly_one=("below", "above"),
        )
    ),
    "newRows": Need(shape=Fields(table={"data": Field(_DATA, True), "rows": Field(_ROWS, True)})),
    "dataChanged": Need(shape=Fields(table={"data": Field(_DATA, True)})),
    "codeChanged": Need(shape=Flag(only=True), options=_nothing),
    "schedule": Need(
        shape=Either(mapping=Fields(table={"cron": Field(_CRON, True), "zone": Field(ZONE)}), other=_CRON),
        options=_named("cron"),
    ),
    "upstream": Need(shape=Fields(table={"model": Field(MODEL, True), "alias": Field(ALIAS)})),
    "registry": Need(shape=Fields(table={"tag": Field(TAG, True)})),
    "python": Need(shape=_FUNCTION, options=_function),
    "url": Need(
        shape=Either(
            mapping=Fields(table={"address": Field(_URL, True), "timeout": Field(Duration(least=0.1))}), other=_URL
        ),
        options=_named("address"),
    ),
}
NAMES = (ANY, ALL, *NEEDS)


class NeedTree:
    """`any` or `all` of several needs within each other, or one need."""

    def read(self, value: Any, at: At, depth: int = 0) -> NeedSpec:
        if not isinstance(value, dict) or len(value) != 1:
            raise at.refused(f"{at.what} is one need, or any or all with a list of them")
        (name,) = value
        inner = at.inner(value, name, str(name)[:60])
        if name not in NAMES:
            raise unknown(inner, "need", str(name), NAMES)
        if name not in (ANY, ALL):
            need = NEEDS[name]
            told = need.options(need.shape.read(value[name], inner))
            # Lists, as they are after they were kept as JSON.
            options = {key: list(each) if isinstance(each, tuple) else each for key, each in told.items()}
            return NeedSpec(need=str(name), options=options, line=inner.line)
        if depth >= _DEEPEST:
            raise inner.refused(f"more than {_DEEPEST} of any and all stand within each other")
        parts = value[name]
        if not isinstance(parts, list) or not 1 <= len(parts) <= _MOST_PARTS:
            raise inner.refused(f"{name} is a list of 1 to {_MOST_PARTS} needs")
        return NeedSpec(
            need=str(name),
            parts=tuple(
                self.read(each, inner.inner(parts, place, f"an entry of {name}"), depth + 1)
                for place, each in enumerate(parts)
            ),
            line=inner.line,
        )

    def schema(self, depth: int = 0) -> dict[str, Any]:
        """With references: `$defs` has to hold what `definitions` gives."""
        return {"$ref": "#/$defs/needs0"}

    def definitions(self) -> dict[str, Any]:
        found = {f"need_{name}": need.shape.schema() for name, need in NEEDS.items()}
        leaves: dict[str, Any] = {name: {"$ref": f"#/$defs/need_{name}"} for name in NEEDS}
        for depth in range(_DEEPEST + 1):
            properties = dict(leaves)
            if depth < _DEEPEST:
                within = {"$ref": f"#/$defs/needs{depth + 1}"}
                several = {"type": "array", "items": within, "minItems": 1, "maxItems": _MOST_PARTS}
                properties |= {ANY: several, ALL: several}
            found[f"needs{depth}"] = {
                "type": "object",
                "additionalProperties": False,
                "properties": properties,
                "minProperties": 1,
                "maxProperties": 1,
            }
        return found
