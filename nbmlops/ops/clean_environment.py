"""An environment with the packages that a run really imported, in the versions that it had."""

from __future__ import annotations

import contextlib
import importlib.metadata
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from nbmlops.errors import ExternalError, NotFoundError
from nbmlops.model.documents import decode
from nbmlops.model.environment import Environment
from nbmlops.model.run import RunView, Tags
from nbmlops.model.trace import Trace
from nbmlops.ops.call import Call, Progress
from nbmlops.project import Project
from nbmlops.snapshot.find import load

_NAME = re.compile(r"^[A-Za-z0-9._-]+")
_OURSELVES = "nbmlops"
INSTALL_SECONDS = 1800


@contextlib.contextmanager
def clean_environment(call: Call, project: Project, run: RunView, trace: Trace, *, is_wanted: bool) -> Iterator[str]:
    """The interpreter to replay with: this one, or that of a new environment which is removed afterwards.

    nbmlops itself is the one that is installed here, since it is what plays; all else has the run's versions. Raises
    NotFoundError when the run has no lock and ExternalError when pip cannot install it.
    """
    if not is_wanted:
        yield sys.executable
        return
    lock = _lock(project, run)
    with tempfile.TemporaryDirectory(prefix="nbmlops-env-") as name:
        folder = Path(name)
        call.progress(Progress(task="environment", note=f"installing {len(trace.imported)} packages"))
        _run([sys.executable, "-m", "venv", str(folder)])
        python = str(folder / "bin" / "python")
        constraints = folder / "lock.txt"
        constraints.write_text("".join(f"{n}=={v}\n" for n, v in lock.items() if n != _OURSELVES))
        wanted = folder / "wanted.txt"
        imported = [each for each in trace.imported if not each.startswith(f"{_OURSELVES}==")]
        wanted.write_text("\n".join(dict.fromkeys([*imported, *_own_requirements()])) + "\n")
        _run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", str(wanted), "-c",
              str(constraints)])  # fmt: skip
        _add_ourselves(python)
        call.progress(Progress(task="environment", state="done", done=1, total=1, note=f"Python {_version(python)}"))
        yield python


def _lock(project: Project, run: RunView) -> dict[str, str]:
    digest = run.tags.get(Tags.CODE_SNAPSHOT, "")
    snapshot = load(digest, project.objects) if digest else None
    if snapshot is None or snapshot.environment is None:
        raise NotFoundError(f"Run {run.name} has no lock of its environment.", kind="environment-missing")
    found = decode(project.objects.read(snapshot.environment), Environment, place="environment")
    return {package.name: package.version for package in found.packages}


def _own_requirements() -> list[str]:
    """What we need to run, by name: the lock says which version."""
    found = importlib.metadata.requires(_OURSELVES) or []
    return [match[0] for text in found if "extra ==" not in text and (match := _NAME.match(text))]


def _add_ourselves(python: str) -> None:
    """Installed from a wheel or edited in place: in both cases the package lies in a folder that a path file names."""
    home = Path(__file__).resolve().parents[2]
    script = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    packages = Path(_run([python, "-c", script]).strip())
    if (home / "pyproject.toml").is_file():
        (packages / "nbmlops.pth").write_text(f"{home}\n")
    else:
        # Beside it lie other packages of this environment, which must not come along.
        (packages / "nbmlops").symlink_to(home / "nbmlops")
    for metadata in importlib.metadata.distribution(_OURSELVES).files or ():
        if metadata.name in ("METADATA", "entry_points.txt"):
            target = packages / metadata.parent.name / metadata.name
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(Path(str(metadata.locate())).read_bytes())


def _version(python: str) -> str:
    return _run([python, "-c", "import platform; print(platform.python_version())"]).strip()


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, stdin=subprocess.DEVNULL, timeout=INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise ExternalError(
            f"Installing took longer than {INSTALL_SECONDS} s.", kind="environment-not-installed"
        ) from None
    if done.returncode:
        lines = [line for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
        raise ExternalError(
            f"The run's environment cannot be installed: {lines[-1] if lines else done.returncode}.",
            kind="environment-not-installed",
            hint="Replay it in this one: leave out --env.",
        )
    return done.stdout.decode(errors="replace")
