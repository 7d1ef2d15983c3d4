"""Which files are scored, in which order, and what they are."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec
import pyarrow as pa

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.lib.canonical import canonical_json
from nbmlops.lib.digest import digest_bytes
from nbmlops.lib.redact import redact
from nbmlops.model.batch_scoring import Format
from nbmlops.store.reach import open_url, reaching

ENDINGS: dict[str, Format] = {".csv": "csv", ".parquet": "parquet", ".pq": "parquet"}
_GLOB = "*?["


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A file before anybody has looked into it."""

    path: str
    """Absolute, or an address."""
    name: str


def is_url(text: str) -> bool:
    return "://" in text


def check_url(url: str) -> None:
    """Raises UsageError for an address with credentials: it would be kept with the run."""
    if redact(url) != url:
        raise UsageError(
            f"The address {redact(url)} holds credentials, which nbmlops does not keep.",
            kind="remote-credentials",
            hint="Leave them to the environment or to the client's own files.",
        )


def find_sources(text: str, folder: Path) -> tuple[Source, ...]:
    """A file, the files of a folder or of a pattern, sorted by their names; `folder` is where a path starts.

    Raises NotFoundError where there is none.
    """
    found = _at_url(text) if is_url(text) else _on_disk(text, folder)
    if not found:
        raise NotFoundError(
            f"There is no CSV or Parquet file at {text}.", kind="input-missing", hint="Check the path.", path=text
        )
    return found


def format_of(sources: tuple[Source, ...], wanted: Format | None) -> Format:
    """By their endings; `wanted` of those that do not tell. Raises UsageError where nobody tells, or they differ."""
    found = {ENDINGS.get(Path(each.path).suffix.lower(), wanted): each.name for each in sources}
    format, name = next(iter(found.items()))
    if len(found) == 1 and format is not None:
        return format
    if None in found:
        what = f"{found[None]} is neither CSV nor Parquet by its name."
        hint = "Say which it is: --format csv or --format parquet"
    else:
        what = f"{name} and {list(found.values())[1]} are of different formats."
        hint = "Score them one after the other: their names may be given as a pattern."
    raise UsageError(what, kind="format-unknown", hint=hint)


@contextmanager
def opened(path: str) -> Iterator[IO[bytes]]:
    """A file or an object, to read. Raises NotFoundError, UnavailableError and DeniedError."""
    try:
        if is_url(path):
            fs, place = open_url(path, path)
            with reaching(path), fs.open(place, "rb") as file:
                yield file
        else:
            with Path(path).open("rb") as file:
                yield file
    except FileNotFoundError as error:
        raise NotFoundError(f"{path} is not there any more.", kind="input-missing", path=path) from error


@contextmanager
def local_file(path: str) -> Iterator[pa.OSFile]:
    """For Arrow, which reads files quicker by itself. Raises NotFoundError."""
    try:
        with pa.OSFile(path) as file:
            yield file
    except FileNotFoundError as error:
        raise NotFoundError(f"{path} is not there any more.", kind="input-missing", path=path) from error


def object_digest(path: str) -> str:
    """Of what a store says of an object: size, mark, version, time. A change of it changes one of these."""
    fs, place = open_url(path, path)
    with reaching(path):
        told = fs.info(place)
    names = ("size", "ETag", "etag", "VersionId", "generation", "mtime", "LastModified")
    return digest_bytes(canonical_json({name: str(told[name]) for name in names if told.get(name) is not None}))


def _on_disk(text: str, folder: Path) -> tuple[Source, ...]:
    path = (folder / Path(text).expanduser()).absolute()
    if path.is_file():
        return (Source(path=str(path), name=text),)
    if path.is_dir():
        files = sorted(each for each in path.rglob("*") if each.is_file() and _is_input(each.relative_to(path)))
        return tuple(Source(path=str(each), name=str(Path(text) / each.relative_to(path))) for each in files)
    if not any(mark in text for mark in _GLOB):
        raise NotFoundError(f"There is no {path}.", kind="input-missing", hint="Check the path.", path=str(path))
    files = sorted(Path(each) for each in glob.glob(str(path), recursive=True))
    return tuple(Source(path=str(each), name=_told(each, folder)) for each in files if each.is_file())


def _told(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _is_input(path: Path) -> bool:
    """Not what begins with a dot or an underscore, as Spark and others mark what is no data."""
    return path.suffix.lower() in ENDINGS and not any(part.startswith((".", "_")) for part in path.parts)


def _at_url(url: str) -> tuple[Source, ...]:
    check_url(url)
    fs, place = open_url(url, url)
    with reaching(url):
        if any(mark in place for mark in _GLOB):
            found = [name for name in sorted(fs.glob(place)) if fs.isfile(name)]
        elif fs.isfile(place):
            found = [place]
        else:
            below = sorted(fs.find(place))
            found = [name for name in below if _is_input(Path(str(name)[len(place) :].lstrip("/")))]
    scheme = url.partition("://")[0]
    full = [each if is_url(each) else f"{scheme}://{each}" for each in map(str, found)]
    return tuple(Source(path=each, name=each) for each in full)
