"""Result -> page. The result of verb `x` is drawn by `pages/x.py`, loaded when it is first needed."""

from __future__ import annotations

import importlib

import msgspec

from nbmlops.doors.render.blocks import Page


def page(result: msgspec.Struct) -> Page:
    verb = type(result).__module__.rsplit(".", 1)[1]
    drawn: Page = importlib.import_module(f"{__name__}.{verb}").page(result)
    return drawn


def exit_code(result: msgspec.Struct) -> int:
    """0, unless the result itself says that what was asked did not come out well."""
    return int(getattr(result, "exit_code", 0))
