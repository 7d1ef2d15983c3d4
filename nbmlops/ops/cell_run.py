"""`%%mlops run NAME`: the cell is a run. Not a verb of the table: only the first line of a cell can be it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import msgspec

from nbmlops.errors import UsageError
from nbmlops.ops.fields import option, positional
from nbmlops.ops.session import OpenedRun, Session
from nbmlops.ops.verbs import Effect, Verb


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, positional("Name of the run.")]
    param: Annotated[tuple[str, ...], option("A parameter to log.", short="p", metavar="NAME=VALUE")] = ()
    experiment: Annotated[str, option("Experiment of the run.", metavar="NAME")] = ""


class _CellRun(Verb, frozen=True, kw_only=True):
    @property
    def request(self) -> type[msgspec.Struct]:
        return Request

    @property
    def operation(self) -> Callable[[Any, Any], msgspec.Struct]:
        return open_cell_run


CELL_RUN = _CellRun(
    name="run", summary="Make a run of this cell.", group="Track", effect=Effect.WRITE, needs_kernel=True
)


def open_cell_run(session: Session, request: Any) -> OpenedRun:
    """Raises UsageError for a malformed or repeated parameter and StateError when tracking is off."""
    params: dict[str, str] = {}
    for text in request.param:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"{text!r} is not NAME=VALUE.", kind="parameter-malformed", hint="Write --param lr=0.1")
        if name in params:
            raise UsageError(f"Parameter {name} is given twice.", kind="parameter-duplicate", hint="Give it once.")
        params[name] = value
    return session.open_cell_run(request.name, params, request.experiment)
