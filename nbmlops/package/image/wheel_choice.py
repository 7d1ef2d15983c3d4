"""Which wheels are installed: out of a folder, or brought by pip from where it is told to look."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import Version

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


class Candidate(NamedTuple):
    """A wheel that fits; the smallest is the best."""

    rank: int
    has_local: bool
    """A version as in 2.0+cpu, which `==2.0` means too."""
    build: tuple[int, str]
    """Of several builds the last: its number with a minus."""
    path: Path
    name: str
    version: Version

    def is_for(self, pin: Pinned) -> bool:
        wanted = Version(pin.version)
        version = self.version if wanted.local else Version(self.version.public)
        return self.name == pin.name and version == wanted


def chosen(folder: Path, wanted: Sequence[Pinned], target: Target) -> dict[Pinned, Candidate]:
    """The best wheel of each in a folder. Raises NotFoundError where one has none that fits."""
    there = _by_name(folder, target)
    found = {pin: min((each for each in there.get(pin.name, ()) if each.is_for(pin)), default=None) for pin in wanted}
    missing = [pin for pin, candidate in found.items() if candidate is None]
    if missing:
        first = missing[0]
        raise NotFoundError(
            f"{len(missing)} wheels are not in {folder}, first {first.name}=={first.version} for Python "
            f"{target.python} on {target.platform} with glibc {_dotted(target.glibc)}.",
            kind="wheels-missing",
            hint="Without a folder pip brings them.",
            missing=[f"{each.name}=={each.version}" for each in missing][:100],
        )
    return {pin: candidate for pin, candidate in found.items() if candidate is not None}


def downloaded(layout: Layout, wanted: Sequence[Pinned], target: Target) -> Path:
    """A folder with wheels for all of them; what is there already is not asked for again.

    Raises UnavailableError and ExternalError where pip does not find or reach them, and MissingDependencyError without
    pip.
    """
    key = digest_bytes(msgspec.json.encode([str(target.platform), target.python, target.glibc]))
    folder = layout.root / "cache" / "nbmlops" / "wheels" / key[-16:]
    folder.mkdir(parents=True, exist_ok=True)
    there = _by_name(folder, target)
    left = [pin for pin in wanted if not any(each.is_for(pin) for each in there.get(pin.name, ()))]
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
        raise failed(done.stderr)


def checked(candidates: Mapping[Pinned, Candidate]) -> list[Wheel]:
    """Raises IntegrityError for one whose content is not what its pin allows."""
    found = []
    for pin, candidate in candidates.items():
        with candidate.path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        if pin.hashes and sha256 not in pin.hashes:
            raise IntegrityError(
                f"{candidate.path.name} is not what was locked: its SHA-256 is {sha256[:12]}....",
                kind="wheel-other",
                hint="Lock again if it was meant to change, or take the file away.",
                path=str(candidate.path),
            )
        found.append(Wheel(name=pin.name, version=str(candidate.version), file=candidate.path.name, sha256=sha256))
    return found


def _by_name(folder: Path, target: Target) -> dict[str, list[Candidate]]:
    found: dict[str, list[Candidate]] = {}
    for path in sorted(folder.glob("*.whl")):
        try:
            name, version, build, tags = parse_wheel_filename(path.name)
        except InvalidWheelFilename:
            continue
        ranks = [target.ranks[tag] for tag in tags if tag in target.ranks]
        if ranks:
            number, letters = build or (0, "")
            candidate = Candidate(min(ranks), version.local is not None, (-number, letters), path, name, version)
            found.setdefault(name, []).append(candidate)
    return found


def failed(output: str) -> NbmlopsError:
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
