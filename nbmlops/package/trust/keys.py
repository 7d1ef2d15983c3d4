"""Key pairs: ECDSA on the curve P-256, in the files of `cosign`.

pair = generate(folder, password=password)      # nbmlops.key, nbmlops.pub
key = load_private(pair.private)                # the password is in NBMLOPS_KEY_PASSWORD or COSIGN_PASSWORD
load_public(pair.public).verify(key.sign(b"data"), b"data")
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from nbmlops.errors import ConflictError, IntegrityError, NotFoundError, UsageError
from nbmlops.lib.files import atomic_writer
from nbmlops.package.trust.sealed import open_sealed, required, seal, wrong_password

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey

PASSWORD_VARIABLES = ("NBMLOPS_KEY_PASSWORD", "COSIGN_PASSWORD")
NAME = "nbmlops"
_SEALED = "ENCRYPTED SIGSTORE PRIVATE KEY"
_SEALED_KINDS = (_SEALED, "ENCRYPTED COSIGN PRIVATE KEY")
_MOST_FILE_BYTES = 16 << 10
_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----\s+(.*?)-----END \1-----", re.DOTALL)
_WIDTH = 64

Password = str | Callable[[], str] | None
"""The text itself, what asks for it, or None: it is taken from the environment."""


class PublicKey(msgspec.Struct, frozen=True, kw_only=True):
    der: bytes
    """SubjectPublicKeyInfo."""
    name: str = ""
    """What people call it: the name of its file."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the key, 64 hexadecimal characters."""
        return hashlib.sha256(self.der).hexdigest()

    @property
    def hint(self) -> str:
        """The same in base64: how a Sigstore bundle names it."""
        return base64.b64encode(hashlib.sha256(self.der).digest()).decode()

    @property
    def pem(self) -> str:
        return _pem("PUBLIC KEY", self.der)

    def verify(self, signature: bytes, data: bytes) -> bool:
        return self.verify_digest(signature, hashlib.sha256(data).digest())

    def verify_digest(self, signature: bytes, digest: bytes) -> bool:
        """`digest`: SHA-256 of what was signed, 32 bytes."""
        ec, prehashed = required("cryptography.hazmat.primitives.asymmetric.ec"), _prehashed()
        key: EllipticCurvePublicKey = required("cryptography.hazmat.primitives.serialization").load_der_public_key(
            self.der
        )
        try:
            key.verify(signature, digest, ec.ECDSA(prehashed))
        except required("cryptography.exceptions").InvalidSignature:
            return False
        return True


class PrivateKey:
    """Signs. Nothing of it is shown or written."""

    def __init__(self, key: EllipticCurvePrivateKey, *, name: str = "", warning: str = "") -> None:
        self._key = key
        self.warning = warning
        """Why its file is not as safe as it could be."""
        self.public = PublicKey(der=_spki(key.public_key()), name=name)

    def sign(self, data: bytes) -> bytes:
        """ECDSA over the SHA-256 of `data`, in DER."""
        ec = required("cryptography.hazmat.primitives.asymmetric.ec")
        return self._key.sign(hashlib.sha256(data).digest(), ec.ECDSA(_prehashed()))


class KeyPair(msgspec.Struct, frozen=True, kw_only=True):
    private: Path
    public: Path
    fingerprint: str


def generate(folder: Path, name: str = NAME, *, password: Password = None) -> KeyPair:
    """Write NAME.key, which only its owner can read, and NAME.pub.

    Raises ConflictError where one of them exists: a lost key cannot be made again.
    """
    private, public = folder / f"{name}.key", folder / f"{name}.pub"
    for path in (private, public):
        if path.exists():
            raise ConflictError(
                f"{path} exists already.", kind="key-exists", hint="Choose another name for the new key."
            )
    ec = required("cryptography.hazmat.primitives.asymmetric.ec")
    serialization = required("cryptography.hazmat.primitives.serialization")
    key = ec.generate_private_key(ec.SECP256R1())
    der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    text = _pem(_SEALED, seal(der, _word(password)))
    with atomic_writer(private, durable=True, mode=0o600) as file:
        file.write(text.encode())
    made = PublicKey(der=_spki(key.public_key()), name=name)
    with atomic_writer(public, durable=True) as file:
        file.write(made.pem.encode())
    return KeyPair(private=private, public=public, fingerprint=made.fingerprint)


