"""Locked wheels as one layer, for the image's platform and not for this machine's.

    target = Target(platform=parse_platform("linux/arm64"), python="3.11", glibc=(2, 36))
    wheels = wheels_layer(layout, read_pinned(Path("requirements.txt"), target), target, epoch=0)

Nothing of a wheel is run. The same list gives the same layer; asked for again, nothing is read.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from nbmlops.errors import IntegrityError
from nbmlops.lib.digest import digest_bytes
from nbmlops.lib.files import write_atomic
from nbmlops.model.image import Platform
from nbmlops.model.oci import Descriptor
from nbmlops.package.image.layers import layer_writer
from nbmlops.package.image.target import Target
from nbmlops.package.image.wheel_choice import Candidate, Wheel, checked, chosen, downloaded
from nbmlops.package.image.wheel_files import Content, WheelFile, site_packages
from nbmlops.package.image.wheel_list import Pinned
from nbmlops.package.layer import GZIP_LEVEL, Layer
from nbmlops.package.layout import Layout

_VERSION = 1
_START = b"""\
import os
import site

site.addsitedir(os.path.dirname(os.path.abspath(__file__)))
"""


class Wheels(msgspec.Struct, frozen=True, kw_only=True):
    layer: Layer
    """Compressed with gzip."""
    wheels: tuple[Wheel, ...]
    python: str
    """`3.11`"""
    platform: Platform
    clashes: tuple[str, ...] = ()
    """Files that two wheels bring, and differently: the later one's by name stays, as with pip."""


def wheels_layer(
    layout: Layout,
    wanted: Sequence[Pinned],
    target: Target,
    *,
    epoch: int,
    folder: Path | None = None,
    level: int = GZIP_LEVEL,
) -> Wheels:
    """Out of `folder` where it is given, without any network; else brought by pip.

    Raises NotFoundError for a wheel that is not there, ExternalError where pip fails, IntegrityError for a wheel that
    is not what was locked, is damaged, or is hostile.
    """
    order = sorted(wanted)
    by_list = _key([order, target, epoch, level])
    # A folder's wheel of the same name may be another: there the files themselves count.
    if folder is None and (known := _find(layout, by_list)) is not None:
        return known
    candidates = chosen(folder or downloaded(layout, order, target), order, target)
    wheels = checked(candidates)
    by_content = _key([wheels, target.platform, target.python, epoch, level])
    found = _find(layout, by_content)
    if found is None:
        found = _written(layout, candidates, wheels, target, epoch, level)
        _keep(layout, by_content, found)
    if folder is None:
        _keep(layout, by_list, found)
    return found


def _written(
    layout: Layout, found: dict[Pinned, Candidate], wheels: list[Wheel], target: Target, epoch: int, level: int
) -> Wheels:
    with ExitStack() as stack:
        places: dict[str, tuple[WheelFile, Content]] = {}
        clashes = []
        for pin, candidate in found.items():
            wheel = WheelFile(candidate.path, pin.name, target.python)
            stack.callback(wheel.close)
            for content in wheel.contents():
                before = places.get(content.path)
                if before is not None and (before[1].size, before[1].digest) != (content.size, content.digest):
                    clashes.append(content.path)
                places[content.path] = (wheel, content)
        _refuse_folders(places)
        extra = _start(places, site_packages(target.python))
        with layer_writer(layout, epoch=epoch, level=level) as writer:
            for path in sorted({*places, *extra}, key=lambda each: each.split("/")):
                if path in extra:
                    writer.file(path, 0o644, len(extra[path]), [extra[path]])
                else:
                    wheel, content = places[path]
                    writer.file(path, content.mode, content.size, wheel.pieces(content))
    return Wheels(
        layer=writer.layer,
        wheels=tuple(wheels),
        python=target.python,
        platform=target.platform,
        clashes=tuple(sorted(set(clashes))),
    )


def _start(paths: Iterable[str], site: str) -> dict[str, bytes]:
    """Where PYTHONPATH leads, Python passes over the .pth files that some packages need: a file that reads them."""
    own = f"{site}/sitecustomize.py"
    there = set(paths)
    has_any = any(path.endswith(".pth") and posixpath.dirname(path) == site for path in there)
    return {own: _START} if has_any and own not in there else {}


def _refuse_folders(places: dict[str, tuple[WheelFile, Content]]) -> None:
    """A path that is a file in one wheel and a folder in another."""
    for path in places:
        parts = path.split("/")
        for length in range(1, len(parts)):
            parent = "/".join(parts[:length])
            if parent in places:
                raise IntegrityError(
                    f"{parent} is a file of one wheel and a folder of another.",
                    kind="wheel-refused",
                    hint="They cannot be installed together.",
                )


def _key(parts: list[object]) -> str:
    return digest_bytes(msgspec.json.encode([_VERSION, *parts]))


def _note(layout: Layout, key: str) -> Path:
    return layout.root / "cache" / "nbmlops" / "wheel-layers" / key


def _find(layout: Layout, key: str) -> Wheels | None:
    try:
        found = msgspec.json.decode(_note(layout, key).read_bytes(), type=Wheels)
    except (OSError, msgspec.MsgspecError):
        return None
    return found if layout.has(Descriptor(media_type="", digest=found.layer.digest, size=found.layer.size)) else None


def _keep(layout: Layout, key: str, found: Wheels) -> None:
    write_atomic(_note(layout, key), msgspec.json.encode(found))
