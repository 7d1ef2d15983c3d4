"""Data by reference: what is too large to keep, or lies in a bucket, or under the care of DVC or Git LFS.

A reference says where the bytes are and by what they are known again. It is kept in place of them, and is held against
them when they are restored: what has changed meanwhile is an error, never restored silently.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import msgspec
from blake3 import blake3

from nbmlops.errors import IntegrityError, NotFoundError, UsageError
from nbmlops.lib.canonical import canonical_json
from nbmlops.lib.digest import digest_bytes
from nbmlops.lib.files import atomic_writer
from nbmlops.lib.redact import redact
from nbmlops.model.snapshot import Entry, Reference
from nbmlops.snapshot.pointers import LFS_SIZES, dvc_outputs, lfs_pointer, stored_at
from nbmlops.snapshot.scan import Scanned
from nbmlops.store.reach import open_url, reaching
from nbmlops.store.statcache import StatCache

_PIECE = 1 << 20


def with_references(scanned: Scanned, *, root: Path, stats: StatCache, urls: Sequence[str] = ()) -> Scanned:
    """The same with what is kept by reference only. A file that DVC tracks and that is there is kept as it is.

    Raises UsageError for a URL with credentials, NotFoundError when nothing is there, UnavailableError.
    """
    pointers = [entry for entry in scanned.entries if entry.size in LFS_SIZES or entry.path.endswith(".dvc")]
    if not (pointers or scanned.large or urls):
        return scanned
    found = {entry.path: entry for entry in scanned.entries}
    for name, place in scanned.large.items():
        size = os.stat(place).st_size
        digest = stats.digest(Path(place))
        found[name] = _entry(name, Reference(uri=name, size=size, blake3=digest), os.access(place, os.X_OK))
    for entry in pointers:
        place = scanned.places.get(entry.path, "")
        if entry.size in LFS_SIZES and (pointer := lfs_pointer(Path(place))) is not None:
            found[entry.path] = _entry(entry.path, pointer, entry.executable)
        elif entry.path.endswith(".dvc"):
            folder = PurePosixPath(entry.path).parent
            for name, reference in dvc_outputs(Path(place), root).items():
                path = str(folder / name)
                if path not in found and ".." not in PurePosixPath(name).parts and not (root / path).exists():
                    found[path] = _entry(path, reference)
    for url in urls:
        found |= {entry.path: entry for entry in _at_url(url)}
    kept = {f"{name}: " for name in scanned.large}
    return msgspec.structs.replace(
        scanned,
        entries=tuple(found[name] for name in sorted(found)),
        skipped=tuple(line for line in scanned.skipped if not line.startswith(tuple(kept))),
    )


def is_same(reference: Reference, path: Path, stats: StatCache) -> bool:
    """Whether a file is what the reference stands for, as far as that can be told here."""
    if not path.is_file() or (reference.size >= 0 and path.stat().st_size != reference.size):
        return False
    if reference.blake3:
        return stats.digest(path) == reference.blake3
    with path.open("rb") as file:
        found = _checked(iter(lambda: file.read(_PIECE), b""))
    if reference.md5 or reference.sha256:
        return not _differs(reference, found)
    # Of what was uploaded in one piece, the mark is often the MD5: that it is equal cannot be chance.
    return reference.etag == found.md5


def fetch(reference: Reference, target: Path, root: Path, *, executable: bool = False) -> None:
    """Bring the bytes to `target`, which appears only when they are what was kept.

    Raises IntegrityError when they have changed, NotFoundError when they are gone, UnavailableError.
    """
    with atomic_writer(target, mode=0o777 if executable else 0o666) as file:
        sums = _checked(_pieces(reference, root), file)
        problem = _differs(reference, sums)
        if problem:
            raise _changed(reference, problem)


def _pieces(reference: Reference, root: Path) -> Iterator[bytes]:
    uri = reference.uri
    tool = uri.partition(":")[0]
    if "://" in uri:
        yield from _of_url(reference)
        return
    places = stored_at(reference, root) if tool in ("dvc", "lfs") else (str(root / uri),)
    for place in places:
        if "://" in place:
            fs, path = open_url(f"DVC's remote {redact(place)}", place)
            with reaching(f"DVC's remote {redact(place)}"):
                if not fs.exists(path):
                    continue
                with fs.open(path, "rb") as file:
                    yield from iter(lambda file=file: file.read(_PIECE), b"")  # type: ignore[misc]
            return
        if Path(place).is_file():
            with Path(place).open("rb") as file:
                yield from iter(lambda file=file: file.read(_PIECE), b"")  # type: ignore[misc]
            return
    hint = {"dvc": "Fetch it: dvc fetch", "lfs": "Fetch it: git lfs fetch"}.get(tool, "Bring it back to its place.")
    raise NotFoundError(f"What {uri[:80]} refers to is not here.", kind="reference-missing", hint=hint, uri=uri)


def _of_url(reference: Reference) -> Iterator[bytes]:
    """An object that may have been replaced: its own version where the store keeps it, else the same mark as then."""
    what = redact(reference.uri)
    if reference.version and reference.uri.startswith("s3"):
        fs, path = open_url(what, reference.uri, version_aware=True)
        with reaching(what), fs.open(path, "rb", version_id=reference.version) as file:
            yield from iter(lambda: file.read(_PIECE), b"")
        return
    fs, path = open_url(what, reference.uri)
    with reaching(what):
        try:
            now = _described(fs.info(path), reference.uri)
        except FileNotFoundError:
            raise NotFoundError(
                f"{what} is not there any more.", kind="reference-missing", hint="Bring it back to its place."
            ) from None
        if (now.etag, now.size) != (reference.etag, reference.size):
            raise _changed(reference, f"{now.size} bytes with mark {now.etag or 'none'}")
        with fs.open(path, "rb") as file:
            yield from iter(lambda: file.read(_PIECE), b"")


def _at_url(url: str) -> Iterator[Entry]:
    """An entry for the object, or for each below a prefix: at SCHEME/BUCKET/KEY in the tree."""
    if redact(url) != url or "?" in url:
        raise UsageError(
            f"The address {redact(url).partition('?')[0]} holds credentials, which nbmlops does not keep.",
            kind="remote-credentials",
            hint="Leave them to the environment or to the client's own files.",
        )
    fs, path = open_url(url, url)
    scheme = urlsplit(url).scheme
    with reaching(url):
        infos = fs.find(path, detail=True) or ({path: fs.info(path)} if fs.exists(path) else {})
        infos = {name: fs.info(name) for name, info in infos.items() if info.get("type") == "file"}
    if not infos:
        raise NotFoundError(f"There is nothing at {url}.", kind="path-missing", hint="Check the address.", path=url)
    for name, info in infos.items():
        plain = str(fs.unstrip_protocol(name))
        uri = plain if "://" in plain else f"{scheme}://{name}"
        where = PurePosixPath(
            scheme, *[part for part in uri.partition("://")[2].split("/") if part not in ("", ".", "..")]
        )
        yield _entry(str(where), _described(info, uri))


def _described(info: dict[str, Any], uri: str) -> Reference:
    """What an object store says of an object, in our words."""
    version = info.get("VersionId") or info.get("generation") or info.get("version_id") or ""
    etag = info.get("ETag") or info.get("etag") or ""
    return Reference(
        uri=uri,
        size=int(info.get("size") or 0),
        version="" if version == "null" else str(version),
        etag=str(etag).strip('"'),
    )


def _entry(path: str, reference: Reference, executable: bool = False) -> Entry:
    return Entry(
        path=path,
        digest=digest_bytes(canonical_json(reference)),
        size=max(0, reference.size),
        executable=executable,
        reference=reference,
    )


def _checked(pieces: Iterable[bytes], into: Any = None) -> Reference:
    """Sums of bytes, written on the way."""
    import hashlib

    md5, sha256, own = hashlib.md5(usedforsecurity=False), hashlib.sha256(), blake3()
    size = 0
    for piece in pieces:
        size += len(piece)
        for each in (md5, sha256, own):
            each.update(piece)
        if into is not None:
            into.write(piece)
    return Reference(uri="", size=size, md5=md5.hexdigest(), sha256=sha256.hexdigest(), blake3=own.hexdigest())


def _differs(wanted: Reference, found: Reference) -> str:
    """In what; empty when in nothing that is known."""
    if wanted.size >= 0 and wanted.size != found.size:
        return f"{found.size} bytes"
    for name in ("md5", "sha256", "blake3"):
        expected, actual = getattr(wanted, name), getattr(found, name)
        if expected and expected != actual:
            return f"{name} {actual[:12]}"
    return ""


def _changed(reference: Reference, now: str) -> IntegrityError:
    known = reference.etag or reference.blake3 or reference.sha256 or reference.md5
    return IntegrityError(
        f"{redact(reference.uri)[:100]} is no longer what was kept: it has {now}, not {reference.size} bytes"
        + (f" and {known[:12]}." if known else "."),
        kind="reference-changed",
        hint="The store has only the reference. Bring back the bytes of that time.",
        uri=reference.uri,
    )
