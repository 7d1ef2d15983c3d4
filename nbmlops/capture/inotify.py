"""Linux' inotify: which file of a watched folder was opened. By whom it does not say."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable

from nbmlops.capture.notices import OVERFLOW, WANTED, Notice, libc, read_all, refused, waiting_bytes

_ONLY_FOLDER = 0x01000000
_EVENT = struct.Struct("iIII")


class Inotify:
    name = "inotify"

    def __init__(self) -> None:
        self._folders: dict[int, str] = {}
        self._handle = libc().inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._handle < 0:
            raise refused("inotify_init1")

    def add(self, folder: str) -> None:
        number = libc().inotify_add_watch(self._handle, os.fsencode(folder), WANTED | _ONLY_FOLDER)
        if number < 0:
            raise refused("inotify_add_watch")
        self._folders[number] = folder

    def queued_bytes(self) -> int:
        return waiting_bytes(self._handle)

    def collect(self) -> tuple[Iterable[Notice], bool]:
        notices: list[Notice] = []
        is_lossy = False
        for data in read_all(self._handle):
            at = 0
            while at < len(data):
                number, bits, _, length = _EVENT.unpack_from(data, at)
                name = data[at + _EVENT.size : at + _EVENT.size + length].rstrip(b"\0")
                at += _EVENT.size + length
                if bits & OVERFLOW:
                    is_lossy = True
                elif name and (folder := self._folders.get(number)) is not None:
                    notices.append((f"{folder}/{os.fsdecode(name)}", bits, None))
        return notices, is_lossy

    def close(self) -> None:
        if self._handle >= 0:
            handle, self._handle = self._handle, -1
            os.close(handle)