def load_private(path: Path, *, password: Password = None) -> PrivateKey:
    """`cosign`'s form, or PKCS#8 and SEC 1 with or without a password; a password is asked for only where it is needed.

    Raises NotFoundError, UsageError without a password, DeniedError for a wrong one, IntegrityError for another
    kind of file or key.
    """
    text = _read(path)
    kind, body = _block(text, path)
    name = path.name.removesuffix(".key")
    warning = _exposure(path)
    if kind in _SEALED_KINDS:
        return PrivateKey(_private(open_sealed(body, _word(password)), None, path), name=name, warning=warning)
    if not kind.endswith("PRIVATE KEY"):
        raise _unreadable(path, f"it holds a {kind.lower()}")
    locked = kind == "ENCRYPTED PRIVATE KEY" or "Proc-Type: 4,ENCRYPTED" in text
    found = _private(text.encode(), _word(password).encode() if locked else None, path)
    return PrivateKey(found, name=name, warning=warning or ("" if locked else f"{path} has no password."))


def load_public(path: Path) -> PublicKey:
    """Raises NotFoundError; IntegrityError for another kind of file or key."""
    return read_public(_read(path), name=path.name.removesuffix(".pub"), place=str(path))


def read_public(text: str, *, name: str = "", place: str = "The key") -> PublicKey:
    """A PEM text. Raises IntegrityError for what is no public key of this kind."""
    kind, body = _block(text, place)
    if kind != "PUBLIC KEY":
        raise _unreadable(place, f"it holds a {kind.lower()}, not a public key")
    try:
        key = required("cryptography.hazmat.primitives.serialization").load_der_public_key(body)
    except (ValueError, required("cryptography.exceptions").UnsupportedAlgorithm) as error:
        raise _unreadable(place, _line(error)) from error
    _check_curve(key, place)
    return PublicKey(der=_spki(key), name=name)


def _private(data: bytes, password: bytes | None, path: Path) -> EllipticCurvePrivateKey:
    serialization = required("cryptography.hazmat.primitives.serialization")
    load = serialization.load_pem_private_key if data.startswith(b"-----") else serialization.load_der_private_key
    try:
        key = load(data, password=password)
    except (ValueError, TypeError, required("cryptography.exceptions").UnsupportedAlgorithm) as error:
        # What was opened with a wrong password and what is no key at all look the same from here.
        if password is not None:
            raise wrong_password() from error
        raise _unreadable(path, _line(error)) from error
    _check_curve(key, path)
    found: EllipticCurvePrivateKey = key
    return found


def _check_curve(key: Any, place: Path | str) -> None:
    curve = getattr(key, "curve", None)
    if getattr(curve, "name", "") != "secp256r1":
        what = f"on the curve {curve.name}" if curve is not None else f"a {type(key).__name__.strip('_')}"
        raise _unreadable(place, f"it is {what}; packages are signed with ECDSA on P-256")


def _word(password: Password) -> str:
    if callable(password):
        return password()
    if password is not None:
        return password
    for variable in PASSWORD_VARIABLES:
        if variable in os.environ:
            return os.environ[variable]
    raise UsageError(
        "The private key has a password.", kind="key-password-missing", hint=f"Set {' or '.join(PASSWORD_VARIABLES)}."
    )


def _exposure(path: Path) -> str:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return f"Others can read {path} (mode {mode:04o}): chmod 600 {path}"
    return ""


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_FILE_BYTES + 1)
    except FileNotFoundError:
        raise NotFoundError(f"There is no key {path}.", kind="key-missing") from None
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    if len(data) > _MOST_FILE_BYTES:
        raise _unreadable(path, f"it is larger than {_MOST_FILE_BYTES >> 10} KiB")
    return data.decode("ascii", "replace")


def _block(text: str, place: Path | str) -> tuple[str, bytes]:
    found = _PEM.search(text)
    if found is None:
        raise _unreadable(place, "it is no PEM file")
    body = "".join(line for line in found[2].splitlines() if ":" not in line)
    try:
        return found[1], base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise _unreadable(place, _line(error)) from error


def _pem(kind: str, data: bytes) -> str:
    text = base64.b64encode(data).decode()
    lines = [text[start : start + _WIDTH] for start in range(0, len(text), _WIDTH)]
    return "\n".join((f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----", ""))


def _spki(key: Any) -> bytes:
    serialization = required("cryptography.hazmat.primitives.serialization")
    der: bytes = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return der


def _prehashed() -> Any:
    hashes = required("cryptography.hazmat.primitives.hashes")
    return required("cryptography.hazmat.primitives.asymmetric.utils").Prehashed(hashes.SHA256())


def _line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")[:200]


def _unreadable(place: Path | str, why: str) -> IntegrityError:
    return IntegrityError(
        f"{place} cannot be used as a key: {why}.",
        kind="key-unreadable",
        hint="Keys are made by nbmlops or with cosign generate-key-pair.",
    )
