"""A blob to a registry: not at all where it has it, else mounted from a neighbour, in one piece, or in chunks.

A chunk that was cut off goes on where the registry says that it has come to.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from enum import StrEnum
from typing import IO
from urllib.parse import quote

import requests

from nbmlops.errors import DeniedError, ExternalError, NotFoundError, UnavailableError
from nbmlops.lib.failpoints import failpoint
from nbmlops.model.oci import Descriptor
from nbmlops.package.layout import Layout
from nbmlops.package.registry.client import Registry
from nbmlops.package.registry.patience import Patience
from nbmlops.package.registry.replies import number_of
from nbmlops.package.registry.watch import Watch

CHUNKED_BYTES = 100 << 20
"""From this size on a blob goes in chunks."""
CHUNK_BYTES = 64 << 20
_WHOLE_ONLY = re.compile(r"(?:.*\.)?(?:ghcr\.io|pkg\.github\.com|gcr\.io|pkg\.dev|amazonaws\.com(?:\.cn)?)")
"""Hosts that refuse chunks, or take but small ones."""
_RANGE = re.compile(r"(?:bytes=)?0-(\d{1,18})")
_UPLOAD = "application/octet-stream"


class Way(StrEnum):
    KNOWN = "known"
    MOUNTED = "mounted"
    SENT = "sent"


class Upload:
    """One blob on its way. `neighbour` is another repository of the registry that may have it."""

    def __init__(
        self, registry: Registry, repo: str, layout: Layout, blob: Descriptor, *, neighbour: str, watch: Watch
    ) -> None:
        self._registry = registry
        self._wire = registry.wire
        self._repo = repo
        self._layout = layout
        self._blob = blob
        self._neighbour = neighbour
        self._watch = watch
        self._scope = registry.scope(repo, "pull,push")
        self._what = f"push to {repo}"
        self._place = ""
        """Where the registry wants the next bytes; empty: to be asked for."""
        self._offset = 0
        self._chunk = CHUNK_BYTES
        self._is_unsure = False
        """Whether `_offset` may be wrong: a request was cut off."""

    def run(self) -> Way:
        """Raises IntegrityError where our bytes are not those of the digest, and what Registry's methods raise."""
        patience = Patience(self._watch.stop)
        furthest = 0
        while True:
            try:
                return self._try()
            except UnavailableError as error:
                if self._offset > furthest:
                    furthest = self._offset
                    patience.renew()
                self._is_unsure = True
                patience.wait(error, is_known=self._wire.has_answered)

    def _try(self) -> Way:
        if self._is_unsure:
            if not (self._place and self.is_chunked and self._ask_offset()):
                self._cancel()
            self._is_unsure = False
        if not self._place:
            if self._registry.see_blob(self._repo, self._blob, "pull,push"):
                self._watch.tell(self._blob.digest, self._blob.size, self._blob.size)
                return Way.KNOWN
            if self._neighbour and self._mount():
                self._watch.tell(self._blob.digest, self._blob.size, self._blob.size)
                return Way.MOUNTED
            if not self._place:
                self._begin("")
        if self.is_chunked:
            self._send_chunks()
        self._finish()
        return Way.SENT

    @property
    def is_chunked(self) -> bool:
        host = self._registry.host.partition(":")[0]
        is_large = self._blob.size >= CHUNKED_BYTES
        return is_large and self._registry.takes_chunks and not _WHOLE_ONLY.fullmatch(host)

    def _mount(self) -> bool:
        """Whether the registry took it from the neighbour; if not, it may have begun an upload instead."""
        neighbour, self._neighbour = self._neighbour, ""
        scope = f"{self._scope} {self._registry.scope(neighbour, 'pull')}"
        source = self._registry.place(neighbour, "").removeprefix("/v2/").rstrip("/")
        # A neighbour that we may not see, or that never was, is no reason to fail.
        with contextlib.suppress(DeniedError, NotFoundError):
            return self._begin(f"?mount={quote(self._blob.digest)}&from={quote(source, safe='')}", scope)
        return False

    def _begin(self, query: str, scope: str = "") -> bool:
        place = self._registry.place(self._repo, f"blobs/uploads/{query}")
        with self._wire.send(
            "POST",
            place,
            scope=scope or self._scope,
            what=self._what,
            expected=(201, 202),
        ) as response:
            if response.status_code == 201 and query:
                return True
            self._go_on(response)
            self._chunk = max(CHUNK_BYTES, number_of(response.headers.get("OCI-Chunk-Min-Length")) or 0)
        self._offset = 0
        return False

    def _send_chunks(self) -> None:
        while self._offset < self._blob.size:
            start, end = self._offset, min(self._offset + self._chunk, self._blob.size)
            try:
                with (
                    self._layout.open(self._blob.digest) as file,
                    self._wire.send(
                        "PATCH",
                        self._place,
                        scope=self._scope,
                        what=self._what,
                        headers={"Content-Type": _UPLOAD, "Content-Range": f"{start}-{end - 1}"},
                        body=lambda: Slice(file, start, end, self._blob, self._watch),  # noqa: B023
                        expected=(201, 202, 204, 416),
                    ) as response,
                ):
                    if response.status_code != 416:
                        self._go_on(response)
                        self._offset = end
                        continue
            except (ExternalError, NotFoundError) as error:
                if isinstance(error, DeniedError | UnavailableError):
                    raise
                if start:
                    raise self._lost() from error
                # It knows no chunks: everything goes at once, here and from now on.
                self._registry.takes_chunks = False
                self._cancel()
                self._begin("")
                return
            # It stands elsewhere than we thought.
            if not self._ask_offset() or self._offset <= start:
                self._cancel()
                raise self._lost()

    def _finish(self) -> None:
        sign = "&" if "?" in self._place else "?"
        rest = self._blob.size - self._offset
        with self._layout.open(self._blob.digest) as file:
            try:
                with self._wire.send(
                    "PUT",
                    f"{self._place}{sign}digest={quote(self._blob.digest)}",
                    scope=self._scope,
                    what=self._what,
                    headers={"Content-Type": _UPLOAD},
                    body=lambda: Slice(file, self._offset, self._blob.size, self._blob, self._watch) if rest else b"",
                    expected=(201, 202, 204),
                ):
                    pass
            except NotFoundError as error:
                raise self._lost() from error
        self._watch.tell(self._blob.digest, self._blob.size, self._blob.size)

    def _ask_offset(self) -> bool:
        """Whether the registry still has the upload; if so, `_offset` is how far it has come."""
        try:
            with self._wire.send(
                "GET", self._place, scope=self._scope, what=self._what, expected=(200, 202, 204)
            ) as response:
                place = response.headers.get("Location")
                match = _RANGE.fullmatch(response.headers.get("Range", ""))
                if place:
                    self._place = self._wire.next_place(response)
        except UnavailableError:
            raise
        except (ExternalError, NotFoundError):
            return False
        # "0-0" is what registries say of an empty upload, too.
        came = int(match[1]) + 1 if match and match[1] != "0" else 0
        if came > self._blob.size:
            return False
        self._offset = came
        return True

    def _cancel(self) -> None:
        """Registries clean up by themselves in time, too."""
        place, self._place, self._offset = self._place, "", 0
        if place:
            with (
                contextlib.suppress(ExternalError, NotFoundError),
                self._wire.send("DELETE", place, scope=self._scope, what=self._what, expected=(200, 202, 204)),
            ):
                pass

    def _lost(self) -> UnavailableError:
        return UnavailableError(
            f"{self._registry.host} lost an upload of {self._repo}.",
            kind="registry-cut",
            hint="Run it again: what has arrived is kept.",
        )

    def _go_on(self, response: requests.Response) -> None:
        self._place = self._wire.next_place(response)


class Slice:
    """A part of a file, as the body of a request."""

    def __init__(self, file: IO[bytes], start: int, end: int, blob: Descriptor, watch: Watch) -> None:
        file.seek(start)
        self._file = file
        self._at = start
        self._size = end - start
        self._end = end
        self._blob = blob
        self._watch = watch

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        while piece := self.read(1 << 17):
            yield piece

    def read(self, size: int = -1) -> bytes:
        left = self._end - self._at
        failpoint("registry-send")
        piece = self._file.read(left if size < 0 else min(size, left))
        self._at += len(piece)
        self._watch.tell(self._blob.digest, self._at, self._blob.size)
        return piece
