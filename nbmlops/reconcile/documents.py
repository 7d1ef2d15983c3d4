"""The fields of both documents: one table, which `spec.py` reads by and the JSON Schema is made from."""

from __future__ import annotations

from typing import Any

import msgspec

from nbmlops.reconcile.needs_schema import NeedTree
from nbmlops.reconcile.shapes import (
    At,
    Choice,
    Duration,
    Field,
    Fields,
    Flag,
    Many,
    Number,
    Shape,
    Text,
    Values,
)
from nbmlops.reconcile.words import (
    ALIAS,
    BRANCH,
    COLUMN,
    DAYS_TEXT,
    DEPLOYMENT,
    MODEL,
    NAME,
    PARAMETER,
    PATH,
    POINTER,
    REMOTE,
    TAG,
    TIME,
    WORD,
    ZONE,
)


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A version: text, or the number that people write without quotes."""

    def read(self, value: Any, at: At) -> str:
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 53:
            return str(int(value))
        return _VERSION.read(value, at)

    def schema(self) -> dict[str, Any]:
        number = {"type": "integer", "minimum": 0, "maximum": (1 << 53) - 1}
        return {"anyOf": [_VERSION.schema(), number]}


_VERSION = Text(what='a version such as "7"', pattern=r"[^\s\x00-\x1f]+", most=500)
PLACE = Fields(
    table={
        "file": Field(PATH, True),
        "pointer": Field(POINTER, True),
        "remote": Field(REMOTE),
        "branch": Field(BRANCH),
    }
)
DESIRED = Fields(table={**{n: Field(f.shape) for n, f in PLACE.table.items()}, "tag": Field(TAG)}, least=1)
DESIRED_TAG = Fields(table={"tag": Field(TAG, True)})
WINDOW = Fields(
    table={"days": Field(DAYS_TEXT), "from": Field(TIME, True), "to": Field(TIME, True), "zone": Field(ZONE)}
)
GUARD = Fields(
    table={
        "cooldown": Field(Duration()),
        "maxRunsPerDay": Field(Number(least=0, most=1000, is_whole=True)),
        "budgetCpuHours": Field(Number(least=0)),
        "minRows": Field(Number(least=0, is_whole=True)),
        "windows": Field(Many(of=WINDOW, most=50)),
        "pin": Field(Version()),
    }
)
GATE = Fields(
    table={
        "file": Field(PATH),
        "data": Field(PATH),
        "target": Field(COLUMN),
        "against": Field(ALIAS),
        "contract": Field(PATH),
        "certificate": Field(Flag()),
        "signature": Field(Flag()),
    },
    least=1,
)
APPROVE = ("pr", "auto", "manual")
PUBLISH = Fields(
    table={
        "edit": Field(PLACE, True),
        "branch": Field(BRANCH),
        "approve": Field(Choice(words=APPROVE)),
        "forge": Field(Text(what="a word such as github", pattern=r"[a-z0-9][a-z0-9_-]*", most=100, or_empty=True)),
    }
)
HISTORY = Fields(
    table={
        "successful": Field(Number(least=0, most=1000, is_whole=True)),
        "failed": Field(Number(least=0, most=1000, is_whole=True)),
    }
)
DEPLOY = Fields(
    table={
        "port": Field(Number(least=1, most=65535, is_whole=True)),
        "host": Field(WORD),
        "target": Field(WORD),
        "replicas": Field(Number(least=1, most=1000, is_whole=True)),
        "memory": Field(Text(what="a size such as 2GiB", pattern=r"[0-9.]+ *[A-Za-z]*", most=50)),
        "canary": Field(Number(least=0, most=100, is_whole=True)),
        "shadow": Field(Flag()),
        "monitor": Field(Flag()),
        "share": Field(Number(least=0, most=1)),
        "redact": Field(Many(of=COLUMN)),
        "contract": Field(PATH),
        "onBreach": Field(WORD),
        "maxDifference": Field(Number(least=0)),
        "policy": Field(PATH),
        "image": Field(TAG),
    },
    word="option of a deployment",
)
_COMMON: dict[str, Field] = {
    "interval": Field(Duration(least=1)),
    "retryInterval": Field(Duration(least=1)),
    "timeout": Field(Duration(least=1)),
    "suspend": Field(Flag()),
    "dependsOn": Field(Many(of=NAME)),
    "maxAttempts": Field(Number(least=1, most=1000, is_whole=True)),
    "model": Field(MODEL, True),
    "guard": Field(GUARD),
    "history": Field(HISTORY),
}
TRAINER = Fields(
    table={
        **_COMMON,
        "pipeline": Field(PATH, True),
        "engine": Field(WORD),
        "parameters": Field(Values(names=PARAMETER)),
        "needs": Field(NeedTree(), True),
        "gate": Field(GATE),
        "publish": Field(PUBLISH),
    }
)


class Desired(msgspec.Struct, frozen=True, kw_only=True):
    """A place in git, or a package's tag."""

    def read(self, value: Any, at: At) -> dict[str, Any]:
        found = DESIRED.read(value, at)
        if "tag" in found and len(found) > 1:
            raise at.refused(f"{at.what} says a tag, or a file and its pointer; not both")
        return found if "tag" in found else PLACE.read(value, at)

    def schema(self) -> dict[str, Any]:
        return {"oneOf": [PLACE.schema(), DESIRED_TAG.schema()]}


DEPLOYER = Fields(
    table={
        **_COMMON,
        "desired": Field(Desired(), True),
        "deployment": Field(DEPLOYMENT, True),
        "deploy": Field(DEPLOY),
    }
)
METADATA = Fields(table={"name": Field(NAME, True)})


def document(kind: str, api_version: str, spec: Shape) -> Fields:
    return Fields(
        table={
            "apiVersion": Field(Choice(words=(api_version,)), True),
            "kind": Field(Choice(words=(kind,)), True),
            "metadata": Field(METADATA, True),
            "spec": Field(spec, True),
        }
    )
