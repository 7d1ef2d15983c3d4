"""`serve-needs`: whoever asks over HTTP is told whether reconcilers would do something now.

serve-needs labels-train --port 8080
curl http://127.0.0.1:8080/needsTrain
"""

from __future__ import annotations

import os
from typing import Annotated

import msgspec

from nbmlops.errors import InterruptedRunError, UsageError
from nbmlops.model.needs_answer import NeedsAnswer
from nbmlops.model.reconciler import Kind
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.fields import option, positional
from nbmlops.ops.reconciling.shared_memory import SharedMemory
from nbmlops.ops.reconciling.view import chosen, documents, kept_folder, store_of

TOKEN_VARIABLE = "NBMLOPS_NEEDS_TOKEN"


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    names: Annotated[tuple[str, ...], positional("Only of these reconcilers. Default: of all of the project.")] = ()
    host: Annotated[str, option("Where it listens.", metavar="ADDRESS")] = "127.0.0.1"
    port: Annotated[int, option("0: the first free one.", metavar="N")] = 8080
    open: Annotated[
        bool, option(f"Whoever reaches it may ask. Without: away from this machine {TOKEN_VARIABLE} is asked for.")
    ] = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    address: str
    asked: int = 0
    """Questions that were answered."""


def serve_needs(call: Call, request: Request) -> Result:
    """Until it is stopped. Nothing is done, and nothing remembered: each question is a look.

    Raises NotFoundError for a name that there is none of, UsageError for a port or a token that is none, StateError
    where a token is missing, ConflictError for a port that is taken.
    """
    if not 0 <= request.port <= 65535:
        raise UsageError(f"{request.port} is no port.", kind="port-malformed", hint="It is from 0 to 65535.")
    chosen(documents(call), request.names)
    from nbmlops.hosts.needs_server import NeedsServer

    answers = Answers(call, request.names)
    token = os.environ.get(TOKEN_VARIABLE, "")
    with NeedsServer(answers, host=request.host, port=request.port, token=token, is_open=request.open) as server:
        host = f"[{server.host}]" if ":" in server.host else server.host
        address = f"http://{host}:{server.port}"
        # As something that is done: a log has the line as well.
        note = f"{address}/needsTrain and {address}/needsSync"
        call.progress(Progress(task="listening", note=note, state="done"))
        try:
            server.serve()
        except (KeyboardInterrupt, InterruptedRunError):
            call.progress(Progress(task="serve-needs", state="done"))
        return Result(address=address, asked=answers.asked)


class Answers:
    """Documents, git and what is needed are looked at anew for each question."""

    def __init__(self, call: Call, names: tuple[str, ...]) -> None:
        self._root = call.project.root
        self._progress = call.progress
        self._names = names
        self.asked = 0

    def __call__(self, which: str) -> NeedsAnswer:
        """Yes where one of them would act. A no only where all of them can be told. Raises NbmlopsError where there is
        none to ask.
        """
        from nbmlops.hosts.needs_server import TRAIN
        from nbmlops.ops.reconciling.world import RealWorld
        from nbmlops.reconcile.lease import Lease
        from nbmlops.reconcile.needs_answers import answer_of
        from nbmlops.reconcile.tick import tick

        self.asked += 1
        # Each question comes in a thread of its own, and what a project has open is its thread's.
        call = Call(self._root, progress=self._progress)
        found = documents(call)
        kind = Kind.TRAINER if which == TRAIN else Kind.DEPLOYER
        world, store = RealWorld(call), store_of(call)
        shared = SharedMemory(store, world.git, self._say)
        errors = [] if self._names else [each.message for each in found.refused]
        for spec in chosen(found, self._names):
            if spec.kind is not kind:
                continue
            shared.recall(spec)
            lease = Lease(kept_folder(call), spec.name)
            _, decision, _ = tick(spec, world, store, lease, self._say, is_dry=True)
            answer = answer_of(spec, decision)
            if answer.needs_sync:
                return answer
            errors += [f"{spec.name}: {each}" for each in answer.errors]
        return NeedsAnswer(needs_sync=False, errors=tuple(errors))

    def _say(self, note: str) -> None:
        self._progress(Progress(task="serve-needs", note=note))
