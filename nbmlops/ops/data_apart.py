"""Data as a package of their own, which others refer to: the same data are packed, kept and sent once.

    data_kitfile(kitfile, parse("ghcr.io/team/wine:v1"))    # what ghcr.io/team/wine-data has in it
    referring(kitfile, reference, digest)                   # datasets that name that package as their `remotePath`

Its tag is how its digest begins, and nothing of a run is in it: the same data are the same package.
"""

from __future__ import annotations

from typing import Any

import msgspec

from nbmlops.errors import UsageError
from nbmlops.model.kitfile import Dataset, Kitfile, Package
from nbmlops.package.kitfile import is_packed, new_kitfile
from nbmlops.package.reference import Reference

_SUFFIX = "-data"
_LONGEST_REPOSITORY = 255
_TAG = slice(7, 19)
"""Of `sha256:...`."""


def data_kitfile(kitfile: Kitfile, target: Reference) -> Kitfile | None:
    """None where it has no data of its own."""
    moved = tuple(_plain(each) for each in kitfile.datasets if is_packed(each))
    if not moved:
        return None
    return new_kitfile(package=Package(name=_repository(target).rpartition("/")[2]), datasets=moved)


def data_reference(target: Reference, digest: str) -> Reference:
    """What the package with the data is called."""
    return msgspec.structs.replace(target, repository=_repository(target), tags=(digest[_TAG],), digest="")


def referring(kitfile: Kitfile, reference: Reference, digest: str) -> Kitfile:
    """The Kitfile without data of its own. `digest`: of the manifest of the package that has them now."""
    return msgspec.structs.replace(
        kitfile,
        datasets=tuple(
            msgspec.structs.replace(each, remote_path=str(reference), remote_hash=digest) if is_packed(each) else each
            for each in kitfile.datasets
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


def _repository(target: Reference) -> str:
    return f"{target.repository[: _LONGEST_REPOSITORY - len(_SUFFIX)]}{_SUFFIX}"


def _plain(dataset: Dataset) -> Dataset:
    """What is so of the data whoever read them: the snapshot of a run may have other files too."""
    digest = dataset.parameters.get("blake3") if isinstance(dataset.parameters, dict) else None
    parameters: Any = {"blake3": digest} if digest else None
    return Dataset(name=dataset.name, path=dataset.path, license=dataset.license, parameters=parameters)
