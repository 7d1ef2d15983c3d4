"""Which wheels are installed: out of a folder, or brought by pip from where it is told to look."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from nbmlops.errors import (
    ExternalError,
    IntegrityError,
    MissingDependencyError,
    NbmlopsError,
    NotFoundError,
    UnavailableError,
)
from nbmlops.lib.digest import digest_bytes
from nbmlops.package.image.target import Target
from nbmlops.package.image.wheel_list import Pinned
from nbmlops.package.layout import Layout

_MOST_SECONDS = 1800
_UNREACHABLE = ("Max retries exceeded", "Connection refused", "Temporary failure", "timed out", "Name or service")


class Wheel(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    version: str
    file: str
    """Name of the file."""
    sha256: str
    """Hexadecimal."""


def chosen(folder: Path, wanted: Sequence[Pinned], target: Target) -> dict[Pinned, Path]:
    """The best wheel of each in a folder. Raises NotFoundError where one has none that fits."""
    found: dict[tuple[str, str], list[tuple[int, tuple[int, str], Path]]] = {}
    for path, name, version, rank, build in _fitting(folder, target):
        found.setdefault((name, version), []).append((rank, build, path))
    missing = [each for each in wanted if (each.name, each.version) not in found]
    if missing:
        first = missing[0]
        raise NotFoundError(
            f"{len(missing)} wheels are not in {folder}, first {first.name}=={first.version} for Python "
            f"{target.python} on {target.platform} with glibc {_dotted(target.glibc)}.",
            kind="wheels-missing",
            hint="Without a folder pip brings them.",
            missing=[f"{each.name}=={each.version}" for each in missing][:100],
        )
    return {
        # The smallest rank; of several builds the last.
        each: min(found[each.name, each.version], key=lambda one: (one[0], -one[1][0], one[2].name))[2]
        for each in wanted
    }


def downloaded(layout: Layout, wanted: Sequence[Pinned], target: Target) -> Path:
    """A folder with wheels for all of them; what is there already is not asked for again.

    Raises UnavailableError and ExternalError where pip does not find or reach them, and MissingDependencyError without
    pip.
    """
    key = digest_bytes(msgspec.json.encode([str(target.platform), target.python, target.glibc]))
    folder = layout.root / "cache" / "nbmlops" / "wheels" / key[-16:]
    folder.mkdir(parents=True, exist_ok=True)
    there = {(name, version) for _, name, version, _, _ in _fitting(folder, target)}
    left = [each for each in wanted if (each.name, each.version) not in there]
    if not left:
        return folder
    # pip may be stopped while it copies: what is in the folder is whole.
    with tempfile.TemporaryDirectory(prefix="new-", dir=folder) as name:
        _download(left, target, Path(name))
        for path in Path(name).glob("*.whl"):
            os.replace(path, folder / path.name)
    return folder


def _download(wanted: Sequence[Pinned], target: Target, folder: Path) -> None:
    has_hashes = all(each.hashes for each in wanted)
    lines = [
        " ".join([f"{each.name}=={each.version}", *(f"--hash=sha256:{one}" for one in each.hashes if has_hashes)])
        for each in wanted
    ]
    listed = folder / "requirements.txt"
    listed.write_text("\n".join(lines))
    command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-input", "--quiet"]
    command += ["--only-binary=:all:", "--no-deps", "--dest", str(folder), "--requirement", str(listed)]
    command += ["--implementation", "cp", "--python-version", target.python]
    command += [word for platform in target.platforms for word in ("--platform", platform)]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_MOST_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(
            f"pip did not bring the wheels in {_MOST_SECONDS // 60} minutes.",
            kind="pip-slow",
            hint="Do it again: pip keeps what has arrived.",
        ) from error
    if done.returncode:
        raise _failed(done.stderr)


def checked(wheels: dict[Pinned, Path]) -> list[Wheel]:
    """Raises IntegrityError for one whose content is not what its pin allows."""
    found = []
    for pin, path in wheels.items():
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        if pin.hashes and sha256 not in pin.hashes:
            raise IntegrityError(
                f"{path.name} is not what was locked: its SHA-256 is {sha256[:12]}....",
                kind="wheel-other",
                hint="Lock again if it was meant to change, or take the file away.",
                path=str(path),
            )
        found.append(Wheel(name=pin.name, version=pin.version, file=path.name, sha256=sha256))
    return found


def _fitting(folder: Path, target: Target) -> Iterator[tuple[Path, str, str, int, tuple[int, str]]]:
    for path in sorted(folder.glob("*.whl")):
        try:
            name, version, build, tags = parse_wheel_filename(path.name)
        except InvalidWheelFilename:
            continue
        ranks = [target.ranks[tag] for tag in tags if tag in target.ranks]
        if ranks:
            yield path, name, str(version), min(ranks), build or (0, "")


def _failed(output: str) -> NbmlopsError:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    if any("No module named pip" in line for line in lines):
        return MissingDependencyError(
            "Bringing wheels needs pip.", kind="pip-missing", hint="Install it, or give a folder of wheels."
        )
    last = next((line for line in reversed(lines) if line.startswith("ERROR")), lines[-1] if lines else "no word")
    cls = UnavailableError if any(word in output for word in _UNREACHABLE) else ExternalError
    return cls(
        f"pip did not bring the wheels: {last.removeprefix('ERROR: ')[:300]}",
        kind="pip-failed",
        hint="Is there a wheel of it for that platform? Else build one and give a folder of wheels.",
    )


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
