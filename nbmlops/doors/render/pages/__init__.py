"""Result -> page. The result of verb `x` is drawn by `pages/x.py`, loaded when it is first needed."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

import msgspec

from nbmlops.doors.render.blocks import Page


def page(result: msgspec.Struct) -> Page:
    drawn: Page = _module(result).page(result)
    return drawn


def picture(result: msgspec.Struct) -> str:
    """HTML that shows more than the page does, for a notebook; empty for results that have none."""
    draw = getattr(_module(result), "picture", None)
    return str(draw(result)) if draw is not None else ""


def widget(result: msgspec.Struct) -> Any:
    """What a notebook shows below it to look closer; None for results that have none, and without ipywidgets."""
    make = getattr(_module(result), "widget", None)
    return make(result) if make is not None else None


def exit_code(result: msgspec.Struct) -> int:
    """0, unless the result itself says that what was asked did not come out well."""
    return int(getattr(result, "exit_code", 0))


def _module(result: msgspec.Struct) -> ModuleType:
    return importlib.import_module(f"{__name__}.{type(result).__module__.rsplit('.', 1)[1]}")
