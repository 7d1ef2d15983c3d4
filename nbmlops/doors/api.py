"""The verbs as Python functions: `nbmlops.api.runs(limit=5)` returns what `nbmlops runs --limit 5 --json` prints.

What is a word of Python's own has an underscore behind it: `nbmlops.api.import_("models:/wine/3", from_=...)`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from nbmlops.doors.arguments import to_request
from nbmlops.errors import NotFoundError
from nbmlops.ops.call import Call
from nbmlops.ops.verbs import VERBS, find_verb


def __getattr__(name: str) -> Callable[..., Any]:
    try:
        verb = find_verb(name.removesuffix("_"))
    except NotFoundError as error:
        raise AttributeError(str(error)) from None

    def call(*, folder: str | Path = ".", **values: Any) -> Any:
        return verb.operation(Call(Path(folder).absolute()), to_request(verb, values))

    call.__name__ = verb.python_name
    call.__doc__ = verb.summary
    return call


def __dir__() -> list[str]:
    return [verb.python_name for verb in VERBS if not verb.needs_kernel]
