"""Objects of other machines, read or written through fsspec or urllib: address, size, and version id or ETag.

    remote = RemoteSensor()
    remote.install()        # acts when fsspec or urllib.request is imported
    remote.uninstall()

They are references: nothing is copied or hashed. The version is taken from what the server has said already; where the
file system has not kept it, it is asked once per object and cell.
"""

from __future__ import annotations

import functools
import logging
import types
from collections.abc import Mapping
from typing import Any

from nbmlops.capture import audit
from nbmlops.capture.patches import Patches
from nbmlops.capture.sightings import BY_SELF, READ, REMOTE, WRITTEN, RemoteUse, Use

_NOT_REMOTE = frozenset(
    {
        "file", "local", "memory", "data", "dir", "zip", "tar", "libarchive", "reference",
        "filecache", "simplecache", "blockcache", "cached", "async_wrapper",
    }
)  # fmt: skip
"""Protocols of fsspec that stay on this machine, or that ask another file system, which is seen itself."""
_WHOLE = {"_cat_file": READ, "_get_file": READ, "_pipe_file": WRITTEN, "_put_file": WRITTEN}
"""Methods of asynchronous file systems that do not go through `open`."""
_CLASSES = {
    "s3fs.core": "S3FileSystem",
    "gcsfs.core": "GCSFileSystem",
    "adlfs.spec": "AzureBlobFileSystem",
    "fsspec.implementations.http": "HTTPFileSystem",
}
_VERSIONS = ("VersionId", "version_id", "generation", "ETag", "etag", "Last-Modified", "last-modified")
_MOST_ASKED = 32

_log = logging.getLogger("nbmlops")


class RemoteSensor:
    def __init__(self) -> None:
        self._patches = Patches()

    def install(self) -> None:
        self._patches.after_import("fsspec.spec", self._fsspec_is_here)
        self._patches.after_import("urllib.request", self._urllib_is_here)
        for module in _CLASSES:
            self._patches.after_import(module, self._class_is_here)

    def uninstall(self) -> None:
        self._patches.undo()

    def patched(self) -> tuple[str, ...]:
        return self._patches.names()

    def _fsspec_is_here(self, module: types.ModuleType) -> None:
        self._patches.wrap(module.__dict__.get("AbstractFileSystem"), "open", _opening)

    def _class_is_here(self, module: types.ModuleType) -> None:
        owner = getattr(module, _CLASSES[module.__name__], None)
        for name, use in _WHOLE.items():
            self._patches.wrap(owner, name, functools.partial(_whole, use))

    def _urllib_is_here(self, module: types.ModuleType) -> None:
        self._patches.wrap(module, "urlopen", _requesting)


def _opening(original: Any) -> Any:
    @functools.wraps(original)
    def open(self: Any, path: Any, mode: str = "rb", *args: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        file = original(self, path, mode, *args, **options)
        details = getattr(file, "details", None)
        note_object(self, path, READ if "r" in mode else WRITTEN, details)
        return file

    return open


def _requesting(original: Any) -> Any:
    @functools.wraps(original)
    def urlopen(*args: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        response = original(*args, **options)
        headers = getattr(response, "headers", None)
        given = args[0] if args else options.get("url")
        url = getattr(given, "full_url", given)
        # The audit event has noted the address already, unless something was sent to it.
        sightings = audit.active()
        if sightings is not None and headers is not None and url in sightings.remote:
            _describe(sightings.remote[url], headers, headers.get("Content-Length"))
        return response

    return urlopen


def note_object(system: Any, path: Any, use: Use, details: Any) -> None:
    """An object of an fsspec file system. Never raises: the user's call has succeeded already."""
    sightings = audit.active()
    if sightings is None:
        return
    try:
        protocol = system.protocol if isinstance(system.protocol, str) else system.protocol[0]
        if protocol in _NOT_REMOTE:
            return
        found = sightings.remote.setdefault(str(system.unstrip_protocol(path)), RemoteUse())
        found.use |= use | REMOTE | BY_SELF
        if isinstance(details, Mapping):
            _describe(found, details, details.get("size"))
        if use & READ and not found.version and not found.is_asked and len(sightings.remote) <= _MOST_ASKED:
            found.is_asked = True
            info = system.info(path)
            _describe(found, info, info.get("size"))
    except Exception:  # noqa: BLE001 - the object was read; its description is a courtesy
        _log.debug("a remote object could not be described", exc_info=True)


def _whole(use: Use, original: Any) -> Any:
    @functools.wraps(original)
    async def call(self: Any, *args: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        result = await original(self, *args, **options)
        # The remote side comes first when something is fetched, and second when a local file is sent.
        position, keyword = (1, "rpath") if original.__name__ == "_put_file" else (0, "path")
        path = args[position] if len(args) > position else options.get(keyword, options.get("rpath"))
        if isinstance(path, str):
            await _note_fetched(self, path, use)
        return result

    return call


async def _note_fetched(system: Any, path: str, use: Use) -> None:
    details: Any = None
    sightings = audit.active()
    if sightings is None or len(sightings.remote) > _MOST_ASKED:
        return
    try:
        if use & READ:
            details = await system._info(path)
        found = sightings.remote.setdefault(str(system.unstrip_protocol(path)), RemoteUse())
        found.use |= use | REMOTE | BY_SELF
        found.is_asked = True
        if details is not None:
            _describe(found, details, details.get("size"))
    except Exception:  # noqa: BLE001 - the object was read; its description is a courtesy
        _log.debug("a remote object could not be described", exc_info=True)


def _describe(found: RemoteUse, said: Mapping[str, Any], size: Any) -> None:
    if size is not None and str(size).isdigit():
        found.size = int(size)
    version = next((said[name] for name in _VERSIONS if said.get(name)), None)
    if version is not None:
        found.use |= REMOTE
        found.version = str(version).strip('"')
