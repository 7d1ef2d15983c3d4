"""Data that stay in a bucket: what a run has read there, and how they are fetched for whoever unpacks its package.

A dataset of a Kitfile names the object (`remotePath`: s3://BUCKET/KEY, with ?versionId= where the bucket keeps
versions) and its ETag (`remoteHash`), as `kit` does. The ETag is what a bucket can be asked for without reading.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import IO
from urllib.parse import parse_qs, quote, urlsplit

import msgspec

from nbmlops.errors import IntegrityError, NbmlopsError, NotFoundError
from nbmlops.lib.redact import redact
from nbmlops.model.run import RunView
from nbmlops.project import Project
from nbmlops.snapshot.trace import trace_of
from nbmlops.store.reach import EXTRAS, open_url, reaching, scheme_of

_ETAG = re.compile(r"[0-9a-f]{32}(-[0-9]+)?")
_PIECE = 1 << 20
_ELSEWHERE = "The package names it only: ask its maker, or unpack it without --include-remote."


class RemoteObject(msgspec.Struct, frozen=True, kw_only=True):
    uri: str
    """With `?versionId=` where the bucket keeps versions."""
    etag: str
    path: str
    """Where it goes when it is unpacked: SCHEME/BUCKET/KEY."""
    size: int = 0


def remote_data(project: Project, run: RunView) -> tuple[RemoteObject, ...]:
    """Objects in buckets that the run has read, each once, as far as their ETag is known or can be asked for."""
    try:
        executions = trace_of(run, project.objects).executions
    except (NotFoundError, IntegrityError):
        return ()
    uses = {use.path: use for execution in executions for use in execution.inputs if use.is_remote and use.version}
    found = []
    for uri, use in sorted(uses.items()):
        if scheme_of(uri) not in EXTRAS:
            continue
        is_etag = _ETAG.fullmatch(use.version) is not None
        place = uri if is_etag else f"{uri}?versionId={quote(use.version, safe='')}"
        if etag := use.version if is_etag else _asked(place):
            parts = [part for part in urlsplit(uri).path.split("/") if part not in ("", ".", "..")]
            path = PurePosixPath(scheme_of(uri), urlsplit(uri).netloc, *parts)
            found.append(RemoteObject(uri=place, etag=etag, path=str(path), size=use.size or 0))
    return tuple(found)


def fetch_object(uri: str, etag: str, into: IO[bytes]) -> int:
    """Write an object's bytes; how many. Raises IntegrityError where it is another by now, NotFoundError where it is
    gone, DeniedError and UnavailableError where its store cannot be read.
    """
    if not etag:
        raise IntegrityError(
            f"{redact(uri)} has no remoteHash in the Kitfile: what comes from there could be anything.",
            kind="reference-unknown",
            hint="Ask the package's maker for its ETag, or unpack it without --include-remote.",
        )
    url, version = _parsed(uri)
    what = redact(url)
    if scheme_of(url) not in EXTRAS:
        # A package may come from anybody: no files of this machine, no addresses of its network.
        raise IntegrityError(
            f"{what} is in no bucket: the package may not ask for it.", kind="reference-refused", hint=_ELSEWHERE
        )
    options = {"version_id": version} if version else {}
    fs, path = open_url(what, url, version_aware=True) if version else open_url(what, url)
    count = 0
    with reaching(what):
        try:
            _check(what, _etag_of(fs.info(path, **options)), etag)
            with fs.open(path, "rb", **options) as file:
                while piece := file.read(_PIECE):
                    count += into.write(piece)
            # It may have been replaced while it was read.
            _check(what, _etag_of(fs.info(path, **options)), etag)
        except FileNotFoundError:
            raise NotFoundError(f"{what} is not there any more.", kind="reference-missing", hint=_ELSEWHERE) from None
    return count


def _asked(uri: str) -> str:
    """The ETag of a version; empty where its store does not answer now."""
    url, version = _parsed(uri)
    try:
        fs, path = open_url(redact(url), url, version_aware=True)
        with reaching(redact(url)):
            return _etag_of(fs.info(path, version_id=version))
    except NbmlopsError:
        return ""


def _parsed(uri: str) -> tuple[str, str]:
    """Its address and its version. A key may have a question mark of its own."""
    head, mark, query = uri.rpartition("?")
    versions = parse_qs(query).get("versionId") if mark else None
    return (head, versions[0]) if versions else (uri, "")


def _etag_of(info: dict[str, object]) -> str:
    return str(info.get("ETag") or info.get("etag") or "").strip('"')


def _check(what: str, found: str, wanted: str) -> None:
    if found != wanted:
        raise IntegrityError(
            f"{what} is no longer what the package was made with: its ETag is {found or 'none'}, not {wanted}.",
            kind="reference-changed",
            hint=_ELSEWHERE,
        )
