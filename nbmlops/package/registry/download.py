"""A blob from a registry: what has arrived of it is kept until the rest has, and nothing has its name unchecked."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from nbmlops.errors import IntegrityError, NotFoundError, UnavailableError
from nbmlops.lib.failpoints import failpoint
from nbmlops.lib.files import refusing_disk_errors
from nbmlops.model.oci import Descriptor
from nbmlops.package.layout import Layout
from nbmlops.package.registry.client import Registry
from nbmlops.package.registry.patience import Patience, stopped
from nbmlops.package.registry.replies import number_of
from nbmlops.package.registry.watch import Watch

_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-\d+/(?:\d+|\*)")
_CHUNK = 1 << 20
_WAIT_SECONDS = 0.2


def fetch(registry: Registry, repo: str, blob: Descriptor, layout: Layout, watch: Watch | None = None) -> bool:
    """Whether it had to come; not where the layout has it. Digest and size are checked.

    Raises NotFoundError where the registry lacks it, IntegrityError where it has other bytes.
    """
    return _Fetch(registry, repo, blob, layout, watch or Watch()).run()


class _Fetch:
    def __init__(self, registry: Registry, repo: str, blob: Descriptor, layout: Layout, watch: Watch) -> None:
        self._registry = registry
        self._repo = repo
        self._blob = blob
        self._layout = layout
        self._watch = watch
        self._hash = hashlib.sha256()
        self._done = 0
        self._is_resumed = False

    def run(self) -> bool:
        if self._is_here():
            return False
        path = self._layout.partial(self._blob.digest)
        with refusing_disk_errors(path), self._alone(path) as file:
            if self._is_here():
                path.unlink(missing_ok=True)
                return False
            try:
                self._take_up(file)
                self._come(file)
                if self._digest() != self._blob.digest and self._is_resumed:
                    # The part that lay here may have been the wrong one.
                    self._restart(file)
                    self._come(file)
                if self._digest() != self._blob.digest:
                    raise self._damaged("has other bytes than its digest says")
            except BaseException as error:
                if isinstance(error, IntegrityError) or not self._done:
                    path.unlink(missing_ok=True)
                raise
            file.flush()
            self._layout.adopt(path, self._blob.digest)
        return True

    def _is_here(self) -> bool:
        if self._layout.has(self._blob):
            self._watch.tell(self._blob.digest, self._blob.size, self._blob.size)
            return True
        return False

    def _digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"

    def _take_up(self, file: IO[bytes]) -> None:
        """Go on with what lies here of an earlier try."""
        file.seek(0)
        while piece := file.read(_CHUNK):
            self._hash.update(piece)
            self._done += len(piece)
            self._watch.tell(self._blob.digest, min(self._done, self._blob.size), self._blob.size)
        self._is_resumed = self._done > 0
        if self._done > self._blob.size:
            self._restart(file)

    def _restart(self, file: IO[bytes]) -> None:
        file.seek(0)
        file.truncate()
        self._hash = hashlib.sha256()
        self._done = 0
        self._is_resumed = False

    def _come(self, file: IO[bytes]) -> None:
        """The rest of the bytes."""
        patience = Patience(self._watch.stop)
        while self._done < self._blob.size:
            before = self._done
            try:
                self._ask(file)
            except UnavailableError as error:
                if self._done > before:
                    patience.renew()
                patience.wait(error, is_known=self._registry.wire.has_answered)

    def _ask(self, file: IO[bytes]) -> None:
        headers = {"Range": f"bytes={self._done}-"} if self._done else {}
        place = f"blobs/{self._blob.digest}"
        try:
            with self._registry.send(
                "GET", self._repo, place, what="pull", headers=headers, expected=(200, 206, 416)
            ) as response:
                match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
                is_rest = response.status_code == 206 and match is not None and int(match[1]) == self._done
                if self._done and not is_rest:
                    self._restart(file)
                    if response.status_code != 200:
                        raise UnavailableError(
                            f"{self._registry.host} does not go on in the middle of a blob.",
                            kind="registry-cut",
                            hint="Try again later.",
                        )
                length = number_of(response.headers.get("Content-Length"))
                if length is not None and self._done + length != self._blob.size:
                    raise self._damaged(f"has {self._done + length} bytes instead of {self._blob.size}")
                for piece in self._registry.wire.pieces(response):
                    if self._done + len(piece) > self._blob.size:
                        raise self._damaged(f"has more than {self._blob.size} bytes")
                    failpoint("registry-fetch")
                    file.write(piece)
                    self._hash.update(piece)
                    self._done += len(piece)
                    self._watch.tell(self._blob.digest, self._done, self._blob.size)
        except NotFoundError as error:
            raise NotFoundError(
                f"{self._registry.host} has lost blob {self._blob.digest[:19]} of {self._repo}.",
                kind="blob-missing",
                hint="Push the package again from a machine that has it.",
            ) from error
        if self._done < self._blob.size:
            raise UnavailableError(
                f"{self._registry.host} ended a blob too early.", kind="registry-cut", hint="Try again later."
            )

    def _damaged(self, why: str) -> IntegrityError:
        return IntegrityError(
            f"Blob {self._blob.digest[:19]} from {self._registry.host} {why}.",
            kind="blob-damaged",
            hint="It is refused. Push the package again from a machine that has it whole.",
        )

    @contextlib.contextmanager
    def _alone(self, path: Path) -> Iterator[IO[bytes]]:
        """The partial file, for this pull only: another one of the same blob is waited for."""
        while True:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            with os.fdopen(handle, "r+b") as file:
                while not _is_locked(file):
                    if self._watch.stop.wait(_WAIT_SECONDS):
                        raise stopped()
                if _is_at(file, path):
                    yield file
                    return
            # Whoever was waited for has given the file its name, or has taken it away.


def _is_locked(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(file: IO[bytes], path: Path) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False
