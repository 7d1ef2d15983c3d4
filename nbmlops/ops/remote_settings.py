"""`[remote.NAME]` in nbmlops.toml: added and taken out as text, so that comments and order stay."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from nbmlops.errors import ConflictError, NotFoundError, UsageError
from nbmlops.lib.files import write_atomic
from nbmlops.lib.redact import redact
from nbmlops.settings import RemoteSettings

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def add_remote(path: Path, name: str, remote: RemoteSettings) -> None:
    """Raises UsageError for a name or address that cannot be kept, ConflictError where the name is taken."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is not a name for a remote.", kind="remote-name", hint="Use letters, digits, - and _."
        )
    for text in (remote.url, remote.endpoint):
        if redact(text) != text or "?" in text or "\n" in text:
            raise UsageError(
                f"The address {redact(text).partition('?')[0]} holds credentials, which nbmlops does not keep.",
                kind="remote-credentials",
                hint="Leave them to the environment or to the client's own files.",
            )
    text = _read(path)
    if name in _remotes(text, path):
        raise ConflictError(
            f"There is a remote {name} already.", kind="remote-exists", hint=f"First: nbmlops remote remove {name}"
        )
    lines = [f"[remote.{name}]", f"url = {_quoted(remote.url)}"]
    if remote.endpoint:
        lines.append(f"endpoint = {_quoted(remote.endpoint)}")
    _write(path, text.rstrip("\n") + "\n" * (2 if text.strip() else 0) + "\n".join(lines) + "\n")


def remove_remote(path: Path, name: str) -> None:
    """Raises NotFoundError. What lies on the remote stays there."""
    text = _read(path)
    if name not in _remotes(text, path):
        raise NotFoundError(f"There is no remote {name}.", kind="remote-missing", hint="List them: nbmlops remote list")
    header = rf"^[ \t]*\[[ \t]*remote[ \t]*\.[ \t]*(?:{re.escape(name)}|\"{re.escape(name)}\")[ \t]*\][^\n]*\n?"
    # The section goes up to the next one; a comment or blank line right before that belongs to the next.
    section = re.compile(header + r"(?:(?![ \t]*(?:\[|#|\n))[^\n]*\n?)*\n?", re.MULTILINE)
    rest = section.sub("", text, count=1)
    if name in _remotes(rest, path):
        raise UsageError(
            f"Remote {name} is written in a way that cannot be taken out of {path.name} by itself.",
            kind="remote-written-otherwise",
            hint=f"Take it out of {path.name} by hand.",
        )
    _write(path, rest.rstrip("\n") + "\n")


def _remotes(text: str, path: Path) -> dict[str, object]:
    try:
        found = tomllib.loads(text).get("remote", {})
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path.name} is not valid TOML: {error}.", kind="settings-malformed") from error
    return found if isinstance(found, dict) else {}


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _write(path: Path, text: str) -> None:
    tomllib.loads(text)  # never leave behind what cannot be read
    write_atomic(path, text.encode())


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
