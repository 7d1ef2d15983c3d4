"""Packages on this machine: the OCI layout that `kit` keeps, at the same place and with the same indexes.

    layout = Layout(default_root())
    digest = layout.put(b"{}")
    layout.add("localhost/wine", descriptor, tags=["v1"])
    layout.resolve(parse("wine:v1"))

Blobs are shared by all repositories. Each repository has an index of its manifests and one of its tags, both named
after it (base64url); what was seen in kitops-ml/kitops (pkg/lib/constants, pkg/lib/repo/local).
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import fcntl
import hashlib
import os
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import msgspec

from nbmlops.errors import IntegrityError, NotFoundError, StateError
from nbmlops.lib.failpoints import failpoint
from nbmlops.lib.files import refusing_disk_errors, write_atomic
from nbmlops.model.oci import DIGEST, INDEX, MOST_MANIFEST_BYTES, Descriptor, Index, Manifest
from nbmlops.package.gojson import encode, sorted_maps
from nbmlops.package.reference import Reference, parse

_INDEX_NAME = re.compile(r"(.+)-index\.json")
_VERSION = b'{"imageLayoutVersion":"1.0.0"}'
_CHUNK = 1 << 20
_KEPT_SECONDS = 7 * 24 * 3600
"""How long a blob that has come in part waits for its rest."""


def default_root() -> Path:
    """Where `kit` keeps its packages: KITOPS_HOME, else the place that the system has for such data."""
    if home := os.environ.get("KITOPS_HOME"):
        return Path(home) / "storage"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "kitops" / "storage"
    data = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(data) / "kitops" / "storage"


class Incoming:
    """A blob on its way in: written, hashed, and only then given its name."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.size = 0

    @property
    def digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"

    def write(self, data: bytes | memoryview) -> int:
        self._hash.update(data)
        self.size += len(data)
        self._file.write(data)
        return len(data)


