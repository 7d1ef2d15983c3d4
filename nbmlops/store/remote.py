"""A folder or a bucket with packs, through fsspec: what `remote push` fills and `remote pull` reads.

    URL/nbmlops.json            what this is, and in which version
    URL/packs/DIGEST.pack       as in the project's own store; a name never changes its content
    URL/runs/DIGEST.json        which run has which snapshots (model/remote.py)
    URL/results/DIGEST.json     what steps of pipelines gave, and on what it rests (model/step_cache.py)

A name appears when all of its bytes are there: object stores promise that, and in folders files are written aside and
renamed. So a transfer that was interrupted is continued by doing it again, and two at once do no harm.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from nbmlops.errors import IntegrityError
from nbmlops.lib.digest import digest_bytes
from nbmlops.lib.failpoints import failpoint
from nbmlops.lib.redact import redact
from nbmlops.model.documents import decode, encode
from nbmlops.model.remote import RemoteFormat
from nbmlops.store.pack import SUFFIX, Entry, read_trailer
from nbmlops.store.reach import EXTRAS, open_url, reaching, scheme_of

_FORMAT = "nbmlops.json"
RUNS = "runs"
RESULTS = "results"
_ASIDE = ".part-"
_TAIL_BYTES = 1 << 20
"""What is fetched of a pack to learn what it holds; a trailer that is longer costs the whole pack."""


class Remote:
    """`url` is a path, or has a scheme that fsspec knows. Nothing is opened before the first question.

    Every method raises DeniedError, UnavailableError or MissingDependencyError when the remote cannot be used.
    """

    def __init__(self, name: str, url: str, *, endpoint: str = "") -> None:
        self.name = name
        self.url = url
        self._endpoint = endpoint
        self._opened: tuple[Any, str] | None = None
        self._is_checked = False

    def packs(self) -> dict[str, int]:
        """Size in bytes by name. Empty where nothing was pushed yet."""
        return {name.removesuffix(SUFFIX): size for name, size in self._list("packs") if name.endswith(SUFFIX)}

    def trailer(self, name: str, size: int) -> tuple[Entry, ...]:
        """What a pack holds. Raises IntegrityError when its trailer is damaged."""
        place = self._place("packs", name + SUFFIX)
        with tempfile.TemporaryDirectory() as folder:
            # The end of the pack in a file that is as long, which is all that read_trailer looks at.
            shadow = Path(folder) / name
            for start in dict.fromkeys((max(0, size - _TAIL_BYTES), 0)):
                with self._reaching() as fs:
                    tail = fs.cat_file(place, start=start, end=size)
                with shadow.open("wb") as file:
                    file.truncate(start)
                    file.seek(start)
                    file.write(tail)
                try:
                    return read_trailer(shadow, name)
                except IntegrityError:
                    if start == 0:
                        raise
        raise AssertionError("the whole pack is looked at last")

    def read(self, name: str, entry: Entry) -> bytes:
        """The bytes of one entry as they lie in its pack."""
        place = self._place("packs", name + SUFFIX)
        with self._reaching() as fs:
            data = fs.cat_file(place, start=entry.offset, end=entry.offset + entry.stored)
        return bytes(data)

    def send_pack(self, path: Path, name: str) -> None:
        """Raises IntegrityError when what has arrived is not as long as what was sent."""
        self._send(path, "packs", name + SUFFIX)

    def fetch_pack(self, name: str, target: Path) -> None:
        with self._reaching() as fs:
            failpoint("remote-fetch")
            fs.get_file(self._place("packs", name + SUFFIX), str(target))

    def documents(self, folder: str) -> tuple[str, ...]:
        """Names of the documents that lie beside the packs: of RUNS, or of RESULTS."""
        return tuple(sorted(name for name, _ in self._list(folder) if name.endswith(".json")))

    def read_document(self, folder: str, name: str) -> bytes:
        with self._reaching() as fs:
            return bytes(fs.cat_file(self._place(folder, name)))

    def send_document(self, folder: str, data: bytes) -> None:
        """Named by its digest, so that nobody's replaces another's."""
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / f"{digest_bytes(data)[:32]}.json"
            path.write_bytes(data)
            self._send(path, folder, path.name)

    def _list(self, folder: str) -> list[tuple[str, int]]:
        self._check()
        with self._reaching() as fs:
            try:
                found = fs.ls(self._place(folder), detail=True, refresh=True)
            except FileNotFoundError:
                return []
        return [(str(each["name"]).rpartition("/")[2], int(each["size"] or 0)) for each in found]

    def _send(self, path: Path, folder: str, name: str) -> None:
        self._check(is_writing=True)
        self._put(path, folder, name)
        with self._reaching() as fs:
            arrived = int(fs.info(self._place(folder, name), refresh=True)["size"])
        if arrived != path.stat().st_size:
            raise IntegrityError(
                f"{name} arrived at remote {self.name} with {arrived} bytes instead of {path.stat().st_size}.",
                kind="remote-damaged",
                hint=f"Send it again: nbmlops remote push {self.name}",
            )

    def _put(self, path: Path, folder: str, name: str) -> None:
        target = self._place(folder, name)
        with self._reaching() as fs:
            failpoint("remote-send")
            if scheme_of(self.url) in EXTRAS:
                fs.put_file(str(path), target)
                return
            fs.makedirs(self._place(folder), exist_ok=True)
            aside = self._place(folder, f"{_ASIDE}{os.urandom(8).hex()}")
            try:
                fs.put_file(str(path), aside)
                failpoint("remote-rename")
                fs.mv(aside, target)
            except BaseException:
                with contextlib.suppress(Exception):
                    fs.rm_file(aside)
                raise

    def _check(self, *, is_writing: bool = False) -> None:
        """Refuse what a newer nbmlops has laid out; say what this is when it is written to for the first time."""
        if self._is_checked:
            return
        with self._reaching() as fs:
            try:
                found = fs.cat_file(self._place(_FORMAT))
            except FileNotFoundError:
                found = None
        if found is not None:
            decode(bytes(found), RemoteFormat, place=f"remote {self.name}")
        elif not is_writing:
            return
        self._is_checked = True
        if found is None:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / _FORMAT
                path.write_bytes(encode(RemoteFormat()))
                self._put(path, "", _FORMAT)

    def _place(self, *parts: str) -> str:
        _, root = self._open()
        return "/".join([root.rstrip("/"), *filter(None, parts)])

    def _open(self) -> tuple[Any, str]:
        """The file system and the path of the remote in it."""
        if self._opened is None:
            self._opened = open_url(f"Remote {self.name}", self.url, endpoint=self._endpoint)
        return self._opened

    @contextlib.contextmanager
    def _reaching(self) -> Iterator[Any]:
        fs, _ = self._open()
        with reaching(f"Remote {self.name} ({redact(self.url)})"):
            yield fs


Told = Callable[[int], None]
"""Hears the bytes of each pack that was moved."""
