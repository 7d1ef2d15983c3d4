"""Pointers of other tools that a folder may hold: `.dvc` files of DVC, pointer files of Git LFS."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.model.snapshot import Reference

MOST_BYTES = 1 << 20
_LFS = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-.*\n)*oid sha256:([0-9a-f]{64})\nsize (\d+)\n?"
)
LFS_SIZES = range(100, 1024)
"""A pointer of Git LFS is shorter than 1024 bytes, by its specification."""
_MD5 = re.compile("[0-9a-f]{32}")


def lfs_pointer(path: Path) -> Reference | None:
    """What a pointer file of Git LFS points to; None when it is none."""
    found = _LFS.fullmatch(path.read_bytes())
    if found is None:
        return None
    sha256, size = found[1].decode(), int(found[2])
    return Reference(uri=f"lfs:{sha256}", size=size, sha256=sha256)


def dvc_outputs(path: Path, root: Path) -> dict[str, Reference]:
    """File names beside a `.dvc` file -> what they shall be. A folder is told by its list, where DVC's cache has it."""
    # Few folders hold such a file: what reads it is not loaded for the others.
    import yaml

    if path.stat().st_size > MOST_BYTES:
        return {}
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        return {}
    outs = document.get("outs") if isinstance(document, dict) else None
    found: dict[str, Reference] = {}
    for out in outs if isinstance(outs, list) else ():
        if not isinstance(out, dict) or not isinstance(out.get("path"), str):
            continue
        md5, name = str(out.get("md5", "")), str(out["path"])
        if _MD5.fullmatch(md5) and isinstance(out.get("size"), int):
            found[name] = Reference(uri=f"dvc:{md5}", size=out["size"], md5=md5)
        elif _MD5.fullmatch(md5.removesuffix(".dir")):
            found |= {f"{name}/{inner}": each for inner, each in _dvc_folder(md5, root).items()}
    return found


def stored_at(reference: Reference, root: Path) -> tuple[str, ...]:
    """Places, best first, where the tool that wrote the pointer keeps the bytes."""
    tool, _, digest = reference.uri.partition(":")
    if tool == "lfs":
        git = _above(root, ".git")
        return (str(git / "lfs" / "objects" / digest[:2] / digest[2:4] / digest),) if git is not None else ()
    dvc = _above(root, ".dvc")
    if dvc is None:
        return ()
    places = [f"{dvc / 'cache'}/{layout}{digest[:2]}/{digest[2:]}" for layout in ("files/md5/", "")]
    remote = _dvc_remote(dvc)
    if remote:
        places += [f"{remote}/{layout}{digest[:2]}/{digest[2:]}" for layout in ("files/md5/", "")]
    return tuple(places)


def _dvc_folder(md5: str, root: Path) -> dict[str, Reference]:
    for place in stored_at(Reference(uri=f"dvc:{md5}", size=0), root):
        if "://" in place or not Path(place).is_file():
            continue
        try:
            listed: Any = msgspec.json.decode(Path(place).read_bytes())
            return {
                str(each["relpath"]): Reference(uri=f"dvc:{each['md5']}", size=-1, md5=str(each["md5"]))
                for each in listed
            }
        except (msgspec.MsgspecError, KeyError, TypeError):
            return {}
    return {}


def _dvc_remote(dvc: Path) -> str:
    """Address of DVC's default remote, if it has one."""
    import configparser

    config = configparser.ConfigParser(strict=False, interpolation=None)
    try:
        config.read([dvc / "config", dvc / "config.local"], encoding="utf-8")
    except configparser.Error:
        return ""
    name = config.get("core", "remote", fallback="").strip("\"'")
    for section in (f"'remote \"{name}\"'", f'remote "{name}"'):
        url = config.get(section, "url", fallback="")
        if url:
            return url.rstrip("/") if "://" in url else str((dvc / url).resolve())
    return ""


def _above(folder: Path, name: str) -> Path | None:
    """The folder of that name in a folder or the nearest one above that has it."""
    for each in (folder, *folder.parents):
        if (each / name).is_dir():
            return each / name
    return None
