"""What a wheel puts where: read straight from its ZIP, with nothing run and nothing outside of its places.

Its own RECORD is checked and a new one written; byte code, and what tells how or from where it came, is left out.
"""

from __future__ import annotations

import base64
import configparser
import csv
import hashlib
import io
import posixpath
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from packaging.utils import canonicalize_name

from nbmlops.errors import IntegrityError
from nbmlops.package.image.layers import is_bytecode
from nbmlops.package.layer_entries import FREE_BYTES, MOST_TIMES
from nbmlops.package.paths import clean

PREFIX = "opt/nbmlops"
INSTALLER = b"nbmlops\n"
SHEBANG = b"#!/usr/bin/env python3"
RESERVED = ("app", "model", "package")
"""Below PREFIX: no wheel's."""
_PIECE = 1 << 20
_ENTRY_POINT = re.compile(r"\s*([\w.]+)\s*:\s*([\w.]+)\s*(?:\[.*\])?\s*")
_SCRIPT_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_SIGNATURES = ("RECORD.jws", "RECORD.p7s")
_MOST_TEXT = 16 << 20


class Content(NamedTuple):
    """A file that a wheel installs."""

    path: str
    """In the image."""
    mode: int
    size: int
    data: bytes | None
    """None: to be read from the archive."""
    member: zipfile.ZipInfo | None
    digest: str
    """As RECORD writes it."""


