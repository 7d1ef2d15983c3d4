"""Which repository of which host a git remote is."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import msgspec

from nbmlops.errors import UsageError

_SCP = re.compile(r"(?:[^@/\s]+@)?([A-Za-z0-9.-]+):(?!/)(.+)")
_PATH = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_.][A-Za-z0-9_.-]*)+")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Hosted(msgspec.Struct, frozen=True, kw_only=True):
    address: str
    """Of the API, without a slash at the end."""
    repository: str
    """`team/wine`."""


def hosted(what: str, *, remote: str, repository: str, address: str, own_host: str, own_address: str) -> Hosted:
    """`own_host` is the one whose API is known to be at `own_address`: of others, who asks has to name it.

    So a token goes to nobody whom the user has not named. Raises UsageError.
    """
    host, path = _parts(remote)
    repository = repository or path
    if not _PATH.fullmatch(repository) or ".." in repository:
        raise UsageError(
            f"The remote does not say which repository of {what} it is.",
            kind="forge-repository",
            hint="Name it: repository = team/wine",
        )
    if not address and host not in (own_host, f"ssh.{own_host}", f"altssh.{own_host}"):
        raise UsageError(
            f"{host or 'The remote'} is not {own_host}.",
            kind="forge-address",
            hint=f"Name the address of its API: address = {own_address.replace(own_host, 'git.example.org')}",
        )
    address = (address or own_address).rstrip("/")
    parts = urlsplit(address)
    is_private = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not is_private or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise UsageError(
            f"The address of {what} is not one of https.", kind="forge-address", hint="Give it as https://HOST/PATH"
        )
    return Hosted(address=address, repository=repository)


def _parts(remote: str) -> tuple[str, str]:
    """Host and path; empty for a folder."""
    if "://" in remote:
        try:
            parts = urlsplit(remote)
            host, path = parts.hostname or "", parts.path
        except ValueError:
            return "", ""
    elif match := _SCP.fullmatch(remote):
        host, path = match[1], match[2]
    else:
        return "", ""
    return host.lower(), path.strip("/").removesuffix(".git")
