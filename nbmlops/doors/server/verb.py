"""The table, and a verb that is quick: a reading one answers GET and POST, a writing one only POST."""

from __future__ import annotations

from typing import Any

import tornado.web as web
from jupyter_server.auth.decorator import authorized

from nbmlops.doors.arguments import to_request
from nbmlops.doors.server.answer import Answer, answer
from nbmlops.doors.server.handler import FOLDER, Handler
from nbmlops.doors.server.table import table
from nbmlops.errors import NotFoundError, UsageError
from nbmlops.ops.call import Call
from nbmlops.ops.fields import fields_of
from nbmlops.ops.verbs import Effect, Verb, find_verb

FOLLOWED = frozenset({"deployments", "logs"})
"""Pages ask for them again and again: that keeps an idle server from being culled as little as watching does."""


class TableHandler(Handler):
    """What can be asked for: names, effects, arguments."""

    @web.authenticated  # type: ignore[untyped-decorator]
    @authorized  # type: ignore[untyped-decorator]
    async def get(self) -> None:
        with self.refusing():
            self.answer(await self.by_reader(table))


class VerbHandler(Handler):
    _track_activity = True

    @web.authenticated  # type: ignore[untyped-decorator]
    @authorized  # type: ignore[untyped-decorator]
    async def get(self, name: str) -> None:
        await self.act_on_query(name)

    @web.authenticated  # type: ignore[untyped-decorator]
    @authorized  # type: ignore[untyped-decorator]
    async def post(self, name: str) -> None:
        with self.refusing():
            await self.act(verb_here(name), self.body())

    async def act_on_query(self, name: str) -> None:
        with self.refusing():
            verb = verb_here(name)
            if verb.effect is not Effect.READ:
                self.set_header("Allow", "POST")
                refusal = UsageError(f"{name} changes something.", kind="verb-changes", hint="POST it.", verb=name)
                self.fail(refusal, 405)
                return
            await self.act(verb, self.query(many_of(verb)))

    async def act(self, verb: Verb, values: dict[str, Any]) -> None:
        values.pop("token", None)
        folder = str(values.pop(FOLDER, ""))
        self._track_activity = verb.name not in FOLLOWED

        def work() -> Answer:
            where = self.place(folder).folder
            return answer(verb.operation(Call(where), to_request(verb, values)))

        self.answer(await (self.by_reader(work) if verb.effect is Effect.READ else self.by_writer(work)))


def verb_here(name: str) -> Verb:
    """Raises NotFoundError for a verb that does not exist or works at another door only."""
    verb = find_verb(name)
    if verb.needs_kernel or verb.is_terminal:
        there = f"In a notebook: %mlops {name}" if verb.needs_kernel else f"In a terminal: nbmlops {name}"
        raise NotFoundError(f"{name} does not work over REST.", kind="verb-not-here", hint=there, verb=name)
    return verb


def many_of(verb: Verb) -> set[str]:
    return {field.name for field in fields_of(verb.request) if field.is_many}