class WheelFile:
    """An open wheel. Raises IntegrityError for one that is damaged, contradicts itself, or leads elsewhere."""

    def __init__(self, path: Path, name: str, python: str) -> None:
        self._path = path
        self._name = name
        self._python = python
        self.site = site_packages(python)
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise self._refused("it is no ZIP archive") from error
        self._members = self._listed()
        self._info = self._info_folder()

    def close(self) -> None:
        self._zip.close()

    def contents(self) -> list[Content]:
        """All that it installs, its new RECORD included; in no order that counts."""
        told = self._record()
        for name, member in self._members.items():
            if name not in told:
                told[name] = self._hashed(member)
        found = [content for name in self._members if (content := self._content(name, told)) is not None]
        found += self._entry_points({content.path for content in found})
        found.append(self._made(f"{self.site}/{self._info}/INSTALLER", INSTALLER))
        found.append(self._new_record(found))
        return found

    def pieces(self, content: Content) -> Iterator[bytes]:
        """Checked against the wheel's RECORD; raises IntegrityError at the end where they are others."""
        if content.data is not None:
            yield content.data
            return
        assert content.member is not None
        hasher = hashlib.sha256()
        for piece in self._read(content.member):
            hasher.update(piece)
            yield piece
        if content.digest != _recorded(hasher.digest()):
            raise self._refused(f"{content.member.filename} is not what its RECORD says")

    def _listed(self) -> dict[str, zipfile.ZipInfo]:
        """Files by name, each checked; folders say nothing."""
        found: dict[str, zipfile.ZipInfo] = {}
        size = 0
        for member in self._zip.infolist():
            name = member.filename
            kind = stat.S_IFMT(member.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise self._refused(f"{name!r} is a link or a device")
            plain = clean(name.rstrip("/"))
            if plain is None or plain != name.rstrip("/") or plain == ".":
                raise self._refused(f"the path {name!r} leads elsewhere")
            if name.endswith("/"):
                continue
            if member.flag_bits & 1:
                raise self._refused(f"{name!r} is encrypted")
            if name in found:
                raise self._refused(f"{name!r} stands in it twice")
            found[name] = member
            size += member.file_size
        if size > max(FREE_BYTES, MOST_TIMES * self._path.stat().st_size):
            raise self._refused(f"it unpacks to more than {MOST_TIMES} times its size")
        return found

    def _info_folder(self) -> str:
        folders = {name.partition("/")[0] for name in self._members}
        found = sorted(folder for folder in folders if folder.endswith(".dist-info"))
        if len(found) != 1 or canonicalize_name(found[0].partition("-")[0]) != self._name:
            raise self._refused(f"it has no .dist-info of {self._name}, or several")
        version = re.search(r"(?m)^Wheel-Version:\s*(\d+)\.", self._text(f"{found[0]}/WHEEL"))
        if version is None or version[1] != "1":
            raise self._refused("its version of the wheel format is not 1")
        return found[0]

    def _content(self, name: str, told: dict[str, str]) -> Content | None:
        """None for what is not installed."""
        member = self._members[name]
        top, _, rest = name.partition("/")
        if is_bytecode(name):
            return None
        if top == self._info and rest in ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", *_SIGNATURES):
            return None
        if not top.endswith(".data"):
            mode = 0o755 if member.external_attr >> 16 & 0o111 else 0o644
            return Content(f"{self.site}/{name}", mode, member.file_size, None, member, told[name])
        if top.removesuffix(".data") != self._info.removesuffix(".dist-info"):
            raise self._refused(f"{top} is another wheel's")
        return self._data(name, rest, member, told[name])

    def _data(self, name: str, rest: str, member: zipfile.ZipInfo, digest: str) -> Content:
        scheme, _, path = rest.partition("/")
        places = {
            "purelib": self.site,
            "platlib": self.site,
            "scripts": f"{PREFIX}/bin",
            "headers": f"{PREFIX}/include/python{self._python}/{self._name}",
            "data": PREFIX,
        }
        if scheme not in places or not path:
            raise self._refused(f"{name!r} belongs nowhere")
        if scheme == "data" and path.partition("/")[0] in RESERVED:
            raise self._refused(f"{name!r} would lie where the app or the model does")
        place = posixpath.join(places[scheme], path)
        if scheme != "scripts":
            mode = 0o755 if member.external_attr >> 16 & 0o111 else 0o644
            return Content(place, mode, member.file_size, None, member, digest)
        if next(self._read(member), b"")[:8] != b"#!python":
            return Content(place, 0o755, member.file_size, None, member, digest)
        _, _, body = self._bytes(name).partition(b"\n")
        return self._made(place, SHEBANG + b"\n" + body, 0o755)

    def _entry_points(self, taken: set[str]) -> list[Content]:
        name = f"{self._info}/entry_points.txt"
        if name not in self._members:
            return []
        parser = configparser.RawConfigParser(delimiters=("=",), strict=False)
        parser.optionxform = str  # type: ignore[assignment]
        try:
            parser.read_string(self._text(name))
        except configparser.Error as error:
            raise self._refused("its entry_points.txt is malformed") from error
        found = []
        for section in ("console_scripts", "gui_scripts"):
            for script, target in parser.items(section) if parser.has_section(section) else ():
                match = _ENTRY_POINT.fullmatch(target)
                if match is None or not _SCRIPT_NAME.fullmatch(script) or script in (".", ".."):
                    raise self._refused(f"its script {script!r} is malformed")
                place = f"{PREFIX}/bin/{script}"
                if place not in taken:
                    taken.add(place)
                    found.append(self._made(place, _script(match[1], match[2]), 0o755))
        return found

    def _new_record(self, contents: list[Content]) -> Content:
        own = f"{self.site}/{self._info}/RECORD"
        rows = [(posixpath.relpath(each.path, self.site), each.digest, str(each.size)) for each in contents]
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows([*sorted(rows), (f"{self._info}/RECORD", "", "")])
        return self._made(own, out.getvalue().encode())

    def _record(self) -> dict[str, str]:
        """Digests by path, as the wheel tells them; those that are no SHA-256 are computed anew."""
        rows = csv.reader(io.StringIO(self._text(f"{self._info}/RECORD")))
        try:
            return {row[0]: row[1] for row in rows if len(row) >= 2 and row[1].startswith("sha256=")}
        except csv.Error as error:
            raise self._refused("its RECORD is malformed") from error

    def _hashed(self, member: zipfile.ZipInfo) -> str:
        hasher = hashlib.sha256()
        for piece in self._read(member):
            hasher.update(piece)
        return _recorded(hasher.digest())

    def _read(self, member: zipfile.ZipInfo) -> Iterator[bytes]:
        try:
            with self._zip.open(member) as file:
                while piece := file.read(_PIECE):
                    yield piece
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise self._refused(f"{member.filename} is damaged") from error

    def _made(self, path: str, data: bytes, mode: int = 0o644) -> Content:
        return Content(path, mode, len(data), data, None, _recorded(hashlib.sha256(data).digest()))

    def _text(self, name: str) -> str:
        try:
            return self._bytes(name).decode()
        except UnicodeDecodeError as error:
            raise self._refused(f"{name} is not UTF-8") from error

    def _bytes(self, name: str) -> bytes:
        member = self._members.get(name)
        if member is None:
            raise self._refused(f"it has no {name}")
        if member.file_size > _MOST_TEXT:
            raise self._refused(f"{name} is too long")
        return b"".join(self._read(member))

    def _refused(self, why: str) -> IntegrityError:
        return IntegrityError(
            f"The wheel {self._path.name} is refused: {why}.",
            kind="wheel-refused",
            hint="Nothing of it is in an image.",
            path=str(self._path),
        )


def site_packages(python: str) -> str:
    """In the image, without a slash before it."""
    return f"{PREFIX}/lib/python{python}/site-packages"


def _recorded(digest: bytes) -> str:
    return f"sha256={base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def _script(module: str, attribute: str) -> bytes:
    first = attribute.partition(".")[0]
    return SHEBANG + f"\nimport sys\n\nfrom {module} import {first}\n\nsys.exit({attribute}())\n".encode()
