"""From what a model asks for to a locked list: every package that it needs, each with its version and its digest.

pip decides, for the image's Python and platform; nothing is installed. The same question is asked once: its answer is
kept, so that an image can be made again without a network, and comes out the same.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from packaging.utils import canonicalize_name

from nbmlops.errors import ExternalError, UnavailableError
from nbmlops.lib.digest import digest_bytes
from nbmlops.lib.files import write_atomic
from nbmlops.package.image.target import Target
from nbmlops.package.image.wheel_choice import failed
from nbmlops.package.image.wheel_list import Pinned
from nbmlops.package.layout import Layout

_VERSION = 1
_MOST_SECONDS = 600


def resolved(layout: Layout, wanted: Sequence[str], versions: Mapping[str, str], target: Target) -> tuple[Pinned, ...]:
    """`wanted`: requirements, as in `scikit-learn==1.5.0`; `versions` of other packages where they are needed too.

    Raises ExternalError where no set of wheels fits, UnavailableError where no index is reached.
    """
    asked = [_VERSION, sorted(wanted), sorted(versions.items()), target]
    note = layout.root / "cache" / "nbmlops" / "locks" / digest_bytes(msgspec.json.encode(asked))
    try:
        return msgspec.json.decode(note.read_bytes(), type=tuple[Pinned, ...])
    except (OSError, msgspec.MsgspecError):
        pass
    found = _asked(wanted, versions, target)
    write_atomic(note, msgspec.json.encode(found))
    return found


def _asked(wanted: Sequence[str], versions: Mapping[str, str], target: Target) -> tuple[Pinned, ...]:
    with tempfile.TemporaryDirectory(prefix="nbmlops-") as name:
        place = Path(name)
        (place / "requirements.txt").write_text("\n".join(wanted))
        (place / "constraints.txt").write_text("\n".join(f"{each}=={version}" for each, version in versions.items()))
        command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet"]
        command += ["--dry-run", "--ignore-installed", "--report", str(place / "report.json")]
        command += ["--only-binary=:all:", "--target", str(place / "nowhere")]
        command += ["--requirement", str(place / "requirements.txt"), "--constraint", str(place / "constraints.txt")]
        command += ["--implementation", "cp", "--python-version", target.python]
        command += [word for platform in target.platforms for word in ("--platform", platform)]
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_MOST_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise UnavailableError(
                f"pip found no set of packages in {_MOST_SECONDS // 60} minutes.",
                kind="pip-slow",
                hint="Give a locked list: --requirements FILE",
            ) from error
        if done.returncode:
            raise failed(done.stderr)
        report = json.loads((place / "report.json").read_bytes())
    return tuple(sorted(_pinned(each) for each in report["install"]))


def _pinned(installed: Mapping[str, Any]) -> Pinned:
    about = installed["metadata"]
    hashes = installed.get("download_info", {}).get("archive_info", {}).get("hashes", {})
    if "sha256" not in hashes:
        raise ExternalError(
            f"pip does not tell the digest of {about['name']}.", kind="pip-too-old", hint="Upgrade pip to 23 or later."
        )
    return Pinned(name=canonicalize_name(about["name"]), version=about["version"], hashes=(hashes["sha256"],))
