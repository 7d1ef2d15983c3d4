"""Names of files, branches and remotes, so that none is taken for an option or for another place."""

from __future__ import annotations

import hashlib
import re

from nbmlops.errors import UsageError

AUTO_UPDATE = "auto-update/"
"""How branches of proposals begin, unless somebody gave another name."""
REJECTED = "refs/nbmlops/rejected/"
MEMORY = "refs/nbmlops/reconcile/"
_BAD_IN_REFERENCE = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//")


def checked_file(path: str) -> str:
    """Raises UsageError for what is no file inside of a repository."""
    parts = path.split("/")
    is_bad = any(part in ("", ".", "..") or part.lower() == ".git" for part in parts)
    if is_bad or any(letter in path for letter in "\0\n\r\\"):
        raise UsageError(
            f"{path!r} is no file in a repository.",
            kind="path-malformed",
            hint="Give it from the repository's root, with slashes: deploy/prod.yaml",
        )
    return path


def checked_branch(name: str) -> str:
    """Raises UsageError for what git would not take as a branch's name."""
    parts = name.split("/")
    is_bad = any(not part or part.startswith(".") or part.endswith((".", ".lock")) for part in parts)
    if is_bad or name.startswith("-") or name == "@" or _BAD_IN_REFERENCE.search(name) or not name.isprintable():
        raise UsageError(f"{name!r} is no name of a branch.", kind="branch-malformed", hint="Choose another name.")
    return name


def checked_remote(remote: str) -> str:
    """Raises UsageError for what git could take for an option or for a command."""
    if remote.startswith("-") or "::" in remote.split("/")[0] or any(ord(letter) < 32 for letter in remote):
        raise UsageError(
            f"{remote!r} is no remote.",
            kind="remote-refused",
            hint="Give a remote's name, a path, or an address of https, ssh or git.",
        )
    return remote


def part_of_name(text: str) -> str:
    """As a part of a reference: itself, or its digest where git would not take it."""
    if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}", text):
        return text
    return "x" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def rejected_reference(branch: str, key: str) -> str:
    return f"{REJECTED}{part_of_name(branch.removeprefix(AUTO_UPDATE))}/{part_of_name(key)}"


def memory_reference(name: str) -> str:
    return f"{MEMORY}{part_of_name(name)}"
