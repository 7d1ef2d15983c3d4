"""Two handlers over the verb table. A reading verb answers GET and POST, a writing one only POST.

Authentication is Jupyter's (token or cookie, XSRF on POST), authorization asks it for `read` or `write` on
`nbmlops`. Operations run in a thread: the server's loop serves kernels too.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado import web

import nbmlops
from nbmlops.doors.arguments import to_request, usage
from nbmlops.doors.failures import as_facts, http_status
from nbmlops.doors.render.help import offered
from nbmlops.errors import InternalError, NbmlopsError, NotFoundError, UsageError
from nbmlops.ops.call import Call
from nbmlops.ops.fields import fields_of
from nbmlops.ops.verbs import Effect, Verb, find_verb

FOLDER = "folder"
"""Beside a verb's own arguments: where it acts, relative to the server's root."""


class _Handler(APIHandler):  # type: ignore[misc]
    auth_resource = "nbmlops"

    def answer(self, value: Any, status: int = 200) -> None:
        self.set_status(status)
        self.set_header("Content-Type", "application/json")
        self.finish(msgspec.json.encode(value))

    def fail(self, error: NbmlopsError) -> None:
        self.answer(as_facts(error), http_status(error))


class TableHandler(_Handler):
    """What can be asked for: names, effects, arguments."""

    @web.authenticated  # type: ignore[untyped-decorator]
    @authorized  # type: ignore[untyped-decorator]
    async def get(self) -> None:
        verbs = [_described(verb) for verb in offered(magics=False) if not verb.is_terminal]
        self.answer({"version": nbmlops.__version__, "verbs": verbs})


class VerbHandler(_Handler):
    @web.authenticated  # type: ignore[untyped-decorator]
    @authorized  # type: ignore[untyped-decorator]
    async def get(self, name: str) -> None:
        try:
            verb = _find(name)
        except NbmlopsError as error:
            self.fail(error)
            return
        if verb.effect is not Effect.READ:
            self.set_header("Allow", "POST")
            refusal = UsageError(f"{name} changes something.", kind="verb-changes", hint="POST it.", verb=name)
            self.answer(as_facts(refusal), 405)
            return
        many = {field.name for field in fields_of(verb.request) if field.is_many}
        values: dict[str, Any] = {}
        for key in self.request.query_arguments:
            found = self.get_query_arguments(key)
            values[key] = found if key in many else found[-1]
        await self._act(verb, values)

    @web.authenticated  # type: ignore[untyped-decorator]
    @authorized  # type: ignore[untyped-decorator]
    async def post(self, name: str) -> None:
        try:
            verb = _find(name)
            body = json.loads(self.request.body or b"{}")
        except NbmlopsError as error:
            self.fail(error)
            return
        except ValueError as error:
            self.fail(UsageError(f"The body is not JSON: {error}.", kind="arguments-malformed"))
            return
        if not isinstance(body, dict):
            self.fail(UsageError("The body is not a JSON object.", kind="arguments-malformed"))
            return
        await self._act(verb, body)

    async def _act(self, verb: Verb, values: dict[str, Any]) -> None:
        values.pop("token", None)
        try:
            folder = self._folder(str(values.pop(FOLDER, "")))
            request = to_request(verb, values)
            result = await asyncio.to_thread(lambda: verb.operation(Call(folder), request))
        except NbmlopsError as error:
            self.fail(error)
            return
        except Exception as error:
            self.log.exception("nbmlops: %s failed", verb.name)
            text = " ".join(str(error).split())
            self.fail(InternalError(f"{type(error).__name__}: {text}.", kind="bug", hint="The server's log has more."))
            return
        self.answer(result)

    def _folder(self, name: str) -> Path:
        """Raises NotFoundError for a folder outside of the server's root."""
        root = Path(self.settings["server_root_dir"]).expanduser().resolve()
        folder = (root / name.lstrip("/")).resolve()
        if not folder.is_relative_to(root) or not folder.is_dir():
            raise NotFoundError(f"There is no folder {name!r}.", kind="folder-missing")
        return folder


def _find(name: str) -> Verb:
    """Raises NotFoundError for a verb that does not exist or works at another door only."""
    verb = find_verb(name)
    if verb.needs_kernel or verb.is_terminal:
        there = f"In a notebook: %mlops {name}" if verb.needs_kernel else f"In a terminal: nbmlops {name}"
        raise NotFoundError(f"{name} does not work over REST.", kind="verb-not-here", hint=there, verb=name)
    return verb


def _described(verb: Verb) -> dict[str, Any]:
    schema = msgspec.json.schema(verb.request)
    return {
        "name": verb.name,
        "summary": verb.summary,
        "group": verb.group,
        "effect": verb.effect,
        "usage": usage(verb),
        "schema": schema,
    }
