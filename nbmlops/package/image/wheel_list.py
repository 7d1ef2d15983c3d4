"""What is to be installed: pinned packages, from text, a requirements file, or a `pylock.toml`.

read_pinned(Path("requirements.txt"), target)
pinned(["numpy==2.1.0", "uvicorn==0.30.6; python_version >= '3.8'"], target)
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.package.image.target import Target

_HASH = re.compile(r"\s--hash[= ](\S+)")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SAID_ALREADY = ("--only-binary", "--prefer-binary", "--require-hashes")
"""Options that ask for what is done anyway. One that names an index must not be passed over: it says whose package."""


class Pinned(msgspec.Struct, frozen=True, kw_only=True, order=True):
    name: str
    """Normalised: lower case, with dashes."""
    version: str
    hashes: tuple[str, ...] = ()
    """SHA-256 of the wheels that are allowed, in hexadecimal; none: any wheel of that version."""


def read_pinned(path: Path, target: Target) -> tuple[Pinned, ...]:
    """Raises NotFoundError, and UsageError for what is not pinned."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise NotFoundError(f"There is no list of packages {path}.", kind="requirements-missing") from None
    except UnicodeDecodeError as error:
        raise _refused(str(path), "it is not UTF-8") from error
    if path.suffix == ".toml" or path.name == "uv.lock":
        return _of_lock(path, text, target)
    return pinned(_lines(text), target)


def pinned(lines: Sequence[str], target: Target) -> tuple[Pinned, ...]:
    """Sorted by name. Raises UsageError for what is not pinned, or pinned to two versions."""
    return _once(each for line in lines if (each := _one(line, target)) is not None)


def _one(line: str, target: Target) -> Pinned | None:
    """None for what the target does not need."""
    hashes = []
    for found in _HASH.findall(line):
        kind, _, value = found.partition(":")
        if kind == "sha256":
            hashes.append(_sha256(value, line))
    try:
        requirement = Requirement(_HASH.sub("", line).strip())
    except InvalidRequirement as error:
        raise _refused(line, "it is no requirement") from error
    specifiers = list(requirement.specifier)
    if requirement.url or len(specifiers) != 1 or specifiers[0].operator not in ("==", "==="):
        raise _refused(line, "it names no single version")
    if not _is_needed(requirement.marker, target):
        return None
    return Pinned(
        name=canonicalize_name(requirement.name),
        version=_version(specifiers[0].version, line),
        hashes=tuple(sorted(hashes)),
    )


def _lines(text: str) -> list[str]:
    found = []
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        line = re.sub(r"(^|\s)#.*", "", line).strip()
        if not line or line.startswith(_SAID_ALREADY):
            continue
        if line.startswith("-"):
            raise _refused(line, "a list of pinned packages has no such option")
        found.append(line)
    return found


def _of_lock(path: Path, text: str, target: Target) -> tuple[Pinned, ...]:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _refused(str(path), f"it is no TOML: {error}") from error
    if "lock-version" not in document:
        raise UsageError(
            f"{path} is no lock file that is understood.",
            kind="requirements-malformed",
            hint="Export it: uv export --format requirements-txt, or --format pylock.toml",
        )
    try:
        return _once(each for entry in document.get("packages", ()) if (each := _locked(entry, target)) is not None)
    except (AttributeError, TypeError, InvalidMarker) as error:
        raise _refused(str(path), f"it is no lock file: {error}") from error


def _locked(entry: dict[str, Any], target: Target) -> Pinned | None:
    name = str(entry.get("name", ""))
    marker = Marker(entry["marker"]) if "marker" in entry else None
    if not _is_needed(marker, target):
        return None
    if "version" not in entry or not entry.get("wheels"):
        raise _refused(name, "the lock file lists no wheel of it")
    hashes = [wheel.get("hashes", {}).get("sha256", "") for wheel in entry["wheels"]]
    return Pinned(
        name=canonicalize_name(name),
        version=_version(str(entry["version"]), name),
        hashes=tuple(sorted(_sha256(each, name) for each in hashes if each)),
    )


def _is_needed(marker: Marker | None, target: Target) -> bool:
    return marker is None or marker.evaluate({**target.environment, "extra": ""})


def _once(found: Any) -> tuple[Pinned, ...]:
    known: dict[str, Pinned] = {}
    for each in found:
        if known.setdefault(each.name, each).version != each.version:
            raise _refused(each.name, f"it is pinned to {known[each.name].version} and to {each.version}")
    return tuple(known[name] for name in sorted(known))


def _version(text: str, line: str) -> str:
    try:
        return str(Version(text))
    except InvalidVersion as error:
        raise _refused(line, f"{text!r} is no version") from error


def _sha256(value: str, line: str) -> str:
    if not _SHA256.fullmatch(value):
        raise _refused(line.split()[0], f"{value[:80]!r} is no SHA-256")
    return value


def _refused(what: str, why: str) -> UsageError:
    return UsageError(
        f"{what[:200]!r} cannot be installed into an image: {why}.",
        kind="requirements-malformed",
        hint="Give pinned packages, as in numpy==2.1.0: uv pip compile, or pip freeze.",
    )
