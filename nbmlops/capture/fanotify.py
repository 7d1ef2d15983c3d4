"""Linux' fanotify without privileges: which file of a watched folder was opened, and by which process.

    notices = Fanotify()            # OSError where the kernel is older than 5.13 or forbids it
    notices.add("/home/me/data")
    for path, bits, pid in notices.collect()[0]: ...

The kernel names the folder by a file handle, which only the administrator may turn into a path: therefore each
folder's handle is noted when it is added. To somebody without CAP_SYS_ADMIN other processes have the pid 0.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Iterable

from nbmlops.capture.notices import FOLDER, OVERFLOW, WANTED, Notice, libc, read_all, refused, waiting_bytes

_CLOSE_ON_EXEC, _NONBLOCK = 0x1, 0x2
_BY_FOLDER_AND_NAME = 0x400 | 0x800
_ADD = 0x1
_ONLY_FOLDER = 0x8
_ON_CHILD = 0x08000000
_HERE = -100
_HANDLE_ONLY_FOR_NAMES = 0x200
"""AT_HANDLE_FID: handles of file systems that cannot be opened again by them, such as overlayfs."""

_EVENT = struct.Struct("<IBBHQii")
_INFO = struct.Struct("<BBHii")
_HANDLE = struct.Struct("<Ii")
_INFO_AND_HANDLE = _INFO.size + _HANDLE.size
_FOLDER_AND_NAME = 2


class _Handle(ctypes.Structure):
    _fields_ = (("size", ctypes.c_uint), ("kind", ctypes.c_int), ("bytes", ctypes.c_ubyte * 128))


class Fanotify:
    name = "fanotify"

    def __init__(self) -> None:
        self._folders: dict[bytes, str] = {}
        self._handle = libc().fanotify_init(_CLOSE_ON_EXEC | _NONBLOCK | _BY_FOLDER_AND_NAME, os.O_RDONLY)
        if self._handle < 0:
            raise refused("fanotify_init")

    def add(self, folder: str) -> None:
        name = os.fsencode(folder)
        # Known before it is marked, so that no notice comes of a folder without a path.
        identity = _file_system(folder) + _handle_of(name)
        self._folders[identity] = folder
        wanted = WANTED | FOLDER | _ON_CHILD
        if libc().fanotify_mark(self._handle, _ADD | _ONLY_FOLDER, wanted, _HERE, name) < 0:
            raise refused("fanotify_mark")

    def queued_bytes(self) -> int:
        return waiting_bytes(self._handle)

    def collect(self) -> tuple[Iterable[Notice], bool]:
        notices: list[Notice] = []
        is_lossy = False
        event, folders = _EVENT.unpack_from, self._folders
        for data in read_all(self._handle):
            at = 0
            while at < len(data):
                length, _, _, start, bits, _, pid = event(data, at)
                if bits & OVERFLOW:
                    is_lossy = True
                elif length > start and data[at + start] == _FOLDER_AND_NAME:
                    info = at + start
                    handle = info + _INFO_AND_HANDLE
                    size = data[info + 12] | data[info + 13] << 8
                    folder = folders.get(data[info + 4 : info + 12] + data[handle : handle + size])
                    if folder is not None:
                        name = data[handle + size : data.index(0, handle + size)]
                        notices.append((f"{folder}/{os.fsdecode(name)}", bits, pid))
                at += length
        return notices, is_lossy

    def close(self) -> None:
        if self._handle >= 0:
            handle, self._handle = self._handle, -1
            os.close(handle)


def _file_system(folder: str) -> bytes:
    return os.statvfs(folder).f_fsid.to_bytes(8, "little")


def _handle_of(name: bytes) -> bytes:
    handle, mount = _Handle(size=128), ctypes.c_int()
    for flags in (0, _HANDLE_ONLY_FOR_NAMES):
        if libc().name_to_handle_at(_HERE, name, ctypes.byref(handle), ctypes.byref(mount), flags | 0x400) == 0:
            return bytes(handle.bytes[: handle.size])
        if ctypes.get_errno() != errno.EOPNOTSUPP:
            break
    raise refused("name_to_handle_at")
