"""Where verbs find keys and their passwords."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path

from nbmlops.errors import NotFoundError
from nbmlops.ops.call import Call
from nbmlops.package.trust.keys import NAME, PublicKey, load_public

VARIABLES = ("NBMLOPS_KEY_PASSWORD", "COSIGN_PASSWORD")


def password() -> str:
    """Asked for only where a key needs one; where nobody can be asked, the empty one is tried."""
    for name in VARIABLES:
        if name in os.environ:
            return os.environ[name]
    return getpass.getpass("Password of the key: ") if sys.stdin.isatty() else ""


def new_password() -> str:
    """Of a key that is made; empty, which is none, where nobody can be asked and no variable says one."""
    for name in VARIABLES:
        if name in os.environ:
            return os.environ[name]
    return getpass.getpass("Password of the new key (empty: none): ") if sys.stdin.isatty() else ""


def key_file(call: Call, given: str) -> Path:
    """Raises NotFoundError where none is named and none lies here."""
    if given:
        return call.path(given)
    path = call.path(f"{NAME}.key")
    if not path.is_file():
        raise NotFoundError(
            f"There is no key {path}.", kind="key-missing", hint="Name one with --key, or make one with --new-key."
        )
    return path


def public_keys(call: Call, given: tuple[str, ...]) -> tuple[PublicKey, ...]:
    return tuple(load_public(call.path(each)) for each in given)
