"""What a run ran in."""

from __future__ import annotations

import msgspec

from nbmlops.model.documents import Document


class PackageVersion(msgspec.Struct, frozen=True, order=True):
    name: str
    version: str


class Environment(Document, frozen=True, kw_only=True, tag="environment"):
    python: str
    implementation: str
    platform: str
    packages: tuple[PackageVersion, ...] = ()
    """Every installed distribution, sorted by normalized name."""

    def lock(self) -> str:
        """The packages as a requirements file."""
        return "".join(f"{package.name}=={package.version}\n" for package in self.packages)


class GitState(msgspec.Struct, frozen=True, kw_only=True):
    """Where the code stood in git, seen from the project."""

    commit: str = ""
    branch: str = ""
    dirty: bool = False
    diff: str | None = None
    """Digest of the uncommitted changes, kept in the store."""
    remote: str = ""
    """Address of `origin`, without login."""
