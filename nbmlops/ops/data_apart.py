"""Data as a package of their own, which others refer to: the same data are packed, kept and sent once.

    apart = set_apart(kitfile, parse("ghcr.io/team/wine:v1"), folder)
    apart.data      # the Kitfile of ghcr.io/team/wine-data:4f2a91c07be3
    apart.rest      # the Kitfile whose datasets name that package as their `remotePath`

Its tag is made from the data's paths and bytes, and nothing of a run is in it: the same data are the same package.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.lib.canonical import canonical_json
from nbmlops.lib.digest import digest_bytes, digest_file, short
from nbmlops.model.kitfile import Dataset, Kitfile, Package
from nbmlops.package.kitfile import is_packed, new_kitfile
from nbmlops.package.paths import clean
from nbmlops.package.reference import Reference

SUFFIX = "-data"
_LONGEST_REPOSITORY = 255


class Apart(msgspec.Struct, frozen=True, kw_only=True):
    reference: Reference
    data: Kitfile
    rest: Kitfile
    """Still without the digest of the data's package."""


def set_apart(kitfile: Kitfile, target: Reference, folder: Path) -> Apart | None:
    """None where it has no data of its own. Raises NotFoundError for data that are not there."""
    moved = [each for each in kitfile.datasets if is_packed(each)]
    if not moved:
        return None
    content = [[each.path, _content(folder, each.path)] for each in moved]
    name = f"{target.repository[: _LONGEST_REPOSITORY - len(SUFFIX)]}{SUFFIX}"
    reference = msgspec.structs.replace(
        target, repository=name, tags=(short(digest_bytes(canonical_json(content))),), digest=""
    )
    return Apart(
        reference=reference,
        data=new_kitfile(
            package=Package(name=name.rpartition("/")[2], version=reference.tag),
            datasets=tuple(_plain(each) for each in moved),
        ),
        rest=msgspec.structs.replace(
            kitfile,
            datasets=tuple(
                msgspec.structs.replace(each, remote_path=str(reference)) if is_packed(each) else each
                for each in kitfile.datasets
            ),
        ),
    )


def with_hash(apart: Apart, digest: str) -> Kitfile:
    """What refers to the data, now that their package has a digest: whoever fetches it can tell that it is that one."""
    named = str(apart.reference)
    return msgspec.structs.replace(
        apart.rest,
        datasets=tuple(
            msgspec.structs.replace(each, remote_hash=digest) if each.remote_path == named else each
            for each in apart.rest.datasets
        ),
    )


def without_data(kitfile: Kitfile) -> Kitfile:
    return msgspec.structs.replace(kitfile, datasets=())


def check_hashes(kitfile: Kitfile) -> None:
    """Raises UsageError for data in a bucket that could be anything, as `kit` does."""
    for each in kitfile.datasets:
        if "://" in each.remote_path and not each.remote_hash:
            raise UsageError(
                f"The data at {each.remote_path} have no remoteHash in the Kitfile.",
                kind="reference-unknown",
                hint="Give the object's ETag, without quotes.",
            )


def _plain(dataset: Dataset) -> Dataset:
    """What is so of the data whoever read them: the snapshot of a run may have other files too."""
    digest = dataset.parameters.get("blake3") if isinstance(dataset.parameters, dict) else None
    parameters: Any = {"blake3": digest} if digest else None
    return Dataset(name=dataset.name, path=dataset.path, license=dataset.license, parameters=parameters)


def _content(folder: Path, path: str) -> list[list[str]]:
    plain = clean(path)
    place = folder / (plain or "")
    if plain is None or not place.exists():
        raise NotFoundError(f"There are no data {path} in {folder}.", kind="path-missing", hint="Correct the Kitfile.")
    files = sorted(each for each in place.rglob("*") if each.is_file()) if place.is_dir() else [place]
    return [[each.relative_to(folder).as_posix(), digest_file(each)] for each in files]
