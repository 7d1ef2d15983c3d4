"""The user's list of trusted keys, and their note of what they have packed themselves.

    add_key(load_public(Path("team.pub")), "team")
    public_keys()           # what signatures are tried with
    note_packed(digest)     # afterwards packed_here(digest)

Both lie in the user's folder, not in a project: a project may come from anybody.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from nbmlops.errors import ConflictError, ExternalError, IntegrityError, NotFoundError, UsageError
from nbmlops.lib.clock import utc_now
from nbmlops.lib.files import atomic_writer, refusing_disk_errors
from nbmlops.lib.user_folder import user_folder
from nbmlops.model.documents import decode, encode
from nbmlops.model.oci import DIGEST
from nbmlops.model.trusted_keys import TrustedKey, TrustedKeys
from nbmlops.package.trust.keys import PublicKey, read_public

NAME = "trusted-keys.json"
_PACKED = "packed"
_SHORTEST = 8
"""Letters of a fingerprint by which a key can be named."""
_LONGEST_NAME = 100
_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def place() -> Path:
    return user_folder() / NAME


def trusted_keys() -> tuple[TrustedKey, ...]:
    """Raises IntegrityError for a list that cannot be read or that others can write: anybody could be in it."""
    path = place()
    try:
        with path.open("rb") as file:
            info = os.fstat(file.fileno())
            data = file.read()
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError as error:
        raise IntegrityError(
            f"{path} cannot be read: {error.strerror}.", kind="trust-unreadable", hint="Whom you trust is not sure."
        ) from error
    if info.st_mode & _OTHERS or info.st_uid not in (os.geteuid(), 0):
        raise IntegrityError(
            f"{path} can be written by others: whom you trust is not sure.",
            kind="trust-exposed",
            hint=f"Look at what is in it, then: chmod 600 {path}",
            path=str(path),
        )
    found = decode(data, TrustedKeys, place=str(path)).keys
    for each in found:
        if _key(each, path).fingerprint != each.fingerprint:
            raise IntegrityError(
                f"{path} has another key for {each.name} than its fingerprint says.",
                kind="trust-damaged",
                hint="Move it away, and trust the keys again that you know.",
                path=str(path),
            )
    return found


def public_keys() -> tuple[PublicKey, ...]:
    """As `trusted_keys`, by the names that the user gave them."""
    path = place()
    return tuple(_key(each, path) for each in trusted_keys())


def add_key(key: PublicKey, name: str) -> bool:
    """False where it is there under that name already. Raises ConflictError for a name that another key has."""
    name = name or key.name
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise UsageError(
            f"{name[:_LONGEST_NAME]!r} is no name for a key.", kind="name-malformed", hint="Name it: --name WHO"
        )

    def change(known: tuple[TrustedKey, ...]) -> tuple[TrustedKey, ...]:
        same = next((each for each in known if each.fingerprint == key.fingerprint), None)
        if same is not None and same.name == name:
            return known
        if any(each.name == name for each in known):
            raise ConflictError(
                f"{name} is another key that you trust.", kind="name-taken", hint="Call this one otherwise: --name WHO"
            )
        made = TrustedKey(name=name, fingerprint=key.fingerprint, pem=key.pem, added=utc_now())
        return (*(each for each in known if each is not same), made)

    return _changed(change)


def remove_key(named: str) -> TrustedKey:
    """By its name, or by how its fingerprint begins. Raises NotFoundError, and ConflictError where two begin so."""
    gone: list[TrustedKey] = []

    def change(known: tuple[TrustedKey, ...]) -> tuple[TrustedKey, ...]:
        found = [each for each in known if each.name == named]
        if not found and len(named) >= _SHORTEST:
            found = [each for each in known if each.fingerprint.startswith(named.lower())]
        if len(found) > 1:
            raise ConflictError(
                f"{named} could be {' or '.join(each.name for each in found)}.", kind="key-ambiguous", hint="Name one."
            )
        if not found:
            names = ", ".join(each.name for each in known)
            raise NotFoundError(
                f"You trust no key {named}.",
                kind="key-missing",
                hint=f"There are: {names}." if names else "You trust none.",
            )
        gone.extend(found)
        return tuple(each for each in known if each is not found[0])

    _changed(change)
    return gone[0]


def note_packed(digest: str) -> None:
    """The user has made this package here. Where that cannot be noted, its pickles ask like those of others."""
    with contextlib.suppress(ExternalError, OSError), atomic_writer(_note(digest), mode=0o600):
        pass


def packed_here(digest: str) -> bool:
    """By this user, on this machine."""
    try:
        info = _note(digest).stat()
    except OSError:
        return False
    return info.st_uid == os.geteuid() and not info.st_mode & _OTHERS


def _note(digest: str) -> Path:
    if not DIGEST.fullmatch(digest):
        raise IntegrityError(f"{digest!r} is no sha256 digest.", kind="digest-malformed")
    return user_folder() / _PACKED / digest.removeprefix("sha256:")


def _changed(change: Callable[[tuple[TrustedKey, ...]], tuple[TrustedKey, ...]]) -> bool:
    with _locked():
        before = trusted_keys()
        after = change(before)
        if after == before:
            return False
        with atomic_writer(place(), durable=True, mode=0o600) as file:
            file.write(msgspec.json.format(encode(TrustedKeys(keys=after)), indent=1) + b"\n")
    return True


@contextlib.contextmanager
def _locked() -> Iterator[None]:
    folder = user_folder()
    with refusing_disk_errors(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(folder / f".{NAME}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _key(each: TrustedKey, path: Path) -> PublicKey:
    return read_public(each.pem, name=each.name, place=f"{path}: {each.name}")
