"""Private keys under a password, in the form in which `cosign` keeps them.

sealed = seal(der, "password")      # JSON: scrypt makes the key, NaCl's secretbox hides the bytes
open_sealed(sealed, "password")
"""

from __future__ import annotations

import hashlib
import importlib
import os
from typing import Any

import msgspec

from nbmlops.errors import DeniedError, IntegrityError, MissingDependencyError

_KEY_BYTES = 32
_SALT_BYTES = 32
_COSTS = (65536, 32768)
"""What `cosign` writes and what it wrote once. A file may not choose: its wish would be our memory."""


class _Params(msgspec.Struct, frozen=True, kw_only=True):
    n: int = msgspec.field(name="N")
    r: int
    p: int


class _Kdf(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    params: _Params
    salt: bytes


class _Cipher(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    nonce: bytes


class _Sealed(msgspec.Struct, frozen=True, kw_only=True):
    kdf: _Kdf
    cipher: _Cipher
    ciphertext: bytes


def seal(secret: bytes, password: str) -> bytes:
    """Raises MissingDependencyError without PyNaCl."""
    kdf = _Kdf(name="scrypt", params=_Params(n=_COSTS[0], r=8, p=1), salt=os.urandom(_SALT_BYTES))
    box = required("nacl.secret").SecretBox(_stretched(password, kdf))
    hidden = box.encrypt(secret)
    return msgspec.json.encode(
        _Sealed(kdf=kdf, cipher=_Cipher(name="nacl/secretbox", nonce=hidden.nonce), ciphertext=bytes(hidden.ciphertext))
    )


def open_sealed(data: bytes, password: str) -> bytes:
    """Raises DeniedError for a wrong password, IntegrityError for what is not this form."""
    try:
        sealed = msgspec.json.decode(data, type=_Sealed)
    except msgspec.MsgspecError as error:
        raise _unreadable(str(error)) from error
    params = sealed.kdf.params
    if sealed.kdf.name != "scrypt" or sealed.cipher.name != "nacl/secretbox":
        raise _unreadable(f"it is hidden with {sealed.kdf.name} and {sealed.cipher.name}")
    if params.n not in _COSTS or (params.r, params.p) != (8, 1):
        raise _unreadable(f"its cost is N={params.n}, r={params.r}, p={params.p}")
    secret_box = required("nacl.secret").SecretBox
    if len(sealed.cipher.nonce) != secret_box.NONCE_SIZE:
        raise _unreadable(f"its nonce has {len(sealed.cipher.nonce)} bytes")
    box = secret_box(_stretched(password, sealed.kdf))
    try:
        return bytes(box.decrypt(sealed.ciphertext, sealed.cipher.nonce))
    except required("nacl.exceptions").CryptoError as error:
        raise wrong_password() from error


def wrong_password() -> DeniedError:
    return DeniedError("The password does not open the private key.", kind="key-password-wrong")


def required(module: str) -> Any:
    """A module of the extra `sign`."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingDependencyError(
            f"Keys and signatures need {'PyNaCl' if module.startswith('nacl') else 'cryptography'}.",
            kind="sign-missing",
            hint="pip install 'nbmlops[sign]'",
        ) from error


def _stretched(password: str, kdf: _Kdf) -> bytes:
    params = kdf.params
    memory = 2 * 128 * params.n * params.r
    return hashlib.scrypt(
        password.encode(), salt=kdf.salt, n=params.n, r=params.r, p=params.p, maxmem=memory, dklen=_KEY_BYTES
    )


def _unreadable(why: str) -> IntegrityError:
    return IntegrityError(
        f"The private key cannot be read: {why}.",
        kind="key-unreadable",
        hint="Keys are made by nbmlops or with cosign generate-key-pair.",
    )
