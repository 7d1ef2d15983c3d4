"""Registered models that a step takes: addresses such as `models:/wine@champion` in its parameters and its code.

An address is a moving thing: what counts is the version that it means when the step begins.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from nbmlops.pipeline.plain_code import StepCell

VersionNow = Callable[[str], str | None]
"""The version that an address means; None where there is no such model."""
_ADDRESS = re.compile(r"models:/[^/@\s]+(?:@|/)[^/@\s]+")


def versions(
    cells: Iterable[StepCell], values: Mapping[str, Any], parameters: Iterable[str], version_now: VersionNow
) -> dict[str, str]:
    """By address; empty text for a model that is not there."""
    found = {text for name in parameters for text in _texts(values.get(name))}
    for cell in cells:
        if cell.tree is not None:
            found |= {
                text for node in ast.walk(cell.tree) if isinstance(node, ast.Constant) for text in _texts(node.value)
            }
    return {address: version_now(address) or "" for address in sorted(found)}


def change(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """The first address that means another version, in words; empty when all are as before."""
    for address in sorted({*before, *now}):
        if before.get(address) != now.get(address):
            version = now.get(address)
            return f"{address} is now version {version}" if version else f"{address} is not there"
    return ""


def _texts(value: Any) -> set[str]:
    if isinstance(value, str) and _ADDRESS.fullmatch(value):
        return {value}
    if isinstance(value, list | tuple):
        return {text for each in value for text in _texts(each)}
    if isinstance(value, dict):
        return {text for each in value.values() for text in _texts(each)}
    return set()
