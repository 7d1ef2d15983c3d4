"""A result in a notebook: shown as HTML or text, and usable as the value it is."""

from __future__ import annotations

from typing import Any

import msgspec

from nbmlops.doors.failures import in_grammar
from nbmlops.doors.render import pages
from nbmlops.doors.render.blocks import Line, Page
from nbmlops.doors.render.html import html
from nbmlops.doors.render.terminal import plain_text


class Shown:
    """Wraps the Result of a verb: attributes are the result's, `to_pandas()` its rows as a table."""

    def __init__(self, result: msgspec.Struct | None, page: Page = ()) -> None:
        self.result = result
        self._page = page

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        page = self._page or pages.page(self.result)  # type: ignore[arg-type]
        picture = pages.picture(self.result) if self.result is not None else ""
        page = tuple(
            Line(in_grammar(block.text, magics=True), block.tone) if isinstance(block, Line) else block
            for block in page
        )
        return {"text/html": picture or html(page), "text/plain": plain_text(page)}

    def __repr__(self) -> str:
        return self._repr_mimebundle_()["text/plain"]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or self.result is None:
            raise AttributeError(name)
        return getattr(self.result, name)

    def __dir__(self) -> list[str]:
        fields = self.result.__struct_fields__ if self.result is not None else ()
        return ["result", "to_pandas", *fields]

    def to_pandas(self) -> Any:
        """The result's list as a pandas DataFrame, one row per item; nested names are joined with a dot."""
        import pandas

        return pandas.json_normalize(_rows(self.result))


class Interactive(Shown):
    """With a widget below. What is shown is there without it, as in a notebook that is read later."""

    def __init__(self, result: msgspec.Struct, widget: Any) -> None:
        super().__init__(result)
        self._widget = widget

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self._repr_mimebundle_(), raw=True)
        display(self._widget)


def shown(result: msgspec.Struct) -> Shown:
    """In the richest way that there is."""
    widget = pages.widget(result)
    return Shown(result) if widget is None else Interactive(result, widget)


def _rows(result: msgspec.Struct | None) -> list[dict[str, Any]]:
    if result is None:
        return []
    for name in result.__struct_fields__:
        value = getattr(result, name)
        if isinstance(value, tuple) and value and isinstance(value[0], msgspec.Struct):
            rows: list[dict[str, Any]] = msgspec.to_builtins(value, builtin_types=_KEPT)
            return rows
    return [msgspec.to_builtins(result, builtin_types=_KEPT)]


def _kept() -> tuple[type, ...]:
    from datetime import datetime

    return (datetime,)


_KEPT = _kept()
