"""The command `git`, so that nothing of the surroundings steers it: no hooks, no questions, no viewers, no shell.

Needs git 2.30 or newer. Of remotes it speaks to files, https, ssh and git; an `ext::` would be a command.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from nbmlops.errors import (
    DeniedError,
    ExternalError,
    MissingDependencyError,
    NbmlopsError,
    NotFoundError,
    UnavailableError,
    UsageError,
)
from nbmlops.lib.process import run
from nbmlops.lib.redact import redact_address
from nbmlops.lib.said import in_a_line

LOCAL_SECONDS, NETWORK_SECONDS = 60.0, 180.0
PROTOCOLS = "file:git:https:ssh"
_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.quotePath=false",
    "core.askPass=",
    "gc.auto=0",
    "i18n.commitEncoding=utf-8",
    "i18n.logOutputEncoding=utf-8",
    "maintenance.auto=false",
    "log.showSignature=false",
    "push.followTags=false",
    "push.recurseSubmodules=no",
    "push.gpgSign=false",
)
_OF_A_REPOSITORY = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CEILING_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIR",
    "GIT_EXTERNAL_DIFF",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
)
"""Who calls us from a hook has set these, and would lead git elsewhere."""
_LOGIN = re.compile(r"(\b[a-z][a-z0-9+.-]*://)(?!git@)[^\s/@'\"]+@")

_DENIED = ("authentication failed", "could not read username", "could not read password", "permission denied",
           "terminal prompts disabled", "error: 403", "error: 401", "host key verification failed")  # fmt: skip
_AWAY = ("could not read from remote", "unable to access", "could not resolve host", "connection refused",
         "connection timed out", "connection reset", "network is unreachable", "does not appear to be a git repository",
         "the remote end hung up", "unable to connect", "early eof", "no route to host")  # fmt: skip


class Git:
    """In one folder. Raises NotFoundError where no repository is around it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._environment = environment(os.environ)
        # Paths are told from the root of the worktree.
        self.folder = folder / self.text("rev-parse", "--show-cdup")
        self._environment |= self._names()

    def text(self, *arguments: str, data: bytes | None = None, allowed: Sequence[int] = (0,)) -> str:
        """Without the line end."""
        return self.output(*arguments, data=data, allowed=allowed).decode("utf-8", "surrogateescape").rstrip("\n")

    def output(self, *arguments: str, data: bytes | None = None, allowed: Sequence[int] = (0,)) -> bytes:
        return self.ended(*arguments, data=data, allowed=allowed)[1]

    def ended(
        self,
        *arguments: str,
        data: bytes | None = None,
        allowed: Sequence[int] = (0,),
        remote: str = "",
        variables: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes, str]:
        """Exit code, output and what was said; an exit code that is not allowed is an error.

        `remote`: it is spoken to, and stands in errors. Raises UnavailableError, DeniedError, NotFoundError
        and ExternalError.
        """
        settings = [part for setting in _SETTINGS for part in ("-c", setting)]
        seconds = NETWORK_SECONDS if remote else LOCAL_SECONDS
        try:
            code, output, errors = run(
                ["git", "--no-pager", "--no-optional-locks", *settings, *arguments],
                folder=self.folder,
                timeout_seconds=seconds,
                data=data,
                environment={**self._environment, **(variables or {})},
                is_apart=True,
            )
        except subprocess.TimeoutExpired as error:
            raise UnavailableError(
                f"git {arguments[0]} took more than {seconds:g} s{f' at {shown(remote)}' if remote else ''}.",
                kind="git-slow",
                hint="Try again later.",
            ) from error
        except FileNotFoundError as error:
            if not self.folder.is_dir():
                raise NotFoundError(f"There is no folder {self.folder}.", kind="folder-missing") from error
            raise MissingDependencyError(
                "git is not installed.", kind="git-missing", hint="Install it: https://git-scm.com/downloads"
            ) from error
        except OSError as error:
            raise ExternalError(f"git cannot be run: {error.strerror or error}.", kind="git-failed") from error
        said = errors.decode("utf-8", "replace")
        if code not in allowed:
            raise self.refusal(arguments[0], said, remote)
        return code, output, said

    def refusal(self, verb: str, said: str, remote: str) -> NbmlopsError:
        lower = said.lower()
        told = cleaned(said)
        if "not a git repository" in lower and not remote:
            return NotFoundError(
                f"{self.folder} is in no git repository.",
                kind="repository-missing",
                hint="Make one: git init, git add, git commit",
            )
        if "dubious ownership" in lower:
            return DeniedError(
                f"git does not trust the repository around {self.folder}: it belongs to somebody else.",
                kind="repository-denied",
                hint=f"If you do: git config --global --add safe.directory {self.folder}",
            )
        if "not allowed" in lower and "transport" in lower:
            return UsageError(
                f"The remote {shown(remote)} is refused: {told}.",
                kind="remote-refused",
                hint="Give a path, or an address of https, ssh or git.",
            )
        if remote and any(word in lower for word in _DENIED):
            return DeniedError(
                f"{shown(remote)} does not let us {verb}: {told}.",
                kind="remote-denied",
                hint=f"Try it yourself: git ls-remote {shown(remote)}",
            )
        if remote and re.search(r"repository (?:'[^']*' )?not found", lower):
            return NotFoundError(
                f"There is no repository {shown(remote)}: {told}.",
                kind="remote-missing",
                hint="Check its address; a forge hides what one may not see.",
            )
        if remote and any(word in lower for word in _AWAY):
            return UnavailableError(
                f"{shown(remote)} cannot be reached: {told}.",
                kind="remote-unavailable",
                hint=f"Try it yourself: git ls-remote {shown(remote)}",
            )
        return ExternalError(f"git {verb} has failed: {told or 'it does not say why'}.", kind="git-failed")

    def _names(self) -> dict[str, str]:
        """Who commits, where neither the environment nor git's settings say it."""
        asked = ("config", "--name-only", "--get-regexp", r"^(user|author|committer)\.(name|email)$")
        said = set(self.text(*asked, allowed=(0, 1)).split())
        names = {}
        for part, fallback in (("NAME", "nbmlops"), ("EMAIL", "nbmlops@localhost")):
            for role in ("AUTHOR", "COMMITTER"):
                variable = f"GIT_{role}_{part}"
                if variable in self._environment or (part == "EMAIL" and self._environment.get("EMAIL")):
                    continue
                if not said & {f"user.{part.lower()}", f"{role.lower()}.{part.lower()}"}:
                    names[variable] = fallback
        return names


def environment(given: Mapping[str, str]) -> dict[str, str]:
    kept = {
        name: value
        for name, value in given.items()
        if name not in _OF_A_REPOSITORY and not name.startswith("GIT_TRACE") and name != "GIT_REDACT_COOKIES"
    }
    return {
        **kept,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "SSH_ASKPASS": "",
        "SSH_ASKPASS_REQUIRE": "never",
        "GCM_INTERACTIVE": "never",
        "GIT_PAGER": "cat",
        "GIT_EDITOR": ":",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_ALLOW_PROTOCOL": PROTOCOLS,
        "GIT_MERGE_AUTOEDIT": "no",
        "LC_ALL": "C",
        "LANGUAGE": "",
    }


def cleaned(said: str) -> str:
    """What git said, in a line, without secrets."""
    lines = [line for line in said.splitlines() if line.strip() and not line.startswith("hint:")]
    return in_a_line(shown(re.sub(r"\b(?:fatal|error|remote):\s+", "", " ".join(lines))))


def shown(remote: str) -> str:
    """A remote without whoever logs in there."""
    return redact_address(_LOGIN.sub(r"\1[redacted]@", remote))
