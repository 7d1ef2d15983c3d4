"""What every handler does: who asks is known and may, work happens in threads, a refusal is a document.

Authentication is Jupyter's (token or cookie, XSRF on what is no GET), authorization asks it for `read` or `write` on
`nbmlops`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import tornado.web as web
from jupyter_server.base.handlers import APIHandler

from nbmlops.doors.failures import as_facts, http_status
from nbmlops.doors.server.answer import Answer, answer
from nbmlops.doors.server.place import Place, place
from nbmlops.doors.server.services import Services
from nbmlops.errors import InternalError, NbmlopsError, UsageError

SETTING = "nbmlops_services"
FOLDER = "folder"
"""Beside a verb's own arguments: where it acts, relative to the server's root."""

Value = TypeVar("Value")


class Handler(APIHandler):  # type: ignore[misc]
    auth_resource = "nbmlops"
    _etag: str | None = None
    _working: asyncio.Future[Any] | None = None
    _is_gone = False

    @property
    def services(self) -> Services:
        found: Services = self.settings[SETTING]
        return found

    async def by_reader(self, work: Callable[[], Value]) -> Value:
        """In a thread for readers. What is still waiting when the client has gone is not done at all."""
        return await self._in(self.services.readers, work)

    async def by_writer(self, work: Callable[[], Value]) -> Value:
        return await self._in(self.services.writers, work)

    def answer(self, value: Any, status: int = 200) -> None:
        """Bytes that were made in a thread, or a small document."""
        found = value if isinstance(value, Answer) else answer(value)
        self._etag = found.etag
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "private, no-cache")
        self.finish(found.body)

    def fail(self, error: NbmlopsError, status: int | None = None) -> None:
        self.answer(as_facts(error), status or http_status(error))

    @contextlib.contextmanager
    def refusing(self) -> Iterator[None]:
        """Errors inside of the block are answered; a bug of ours is one line without a traceback, too."""
        try:
            yield
        except NbmlopsError as error:
            self.fail(error)
        except (web.HTTPError, web.Finish):
            raise
        except Exception as error:
            self.log.exception("nbmlops: %s %s failed", self.request.method, self.request.path)
            text = " ".join(str(error).split())
            self.fail(InternalError(f"{type(error).__name__}: {text}.", kind="bug", hint="The server's log has more."))

    def place(self, name: str) -> Place:
        """Touches the disk: in a thread. Raises NotFoundError for a folder outside of the server's root."""
        return place(Path(self.settings["server_root_dir"]), name)

    def query(self, many: Collection[str] = ()) -> dict[str, Any]:
        """The query's values; a name of `many` keeps all of its values."""
        values: dict[str, Any] = {}
        for key in self.request.query_arguments:
            found = self.get_query_arguments(key)
            # Lab adds the time to each address, so that no cache answers.
            if key != "token" and not (key.isdigit() and found == [""]):
                values[key] = found if key in many else found[-1]
        return values

    def body(self) -> dict[str, Any]:
        """Raises UsageError where it is no JSON object."""
        try:
            body = json.loads(self.request.body or b"{}")
        except (ValueError, RecursionError) as error:
            raise UsageError(f"The body is not JSON: {error}.", kind="arguments-malformed") from None
        if not isinstance(body, dict):
            raise UsageError("The body is not a JSON object.", kind="arguments-malformed")
        return body

    def compute_etag(self) -> str | None:
        return self._etag

    def on_connection_close(self) -> None:
        super().on_connection_close()
        self._is_gone = True
        if self._working is not None:
            self._working.cancel()

    async def _in(self, pool: ThreadPoolExecutor, work: Callable[[], Value]) -> Value:
        self._working = asyncio.wrap_future(pool.submit(work))
        try:
            found: Value = await self._working
        except asyncio.CancelledError:
            if self._is_gone:
                raise web.Finish from None
            raise
        finally:
            self._working = None
        return found


def whole(values: dict[str, Any], name: str) -> int | None:
    """A whole number among the values, taken out. Raises UsageError."""
    text = values.pop(name, None)
    if text is None:
        return None
    try:
        return int(text)
    except (TypeError, ValueError):
        raise UsageError(f"{name} is {text!r}, not a whole number.", kind="arguments-malformed") from None


def none_left(values: dict[str, Any]) -> None:
    """Raises UsageError for a name that nobody has asked for."""
    for name in values:
        raise UsageError(f"There is no argument {name}.", kind="arguments-malformed")
