"""`track`: switch tracking of this notebook on or off."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from nbmlops.ops.call import Call
from nbmlops.ops.fields import option, positional
from nbmlops.track.address import shown
from nbmlops.track.server import check_server


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    state: Annotated[
        Literal["on", "off", ""], positional("`on` or `off`; without it, only tell.", metavar="on|off")
    ] = ""
    notebook: Annotated[str, option("The notebook's file, where the front end knows it better.", metavar="PATH")] = ""
    experiment: Annotated[str, option("MLflow experiment of the runs from now on.", short="e", metavar="NAME")] = ""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    is_on: bool
    experiment: str
    notebook: str
    root: str
    tracking: str
    cells: int
    """Recorded in this session so far."""


def track(call: Call, request: Request) -> Result:
    """Raises UnavailableError when tracking is switched on and the MLflow server does not answer."""
    session = call.session
    if request.state == "on":
        check_server(session.project.uri)
    if request.notebook:
        session.rename(call.path(request.notebook))
    is_on = session.is_on if request.state == "" else request.state == "on"
    session.switch(is_on, request.experiment)
    return Result(
        is_on=session.is_on,
        experiment=session.experiment,
        notebook=session.notebook,
        root=str(session.project.root),
        tracking=shown(session.project.uri),
        cells=session.recorder.order,
    )
