"""Sessions -> the Trace of a run, stored: with the run's data and code, enough to execute it again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec

from nbmlops.errors import IntegrityError, NotFoundError
from nbmlops.lib.digest import short
from nbmlops.model.cell import Execution, FileUse, SessionInfo
from nbmlops.model.documents import Document, decode, encode
from nbmlops.model.environment import Environment
from nbmlops.model.run import RunView, Tags
from nbmlops.model.trace import CellOutputs, RandomStates, SessionTrace, Trace
from nbmlops.snapshot.code import executed_notebook
from nbmlops.store.objects import Objects
from nbmlops.store.records import Records

D = TypeVar("D", bound=Document)


def keep_trace(
    sessions: Sequence[tuple[SessionInfo, Sequence[Execution]]],
    *,
    digests: Mapping[str, str],
    imported: tuple[str, ...],
    records: Records,
    objects: Objects,
    variables: Mapping[str, dict[str, str]] | None = None,
) -> tuple[str, bytes]:
    """Identity of the trace and the executed notebook's bytes. `digests` are those of files that are as they were,
    `variables`, by session, what it was told alone.
    """
    executions = [execution for _, ran in sessions for execution in ran]
    outputs = {each.execution: each for each in _of(records, CellOutputs, executions)}
    executed = executed_notebook(executions, outputs=outputs)
    with objects.writing():
        told = variables or {}
        return _stored(sessions, executions, executed, digests, imported, records, objects, told), executed


def _stored(
    sessions: Sequence[tuple[SessionInfo, Sequence[Execution]]],
    executions: Sequence[Execution],
    executed: bytes,
    digests: Mapping[str, str],
    imported: tuple[str, ...],
    records: Records,
    objects: Objects,
    variables: Mapping[str, dict[str, str]],
) -> str:
    trace = Trace(
        sessions=tuple(
            SessionTrace(
                session=info.id,
                notebook=info.notebook,
                folder=info.folder,
                door=info.door,
                executions=tuple(_with_digests(execution, digests) for execution in ran),
                variables=variables.get(info.id, {}),
            )
            for info, ran in sessions
        ),
        random={
            states.execution: objects.put_bytes(encode(states))[0] for states in _of(records, RandomStates, executions)
        },
        executed=objects.put_bytes(executed)[0],
        imported=imported,
    )
    return objects.put_bytes(encode(trace))[0]


def trace_of(run: RunView, objects: Objects) -> Trace:
    """Raises NotFoundError when the run has none, or the store does not have it."""
    digest = run.tags.get(Tags.TRACE)
    if not digest:
        raise NotFoundError(
            f"Run {run.name} ({short(run.id)}) has no trace of what it executed.",
            kind="trace-missing",
            hint=f"Look at it: nbmlops show {short(run.id)}",
        )
    return load_trace(digest, objects)


def load_trace(digest: str, objects: Objects) -> Trace:
    return decode(objects.read(digest), Trace, place=f"trace {short(digest)}")


def random_states(trace: Trace, execution: str, objects: Objects) -> RandomStates | None:
    """States before an execution, where they had moved. Raises IntegrityError when they are damaged."""
    digest = trace.random.get(execution)
    if digest is None:
        return None
    try:
        return decode(objects.read(digest), RandomStates, place=f"random states {short(digest)}")
    except NotFoundError as error:
        raise IntegrityError(str(error), kind="object-missing", hint=error.hint) from error


def imported_distributions(
    modules: Iterable[str], environment: Environment, providers: Mapping[str, Iterable[str]]
) -> tuple[str, ...]:
    """`name==version` of the installed packages that provide these top-level modules."""
    versions = {package.name: package.version for package in environment.packages}
    names = {name.lower().replace("_", "-").replace(".", "-") for each in modules for name in providers.get(each, ())}
    return tuple(f"{name}=={versions[name]}" for name in sorted(names & versions.keys()))


def _with_digests(execution: Execution, digests: Mapping[str, str]) -> Execution:
    def known(use: FileUse) -> FileUse:
        digest = digests.get(use.path) if use.size is not None else None
        return msgspec.structs.replace(use, digest=digest) if digest else use

    return msgspec.structs.replace(
        execution, inputs=tuple(map(known, execution.inputs)), outputs=tuple(map(known, execution.outputs))
    )


def _of(records: Records, cls: type[D], executions: Sequence[Execution]) -> list[D]:
    found = []
    for execution in executions:
        document = records.get(cls, execution.id)
        if document is not None:
            found.append(document)
    return found
