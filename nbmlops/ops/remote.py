"""`remote`: keep snapshots in a folder or bucket as well, and bring them to another machine.

remote add team s3://bucket/wine · remote push · remote pull · remote pull team baseline · remote status
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import msgspec

from nbmlops.errors import NbmlopsError, NotFoundError, StateError, UsageError
from nbmlops.lib.redact import redact
from nbmlops.model.remote import Moved
from nbmlops.ops.call import Call, Progress
from nbmlops.ops.fields import option, positional
from nbmlops.ops.remote_results import needed, receive_results, results_on, send_results
from nbmlops.ops.remote_runs import receive_links, send_links, snapshots_meant, trace_meant
from nbmlops.ops.remote_settings import add_remote, remove_remote
from nbmlops.project import Project
from nbmlops.settings import RemoteSettings, read_settings
from nbmlops.snapshot.needed import fetch_document, fetch_objects, fetch_snapshot
from nbmlops.snapshot.recover import pack_records, recover
from nbmlops.store.layout import SETTINGS
from nbmlops.store.remote import Remote
from nbmlops.store.sweep import fold
from nbmlops.store.transfer import catalog, compare, pull, push

DEFAULT = "origin"
"""Of several remotes, the one that is meant when none is named."""


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    action: Annotated[
        Literal["list", "add", "remove", "push", "pull", "status"],
        positional("`list`, `add`, `remove`, `push`, `pull` or `status`.", metavar="ACTION"),
    ] = "list"
    name: Annotated[str, positional("The remote; may be left out where there is one, or one called origin.")] = ""
    more: Annotated[
        tuple[str, ...],
        positional(
            "`add`: its folder or URL (s3://, gs://, abfs://). `pull`: only these snapshots, runs or pipelines.",
            metavar="URL|SNAPSHOT|RUN|PIPELINE",
        ),
    ] = ()
    endpoint: Annotated[str, option("`add`: address of an S3 service that is not Amazon's.", metavar="URL")] = ""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    url: str
    problem: str = ""
    """Why `status` could not look into it."""
    packs: int | None = None
    size: int | None = None
    """Bytes there."""
    to_push: int | None = None
    """Packs of which something is only here."""
    to_pull: int | None = None


class Result(msgspec.Struct, frozen=True, kw_only=True):
    action: str
    remotes: tuple[Known, ...] = ()
    moved: Moved | None = None
    snapshots: int = 0
    """New to this project after a pull."""

    @property
    def exit_code(self) -> int:
        return 9 if self.moved is not None and self.moved.damaged else 0


def remote(call: Call, request: Request) -> Result:
    """Raises UsageError, NotFoundError; DeniedError and UnavailableError when the remote cannot be used."""
    project = call.project
    match request.action:
        case "add":
            return _add(call, project, request)
        case "remove":
            remove_remote(project.root / SETTINGS, request.name)
        case "push":
            return _push(call, project, _chosen(project, request.name))
        case "pull":
            # `pull baseline`: no remote has that name, so it is what shall be pulled.
            is_named = request.name in _remotes(project) or not request.name
            wanted = request.more if is_named else (request.name, *request.more)
            return _pull(call, project, _chosen(project, request.name if is_named else ""), wanted)
        case "status":
            chosen = [request.name] if request.name else list(_remotes(project))
            return Result(action="status", remotes=tuple(_status(project, _chosen(project, name)) for name in chosen))
    known = (Known(name=name, url=redact(each.url)) for name, each in _remotes(project).items())
    return Result(action=request.action, remotes=tuple(known))


def _add(call: Call, project: Project, request: Request) -> Result:
    if not request.name or len(request.more) != 1:
        raise UsageError(
            "A remote has a name and one address.",
            kind="remote-malformed",
            hint="For example: nbmlops remote add team s3://bucket/wine",
        )
    (url,) = request.more
    if "://" not in url:
        url = project.relative(call.path(url))
    add_remote(project.root / SETTINGS, request.name, RemoteSettings(url=url, endpoint=request.endpoint))
    return Result(action="add", remotes=(Known(name=request.name, url=url),))


def _push(call: Call, project: Project, there: Remote) -> Result:
    """Objects and records of the time before there were packs are packed first: only packs travel."""
    objects = project.objects
    loose = list(objects.loose.digests())
    if loose:
        with objects.alone():
            fold(objects, loose)
    pack_records(objects, project.records)
    with objects.writing():  # so that gc waits
        moved = push(objects, there, _telling(call, "push"))
    send_links(project, there)
    send_results(project, there)
    call.progress(Progress(task="push", state="done"))
    return Result(action="push", remotes=(_known(there),), moved=moved)


def _pull(call: Call, project: Project, there: Remote, wanted: tuple[str, ...]) -> Result:
    objects = project.objects
    held, _, damaged = catalog(objects, there)
    if not held and not damaged:
        raise StateError(
            f"There is nothing on remote {there.name}.", kind="remote-empty", hint=f"nbmlops remote push {there.name}"
        )
    receive_links(project, there)
    tell = _telling(call, "pull")
    done: list[Moved] = []
    if wanted:
        results = [entry for entry in results_on(there) if entry.pipeline in wanted]
        digests: list[str] = []
        for each in wanted:
            try:
                digests += snapshots_meant(project, each, there, held)
            except NotFoundError:
                if each not in {entry.pipeline for entry in results}:
                    raise

        def take(names: set[str]) -> None:
            done.append(pull(objects, there, held, names, tell))

        for digest in dict.fromkeys(digests):
            fetch_snapshot(digest, objects, held, take)
        fetch_objects((digest for entry in results for digest in needed(entry)), objects, held, take)
        for trace in filter(None, (trace_meant(project, each) for each in wanted)):
            fetch_document(trace, objects, held, take)
    else:
        done.append(pull(objects, there, held, held, tell))
    count = recover(objects, project.records)
    receive_results(project, there)
    call.progress(Progress(task="pull", state="done"))
    moved = Moved(
        packs=sum(each.packs for each in done),
        size=sum(each.size for each in done),
        known=sum(each.known for each in done),
        damaged=(*damaged, *(name for each in done for name in each.damaged)),
    )
    return Result(action="pull", remotes=(_known(there),), moved=moved, snapshots=count)


def _status(project: Project, there: Remote) -> Known:
    known = _known(there)
    try:
        held, sizes, damaged = catalog(project.objects, there)
    except NbmlopsError as error:
        return msgspec.structs.replace(known, problem=error.message)
    to_push, to_pull = compare(project.objects, held)
    return msgspec.structs.replace(
        known,
        packs=len(sizes),
        size=sum(sizes.values()),
        to_push=to_push,
        to_pull=to_pull,
        problem=f"{len(damaged)} of its packs are damaged" if damaged else "",
    )


def _remotes(project: Project) -> dict[str, RemoteSettings]:
    """As the file has them now: a kernel's project has read it when it was opened."""
    return read_settings(project.root / SETTINGS)[0].remote


def _chosen(project: Project, name: str) -> Remote:
    known = _remotes(project)
    if not name:
        name = next(iter(known)) if len(known) == 1 else DEFAULT
        if name not in known:
            raise UsageError(
                "Which remote?" if known else "This project has no remote.",
                kind="remote-unnamed",
                hint=f"Name one of: {', '.join(known)}." if known else "Add one: nbmlops remote add NAME URL",
            )
    if name not in known:
        raise NotFoundError(f"There is no remote {name}.", kind="remote-missing", hint="List them: nbmlops remote list")
    found = known[name]
    url = found.url if "://" in found.url else str(project.absolute(found.url))
    return Remote(name, url, endpoint=found.endpoint)


def _known(there: Remote) -> Known:
    return Known(name=there.name, url=redact(there.url))


def _telling(call: Call, task: str) -> Callable[[int], None]:
    done = 0

    def tell(size: int) -> None:
        nonlocal done
        done += 1
        call.progress(Progress(task=task, done=done, note=f"{size / 1e6:.1f} MB"))

    return tell