class Layout:
    def __init__(self, root: Path) -> None:
        self.root = root

    # Blobs

    def path(self, digest: str) -> Path:
        """Of a blob, here or not. Raises IntegrityError for what is no digest: it could lead anywhere."""
        if not DIGEST.fullmatch(digest):
            raise IntegrityError(f"{digest!r} is no sha256 digest.", kind="digest-malformed")
        return self.root / "blobs" / "sha256" / digest.removeprefix("sha256:")

    def has(self, descriptor: Descriptor) -> bool:
        """With the size that it should have: what was cut short does not count."""
        try:
            return self.path(descriptor.digest).stat().st_size == descriptor.size
        except FileNotFoundError:
            return False

    def open(self, digest: str) -> IO[bytes]:
        """Raises NotFoundError for a blob that is not here."""
        try:
            return self.path(digest).open("rb")
        except FileNotFoundError:
            raise NotFoundError(
                f"Blob {digest[:19]} is not on this machine.", kind="blob-missing", hint="Pull its package."
            ) from None

    def read(self, digest: str, *, most: int = MOST_MANIFEST_BYTES) -> bytes:
        """A small blob, checked. Raises IntegrityError where its bytes are others than its name says."""
        with self.open(digest) as file:
            data = file.read(most + 1)
        if len(data) > most:
            raise IntegrityError(f"Blob {digest[:19]} is larger than {most} bytes.", kind="blob-too-large")
        if f"sha256:{hashlib.sha256(data).hexdigest()}" != digest:
            raise IntegrityError(
                f"Blob {digest[:19]} is damaged on this machine.", kind="blob-damaged", hint="Pull its package again."
            )
        return data

    @contextlib.contextmanager
    def incoming(self) -> Iterator[Incoming]:
        """A blob of any size; it has its name once the block has ended well."""
        folder = self.root / "ingest"
        with refusing_disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._begin()
            name = folder / f"nbmlops-{os.urandom(8).hex()}"
            try:
                with name.open("xb") as file:
                    blob = Incoming(file)
                    yield blob
                place = self.path(blob.digest)
                place.parent.mkdir(parents=True, exist_ok=True)
                failpoint("package-blob")
                os.replace(name, place)
            except BaseException:
                name.unlink(missing_ok=True)
                raise

    def partial(self, digest: str) -> Path:
        """Where a blob that arrives bit by bit is kept until it is whole and `adopt` gives it its name."""
        folder = self.root / "ingest"
        with refusing_disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._begin()
        return folder / f"nbmlops-{self.path(digest).name}"

    def adopt(self, path: Path, digest: str) -> None:
        """A whole blob, which the caller has checked; the file is moved."""
        place = self.path(digest)
        with refusing_disk_errors(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, place)

    def put(self, data: bytes) -> str:
        """A small blob; its digest."""
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        if not self.has(Descriptor(media_type="", digest=digest, size=len(data))):
            self._begin()
            write_atomic(self.path(digest), data)
        return digest

    def is_whole(self, descriptor: Descriptor) -> bool:
        """Whether every byte of a blob is what its name says; reads all of it."""
        if not self.has(descriptor):
            return False
        hasher = hashlib.sha256()
        with self.open(descriptor.digest) as file:
            while piece := file.read(_CHUNK):
                hasher.update(piece)
        return f"sha256:{hasher.hexdigest()}" == descriptor.digest

    def came(self, descriptor: Descriptor) -> datetime | None:
        """When a blob was written here; None for one that is not."""
        try:
            return datetime.fromtimestamp(self.path(descriptor.digest).stat().st_mtime, UTC)
        except FileNotFoundError:
            return None

    def manifest(self, descriptor: Descriptor) -> Manifest:
        """Raises NotFoundError and IntegrityError; also for bytes that are no manifest."""
        return read_manifest(self.read(descriptor.digest))

    # Repositories

    def repos(self) -> tuple[str, ...]:
        """Those that have a package here, sorted."""
        found = []
        for path in self.root.glob("*-index.json"):
            match = _INDEX_NAME.fullmatch(path.name)
            with contextlib.suppress(binascii.Error, UnicodeDecodeError):
                found.append(base64.urlsafe_b64decode(match[1] if match else "").decode())
        return tuple(sorted(found))

    def packages(self, repo: str) -> tuple[Descriptor, ...]:
        """Manifests of a repository, oldest first."""
        return self._index(self._index_path(repo)).manifests or ()

    def tags(self, repo: str) -> dict[str, Descriptor]:
        path = self._tags_path(repo)
        try:
            return msgspec.json.decode(path.read_bytes(), type=dict[str, Descriptor])
        except FileNotFoundError:
            return {}
        except msgspec.MsgspecError as error:
            raise _damaged(path) from error

    def resolve(self, reference: Reference) -> Descriptor:
        """Raises NotFoundError for a package that is not here."""
        if reference.digest:
            found = next((each for each in self.packages(reference.repo) if each.digest == reference.digest), None)
        else:
            found = self.tags(reference.repo).get(reference.tag)
        if found is None:
            known = [str(parse(repo).with_tag(tag)) for repo in self.repos() for tag in self.tags(repo)]
            raise NotFoundError(
                f"There is no package {reference} on this machine.",
                kind="package-missing",
                hint=f"There are: {', '.join(known[:5])}." if known else "Make one: nbmlops pack",
                packages=known[:100],
            )
        return found

    def add(self, repo: str, descriptor: Descriptor, tags: Sequence[str] = ()) -> None:
        """A manifest whose blobs are all here. Raises StateError where one is not: nothing partial gets a name."""
        plain = Descriptor(
            media_type=descriptor.media_type,
            digest=descriptor.digest,
            size=descriptor.size,
            artifact_type=descriptor.artifact_type,
        )
        manifest = self.manifest(plain)
        missing = [each for each in (manifest.config, *(manifest.layers or ())) if not self.has(each)]
        if missing:
            raise StateError(
                f"{len(missing)} blobs of the package are not here yet, first {missing[0].digest[:19]}.",
                kind="package-partial",
                hint="Pull it again: what has arrived is kept.",
            )
        with self._locked():
            self._sweep()
            for path in (self._index_path(repo), self.root / "index.json"):
                index = self._index(path)
                known = index.manifests or ()
                if all(each.digest != plain.digest for each in known):
                    self._write_index(path, (*known, plain))
            if tags:
                self._write_tags(repo, {**self.tags(repo), **dict.fromkeys(tags, plain)})

    def untag(self, repo: str, tag: str) -> None:
        with self._locked():
            left = self.tags(repo)
            if left.pop(tag, None) is not None:
                self._write_tags(repo, left)

    def remove(self, repo: str, descriptor: Descriptor) -> int:
        """A package with all its tags; bytes of blobs that no other package needed."""
        with self._locked():
            self._write_tags(
                repo, {tag: each for tag, each in self.tags(repo).items() if each.digest != descriptor.digest}
            )
            self._drop(self._index_path(repo), descriptor.digest)
            used = {each.digest for other in self.repos() for each in self.packages(other)}
            if descriptor.digest in used:
                return 0
            gone = self._blobs(descriptor)
            self._drop(self.root / "index.json", descriptor.digest)
            return self._forget(gone)

    def forget(self, descriptor: Descriptor) -> int:
        """Blobs of a package without a name, as far as no other needs them; their bytes."""
        with self._locked():
            return self._forget(self._blobs(descriptor))

    def _forget(self, digests: set[str]) -> int:
        kept = {blob for repo in self.repos() for each in self.packages(repo) for blob in self._blobs(each)}
        freed = 0
        for digest in digests - kept:
            with contextlib.suppress(FileNotFoundError):
                freed += self.path(digest).stat().st_size
                self.path(digest).unlink()
        return freed

    def _blobs(self, descriptor: Descriptor) -> set[str]:
        try:
            manifest = self.manifest(descriptor)
        except (NotFoundError, IntegrityError):
            return {descriptor.digest}
        return {descriptor.digest, manifest.config.digest, *(layer.digest for layer in manifest.layers or ())}

    # Files

    def _begin(self) -> None:
        marker = self.root / "oci-layout"
        if not marker.exists():
            write_atomic(marker, _VERSION)

    def _sweep(self) -> None:
        """What somebody was killed over and nobody has gone on with for days."""
        oldest = time.time() - _KEPT_SECONDS
        for path in (self.root / "ingest").glob("nbmlops-*"):
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < oldest:
                    path.unlink()

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """One writer of indexes at a time; `kit` knows no lock, so that only two of ours are safe from each other."""
        self._begin()
        with refusing_disk_errors(self.root), (self.root / ".nbmlops.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _named(self, repo: str, kind: str) -> Path:
        return self.root / f"{base64.urlsafe_b64encode(repo.encode()).decode()}-{kind}.json"

    def _index_path(self, repo: str) -> Path:
        return self._named(repo, "index")

    def _tags_path(self, repo: str) -> Path:
        return self._named(repo, "tags")

    def _index(self, path: Path) -> Index:
        try:
            return msgspec.json.decode(path.read_bytes(), type=Index)
        except FileNotFoundError:
            return Index(schema_version=2, manifests=())
        except msgspec.MsgspecError as error:
            raise _damaged(path) from error

    def _write_index(self, path: Path, manifests: Sequence[Descriptor]) -> None:
        if not manifests and path.name != "index.json":
            path.unlink(missing_ok=True)
            return
        index = Index(schema_version=2, media_type=INDEX, manifests=tuple(manifests))
        write_atomic(path, encode(msgspec.to_builtins(index)))

    def _write_tags(self, repo: str, tags: Mapping[str, Descriptor]) -> None:
        path = self._tags_path(repo)
        if not tags:
            path.unlink(missing_ok=True)
            return
        write_atomic(path, encode({tag: msgspec.to_builtins(tags[tag]) for tag in sorted(tags)}))

    def _drop(self, path: Path, digest: str) -> None:
        known = self._index(path).manifests or ()
        self._write_index(path, [each for each in known if each.digest != digest])


def read_manifest(data: bytes) -> Manifest:
    """Raises IntegrityError for bytes that are no manifest."""
    try:
        return msgspec.json.decode(data, type=Manifest)
    except msgspec.MsgspecError as error:
        raise IntegrityError(
            f"This is no manifest of a package: {' '.join(str(error).split())}.", kind="manifest-malformed"
        ) from error


def written(manifest: Manifest | Index) -> bytes:
    """The bytes of a manifest, with the keys of its annotations sorted. Their digest is the package's."""
    document = msgspec.to_builtins(manifest)
    for part in (document, *(document.get("layers") or ()), document.get("config", {}), document.get("subject", {})):
        if "annotations" in part:
            part["annotations"] = sorted_maps(part["annotations"])
    return encode(document)


def _damaged(path: Path) -> IntegrityError:
    return IntegrityError(
        f"The list of packages {path} cannot be read.",
        kind="layout-damaged",
        hint="Move it away; its packages can be pulled or packed again.",
        path=str(path),
    )
