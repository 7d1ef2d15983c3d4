"""Packages that a package's data lie in, by the names that its Kitfile has for them.

A name without a registry is looked for on this machine, and else beside the package that has it: `wine-data:4f2a` of
ghcr.io/team/wine:v1 is ghcr.io/team/wine-data:4f2a. So a package may be packed here and pushed anywhere.
"""

from __future__ import annotations

import msgspec

from nbmlops.errors import IntegrityError, NbmlopsError, NotFoundError
from nbmlops.model.kitfile import Dataset
from nbmlops.model.oci import Descriptor
from nbmlops.package.layout import Layout
from nbmlops.package.opened import Opened
from nbmlops.package.reference import Reference, parse

INCLUDE_REMOTE = "Bring along the data that it only refers to."


class DataReference(msgspec.Struct, frozen=True, kw_only=True):
    reference: Reference
    digest: str
    """Of its manifest; empty where the Kitfile does not say."""


def data_references(package: Opened) -> tuple[DataReference, ...]:
    """Packages with data of this one, each once."""
    found = {each.remote_path: each.remote_hash for each in package.remote if "://" not in each.remote_path}
    return tuple(DataReference(reference=parse(path), digest=_manifest(digest)) for path, digest in found.items())


def reference_of(dataset: Dataset) -> DataReference:
    return DataReference(reference=parse(dataset.remote_path), digest=_manifest(dataset.remote_hash))


def beside(reference: Reference, package: Reference) -> Reference:
    """Where it is for whoever has the package from a registry."""
    if not reference.is_local or package.is_local:
        return reference
    folder = package.repository.rpartition("/")[0]
    name = reference.repository.rpartition("/")[2]
    return msgspec.structs.replace(
        reference, registry=package.registry, repository=f"{folder}/{name}" if folder else name
    )


def in_layout(layout: Layout, wanted: DataReference, package: Reference) -> tuple[Reference, Descriptor]:
    """By its own name or beside the package, with the digest that it should have. Raises NotFoundError."""
    for reference in dict.fromkeys((wanted.reference, beside(wanted.reference, package))):
        try:
            found = layout.resolve(reference)
        except NotFoundError:
            continue
        if wanted.digest in ("", found.digest):
            return reference, found
    raise NotFoundError(
        f"The data of {package}, {wanted.reference}, are not on this machine.",
        kind="data-missing",
        hint=f"Bring them: nbmlops pull {package} --include-remote",
    )


def check_digest(wanted: DataReference, found: Descriptor) -> None:
    """Raises IntegrityError where a name leads to other data by now."""
    if wanted.digest and found.digest != wanted.digest:
        raise IntegrityError(
            f"{wanted.reference} has other data than the package was made with: "
            f"{found.digest[:19]}, not {wanted.digest[:19]}.",
            kind="reference-changed",
            hint="Ask the package's maker.",
        )


def unreachable(wanted: DataReference, package: Reference, error: NbmlopsError) -> NotFoundError:
    return NotFoundError(
        f"The data of {package} are in {wanted.reference}, which cannot be reached: {error.message.rstrip('.')}.",
        kind="data-unreachable",
        hint="Ask its maker to push them, or go on without --include-remote.",
    )


def _manifest(digest: str) -> str:
    return digest if digest.startswith("sha256:") else ""
