"""A label as it is told: what has turned out to be true of one row of a request."""

from __future__ import annotations

import msgspec

from nbmlops.errors import UsageError

PATH = "/labels"
MOST = 100_000
"""Labels of one request."""
LONGEST_ID = 128
LAST_ROW = 2**31 - 1


class Label(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    request: str
    label: bool | int | float | str
    row: int = 0


class Labels(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    labels: list[Label]


def check(labels: list[Label]) -> None:
    """Raises UsageError, which names the first that is wrong."""
    if len(labels) > MOST:
        raise UsageError(f"More than {MOST} labels at a time.", kind="labels-too-many")
    for number, each in enumerate(labels):
        if not each.request or len(each.request) > LONGEST_ID or not 0 <= each.row <= LAST_ROW:
            raise UsageError(f"Label {number} names no request and row.", kind="label-malformed")
