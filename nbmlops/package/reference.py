"""Names of packages: `[REGISTRY/]REPOSITORY[:TAG[,TAG...]][@DIGEST]`.

    parse("wine:v1")                     # localhost/wine, tag v1
    parse("127.0.0.1:5055/team/wine")    # tag latest

As with Docker, the first part is a registry where it has a dot or a colon or is `localhost`; without one the package
is kept on this machine under `localhost`, as `kit` does.
"""

from __future__ import annotations

import re

import msgspec

from nbmlops.errors import UsageError
from nbmlops.model.oci import DIGEST

LOCAL = "localhost"
LATEST = "latest"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_PART}(?:/{_PART})*")
_REGISTRY = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    registry: str
    repository: str
    tags: tuple[str, ...] = ()
    digest: str = ""

    @property
    def repo(self) -> str:
        """Registry and repository: what an index of the local layout is named after."""
        return f"{self.registry}/{self.repository}"

    @property
    def tag(self) -> str:
        """The first tag; `latest` where neither tag nor digest is named."""
        return self.tags[0] if self.tags else "" if self.digest else LATEST

    @property
    def is_local(self) -> bool:
        """Whether it can only be on this machine: it names no registry."""
        return self.registry == LOCAL

    def with_tag(self, tag: str) -> Reference:
        return msgspec.structs.replace(self, tags=(tag,), digest="")

    def __str__(self) -> str:
        """As people write it: without `localhost/`."""
        name = self.repository if self.is_local else self.repo
        return name + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")


def parse(text: str) -> Reference:
    """Raises UsageError for what is no reference."""
    rest, _, digest = text.strip().partition("@")
    if "@" in text and not DIGEST.fullmatch(digest):
        raise _refused(text, f"{digest!r} is no digest: sha256: and 64 hexadecimal characters")
    head, slash, tail = rest.partition("/")
    if slash and ("." in head or ":" in head or head == LOCAL):
        registry, rest = head, tail
    else:
        registry = LOCAL
    repository, colon, tags = rest.partition(":")
    if not _REGISTRY.fullmatch(registry):
        raise _refused(text, f"{registry!r} is no address of a registry")
    if not _REPOSITORY.fullmatch(repository) or len(repository) > 255:
        hint = " in lower case" if repository.lower() != repository else ""
        raise _refused(text, f"{repository!r} is no name of a repository{hint}")
    names = tuple(dict.fromkeys(tags.split(","))) if colon else ()
    for name in names:
        if not _TAG.fullmatch(name):
            raise _refused(text, f"{name!r} is no tag")
    return Reference(registry=registry, repository=repository, tags=names, digest=digest)


def is_reference(text: str) -> bool:
    """Whether it reads as a reference with a tag or a digest; a path seldom does."""
    try:
        found = parse(text)
    except UsageError:
        return False
    return bool(found.tags or found.digest)


def _refused(text: str, why: str) -> UsageError:
    return UsageError(
        f"{text!r} names no package: {why}.",
        kind="reference-malformed",
        hint="Write [REGISTRY/]NAME[:TAG], as in ghcr.io/team/wine:v1.",
    )
