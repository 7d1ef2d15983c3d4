"""How verbs talk to a router that runs: a line of JSON each way, over a socket that only the user can open."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

import msgspec

from nbmlops.errors import ExternalError, UnavailableError
from nbmlops.model.deployment import Status

NAME = "control.sock"
_SECONDS = 10.0
_MOST_BYTES = 1 << 20


class Order(msgspec.Struct, frozen=True, kw_only=True):
    do: Literal["apply", "status", "stop"]


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    status: Status | None = None
    problem: str = ""


def ask(folder: Path, do: Literal["apply", "status", "stop"]) -> Status:
    """`folder`: of the sockets. Raises UnavailableError where no router runs, ExternalError for what it says."""
    try:
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as line:
            line.settimeout(_SECONDS)
            line.connect(str(folder / NAME))
            line.sendall(msgspec.json.encode(Order(do=do)) + b"\n")
            with line.makefile("rb") as file:
                told = file.readline(_MOST_BYTES)
        reply = msgspec.json.decode(told, type=Reply)
    except (OSError, msgspec.DecodeError) as error:
        raise UnavailableError(
            f"The router does not answer: {error}.", kind="router-gone", hint="Start it: nbmlops deploy --restore"
        ) from error
    if reply.problem or reply.status is None:
        raise ExternalError(reply.problem or "The router has said nothing.", kind="router-failed")
    return reply.status


async def listen(folder: Path, answer: Callable[[Order], Awaitable[Reply]]) -> asyncio.Server:
    path = folder / NAME
    path.unlink(missing_ok=True)

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_SECONDS):
                order = msgspec.json.decode(await reader.readline(), type=Order)
            reply = await answer(order)
        except (msgspec.DecodeError, TimeoutError, ValueError) as error:
            reply = Reply(problem=str(error))
        with contextlib.suppress(OSError):
            writer.write(msgspec.json.encode(reply) + b"\n")
            await writer.drain()
            writer.close()

    return await asyncio.start_unix_server(one, path)
