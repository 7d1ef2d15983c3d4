"""What is kept of a deployment: `.nbmlops/deployments/NAME/`.

spec.json         what is wanted; written by verbs, read by the router
token             what callers send; readable by its owner only
revisions/N/      the files of a revision, its contract, and its log
router.log        what the router says
router.lock       held by the router as long as it lives
requests/         what was asked and answered, where that is kept
monitor/          what looks at that have found
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import IO

import msgspec

from nbmlops.errors import ConflictError, ExternalError, IntegrityError, NotFoundError, UsageError
from nbmlops.lib.files import atomic_writer, refusing_disk_errors
from nbmlops.model.deployment import LAYOUT, Spec

FOLDER = "deployments"
WAIT_SECONDS = 20.0
"""For another change to end: to stop a deployment takes as long as what is being answered."""
_LOOK_SECONDS = 0.1
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,51}[a-z0-9])?")
"""As Kubernetes takes it, with room for a suffix."""


def check_name(name: str) -> str:
    """Raises UsageError."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name[:80]!r} is no name of a deployment: small letters, digits and dashes, at most 53.",
            kind="deployment-name",
            hint="Name it with --name.",
        )
    return name


class DeploymentFolder:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name

    @property
    def spec_file(self) -> Path:
        return self.path / "spec.json"

    @property
    def router_log(self) -> Path:
        return self.path / "router.log"

    @property
    def requests(self) -> Path:
        return self.path / "requests"

    @property
    def monitor(self) -> Path:
        return self.path / "monitor"

    @property
    def gauges(self) -> Path:
        """Of the last look, in Prometheus' words."""
        return self.monitor / "gauges.prom"

    def revision(self, number: int) -> Path:
        return self.path / "revisions" / str(number)

    def files(self, number: int) -> Path:
        return self.revision(number) / "files"

    def contract(self, number: int) -> Path:
        """What rows have to be, where the revision asks for something."""
        return self.revision(number) / "contract.json"

    def log(self, number: int) -> Path:
        return self.revision(number) / "service.log"

    @property
    def exists(self) -> bool:
        return self.spec_file.is_file()

    def spec(self) -> Spec:
        """Raises NotFoundError where there is none, IntegrityError where it cannot be read."""
        try:
            data = self.spec_file.read_bytes()
        except FileNotFoundError:
            raise missing(self.name) from None
        try:
            found = msgspec.json.decode(data, type=Spec)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise IntegrityError(
                f"{self.spec_file} cannot be read: {error}.", kind="deployment-damaged", hint="Deploy it again."
            ) from error
        if found.layout > LAYOUT:
            raise IntegrityError(
                f"{self.spec_file} was written by a newer nbmlops.", kind="deployment-newer", hint="Use that one."
            )
        return found

    def write(self, spec: Spec) -> None:
        """Whoever calls this has the lock."""
        with atomic_writer(self.spec_file, durable=True) as file:
            file.write(msgspec.json.format(msgspec.json.encode(spec), indent=2))

    @contextlib.contextmanager
    def locked(self, *, is_new: bool = False) -> Iterator[None]:
        """For changes, one after the other. Raises ConflictError where somebody else does not come to an end, and
        NotFoundError where there is nothing to change unless it `is_new`.
        """
        if not is_new and not self.exists:
            raise missing(self.name)
        until = time.monotonic() + WAIT_SECONDS
        while (file := self._lock()) is None:
            if time.monotonic() > until:
                raise ConflictError(
                    f"Somebody else is changing deployment {self.name} at this moment.",
                    kind="deployment-busy",
                    hint="Try again when that is done.",
                )
            time.sleep(_LOOK_SECONDS)
        with file:
            yield

    def _lock(self) -> IO[str] | None:
        """None while somebody else has it, also where that one has removed the folder with the lock in it."""
        path = self.path / "change.lock"
        with refusing_disk_errors(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            file = path.open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.stat().st_ino == os.fstat(file.fileno()).st_ino:
                return file
        except (BlockingIOError, FileNotFoundError):
            pass
        file.close()
        return None

    def token(self) -> str:
        """What callers send; made when it is asked for first."""
        path = self.path / "token"
        with contextlib.suppress(FileNotFoundError):
            return path.read_text("utf-8").strip()
        made = secrets.token_urlsafe(24)
        with atomic_writer(path, durable=True, mode=0o600) as file:
            file.write(made.encode())
        return made

    def sockets(self) -> Path:
        """A folder that only the user can look into, with a path that is short enough for sockets."""
        base = Path(tempfile.gettempdir()) / f"nbmlops-{os.getuid()}"
        found = base / sha256(os.fsencode(self.path.resolve())).hexdigest()[:16]
        for each in (base, found):
            with refusing_disk_errors(each):
                # Not both at once: the mode is that of the last one only.
                each.mkdir(mode=0o700, exist_ok=True)
            state = each.lstat()
            if state.st_uid != os.getuid() or stat.S_ISLNK(state.st_mode) or stat.S_IMODE(state.st_mode) & 0o077:
                raise ExternalError(
                    f"{each} is not this user's own: others could listen in.",
                    kind="socket-folder-shared",
                    hint="Remove it, or name another place with TMPDIR.",
                )
        return found

    def remove(self) -> None:
        shutil.rmtree(self.sockets(), ignore_errors=True)
        shutil.rmtree(self.path)


def folders(store: Path) -> tuple[DeploymentFolder, ...]:
    """Those of a project, by name."""
    found = sorted((store / FOLDER).glob("*/spec.json"))
    return tuple(DeploymentFolder(each.parent) for each in found)


def folder_of(store: Path, name: str) -> DeploymentFolder:
    """There need not be one. Raises UsageError for what is no name."""
    return DeploymentFolder(store / FOLDER / check_name(name))


def missing(name: str) -> NotFoundError:
    return NotFoundError(
        f"There is no deployment {name}.", kind="deployment-missing", hint="List them: nbmlops deployments"
    )
