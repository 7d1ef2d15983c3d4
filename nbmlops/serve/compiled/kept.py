"""What was compiled and proven once, kept for the next start: then nothing of scikit-learn is imported, nor loaded.

`compiled/KEY.npz` in the user's cache: arrays, and a document of what they are. No code is in it. The key is made of
all that the proof was made with: the model's files, this program and its libraries, the kind of processor. What cannot
be read, or written, is as if it were not there.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import tempfile
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from nbmlops.lib.user_folder import user_cache
from nbmlops.lib.version import VERSION
from nbmlops.serve.compiled.parts import Recipe
from nbmlops.serve.compiled.pipeline import Compiled, made

LAYOUT = 1
_ABOUT = "about"
_MOST_BYTES = 256 << 20
"""Of a model's files: to read more takes as long as to load them."""
_MOST_KEPT = 64
_LIBRARIES = ("numpy", "scipy", "scikit-learn", "skops")


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    arrays: dict[str, str]
    """Name -> the array's in the file."""
    values: dict[str, float]


class _About(msgspec.Struct, frozen=True, kw_only=True):
    layout: int
    width: int
    ends: bool
    parts: list[_Part]


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    quick: Compiled
    ends: bool
    """The estimator runs code of libraries only."""


def key_of(folder: Path) -> str:
    """Of the model in this folder; empty for one that is too large."""
    hasher = hashlib.blake2b(digest_size=20)
    total = 0
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    for path in files:
        total += path.stat().st_size
        if total > _MOST_BYTES:
            return ""
    for path in files:
        hasher.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
        hasher.update(path.read_bytes())
    made_with = [LAYOUT, VERSION, platform.python_version(), platform.machine(), *map(_version, _LIBRARIES)]
    hasher.update(json.dumps(made_with).encode())
    return hasher.hexdigest()


def read(key: str) -> Kept | None:
    try:
        path = _path(key)
        with np.load(path, allow_pickle=False) as file:
            about = msgspec.json.decode(file[_ABOUT].tobytes(), type=_About)
            recipes = tuple(
                Recipe(kind=each.kind, arrays={name: file[at] for name, at in each.arrays.items()}, values=each.values)
                for each in about.parts
            )
        found = Kept(quick=made(about.width, recipes), ends=about.ends)
        os.utime(path)
    except (OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile, msgspec.MsgspecError):
        return None
    return found if about.layout == LAYOUT else None


def write(key: str, quick: Compiled, *, ends: bool) -> None:
    """What holds objects is not kept: they would be pickled."""
    arrays: dict[str, Any] = {}
    parts = []
    for number, recipe in enumerate(quick.recipes):
        names = {name: f"{number}.{name}" for name in recipe.arrays}
        arrays |= {names[name]: each for name, each in recipe.arrays.items()}
        parts.append(_Part(kind=recipe.kind, arrays=names, values=recipe.values))
    if any(each.dtype.hasobject for each in arrays.values()):
        return
    about = _About(layout=LAYOUT, width=quick.width, ends=ends, parts=parts)
    data = io.BytesIO()
    arrays[_ABOUT] = np.frombuffer(msgspec.json.encode(about), dtype=np.uint8)
    np.savez(data, allow_pickle=False, **arrays)
    try:
        path = _path(key)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data.getvalue())
        Path(name).replace(path)
        _tidy(path.parent)
    except (OSError, RuntimeError):  # no home
        return


def _tidy(folder: Path) -> None:
    """The least used go."""
    found = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime)
    for path in found[:-_MOST_KEPT]:
        path.unlink(missing_ok=True)


def _path(key: str) -> Path:
    return user_cache() / "compiled" / f"{key}.npz"


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
