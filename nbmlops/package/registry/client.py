"""One registry: its manifests, blobs, tags and referrers."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import requests

from nbmlops.errors import ExternalError, IntegrityError, NotFoundError
from nbmlops.model.oci import DIGEST, INDEX, MANIFEST, MOST_MANIFEST_BYTES, Descriptor
from nbmlops.package.registry import credentials as files
from nbmlops.package.registry.auth import is_loopback
from nbmlops.package.registry.credentials import DOCKER_HUB, Found
from nbmlops.package.registry.replies import json_of, number_of
from nbmlops.package.registry.wire import Body, Wire

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
_KINDS = (MANIFEST, INDEX, DOCKER_MANIFEST, DOCKER_INDEX)
_ACCEPT = ", ".join(_KINDS)
_ACTIONS = {"GET": "pull", "HEAD": "pull", "DELETE": "delete"}
_HUB_HOST = "registry-1.docker.io"
_MOST_LIST_BYTES = 16 << 20
_MOST_PAGES = 1000
_MOST_TAGS = 100_000


class Registry:
    """Nothing is asked before the first method. Safe to use from several threads.

    `plain_http`: None decides by the host, as Docker does: 127.0.0.1, localhost and [::1] with a port. `verify` may be
    the path of an authority's certificate, `cert` that of our own, or the pair of it and its key. `credentials` finds
    the login for a host.

    Every method raises DeniedError, UnavailableError (after some tries) and ExternalError.
    """

    def __init__(
        self,
        host: str,
        *,
        plain_http: bool | None = None,
        verify: bool | str = True,
        cert: str | tuple[str, str] | None = None,
        credentials: Callable[[str], Found] = files.find,
        concurrency: int = 5,
    ) -> None:
        self.host = host
        self.concurrency = max(1, concurrency)
        self.takes_chunks = True
        """Until it refuses one."""
        self.wire = Wire(
            _HUB_HOST if host == DOCKER_HUB else host,
            plain_http=is_plain_by_habit(host) if plain_http is None else plain_http,
            verify=verify,
            cert=cert,
            find=lambda _: credentials(host),
            concurrency=self.concurrency,
        )

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, *error: object) -> None:
        self.wire.close()

    def check(self) -> None:
        """Whether it is a registry, and lets us in."""

        def ask() -> None:
            with self.wire.send("GET", "/v2/", scope="", what="log in"):
                pass

        self.wire.retrying(ask)

    # Manifests

    def head_manifest(self, repo: str, ref: str) -> Descriptor:
        """Of a tag or a digest. Raises NotFoundError."""

        def ask() -> Descriptor | None:
            with self.send("HEAD", repo, f"manifests/{ref}", what="pull", headers={"Accept": _ACCEPT}) as response:
                size = number_of(response.headers.get("Content-Length"))
                digest = response.headers.get("Docker-Content-Digest", "")
                if size is None or not DIGEST.fullmatch(digest):
                    return None
                return Descriptor(media_type=_media_type(response), digest=digest, size=size)

        try:
            found = self.wire.retrying(ask)
        except NotFoundError as error:
            raise self.missing(repo, ref, error) from error
        if found is None:
            found, _ = self.manifest(repo, ref)
        return found

    def manifest(self, repo: str, ref: str) -> tuple[Descriptor, bytes]:
        """Of a tag or a digest. Raises NotFoundError; IntegrityError for bytes that are not what they should be."""

        def ask() -> tuple[Descriptor, bytes]:
            with self.send("GET", repo, f"manifests/{ref}", what="pull", headers={"Accept": _ACCEPT}) as response:
                data = self.wire.read(response, MOST_MANIFEST_BYTES, f"The manifest of {repo}")
                digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
                told = response.headers.get("Docker-Content-Digest", digest)
                asked = ref if ":" in ref else digest
                if asked != digest or (told != digest and told.startswith("sha256:")):
                    raise IntegrityError(
                        f"The manifest of {repo} from {self.host} is not what its digest says.",
                        kind="manifest-damaged",
                        hint="It is refused. Something on the way, or the registry, changed it.",
                    )
                return Descriptor(media_type=_kind(data, _media_type(response)), digest=digest, size=len(data)), data

        try:
            return self.wire.retrying(ask)
        except NotFoundError as error:
            raise self.missing(repo, ref, error) from error

    def put_manifest(self, repo: str, ref: str, data: bytes, media_type: str = MANIFEST) -> str:
        """Under a tag or its digest. The subject that the registry has noted for its referrers; empty: none."""
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"

        def ask() -> str:
            headers = {"Content-Type": media_type}
            with self.send(
                "PUT", repo, f"manifests/{ref}", what="push", headers=headers, body=lambda: data, expected=(200, 201)
            ) as response:
                if response.headers.get("Docker-Content-Digest", digest) != digest:
                    raise IntegrityError(
                        f"{self.host} keeps the manifest of {repo} under another digest than ours.",
                        kind="manifest-damaged",
                        hint="Something on the way, or the registry, changed it.",
                    )
                return response.headers.get("OCI-Subject", "")

        return self.wire.retrying(ask)

    def delete(self, repo: str, ref: str) -> None:
        """A manifest by its digest, with its tags; or, where the registry knows how, a tag. Raises NotFoundError."""

        def ask() -> None:
            with self.send("DELETE", repo, f"manifests/{ref}", what="delete packages", expected=(200, 202)):
                pass

        try:
            self.wire.retrying(ask)
        except NotFoundError as error:
            raise self.missing(repo, ref, error) from error
        except IntegrityError as error:
            # What older registries say of a tag where they want a digest.
            raise ExternalError(
                f"{self.host} deletes no tags.",
                kind="registry-unsupported",
                hint="Delete the package by its digest: its tags go with it.",
            ) from error

    # Blobs

    def has_blob(self, repo: str, descriptor: Descriptor) -> bool:
        """With the size that it should have."""

        def ask() -> bool:
            return self.see_blob(repo, descriptor, "pull")

        return self.wire.retrying(ask)

    def see_blob(self, repo: str, descriptor: Descriptor, actions: str) -> bool:
        """The same, tried once, with the rights for more."""
        place = f"blobs/{descriptor.digest}"
        with self.send("HEAD", repo, place, what="pull", actions=actions, expected=(200, 404)) as response:
            size = response.headers.get("Content-Length", str(descriptor.size))
            return response.status_code == 200 and size == str(descriptor.size)

    # Tags

    def tags(self, repo: str) -> tuple[str, ...]:
        """In the registry's order. Raises NotFoundError for a repository that it does not have."""
        found: dict[str, None] = {}
        for page in self.pages(repo, "tags/list?n=1000", "list tags"):
            names = page.get("tags") or []
            if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
                raise self.nonsense("list tags")
            fresh = [name for name in names if name not in found]
            found.update(dict.fromkeys(fresh))
            # A page without anything new is followed by more of them.
            if not fresh:
                break
            if len(found) > _MOST_TAGS:
                raise self.nonsense("list tags")
        return tuple(found)

    def pages(self, repo: str, place: str, what: str) -> Iterator[dict[str, Any]]:
        """The JSON of a list and of the lists that follow it; as many as are asked for, within reason."""
        url = urljoin(self.wire.root, self.place(repo, place))
        seen: set[str] = set()
        while url and url not in seen:
            seen.add(url)
            if len(seen) > _MOST_PAGES:
                raise self.nonsense(what)
            page, url = self.wire.retrying(functools.partial(self._page, repo, url, what))
            yield page

    def _page(self, repo: str, url: str, what: str) -> tuple[dict[str, Any], str]:
        with self.wire.send("GET", url, scope=self.scope(repo, "pull"), what=f"{what} of {repo}") as response:
            data = self.wire.read(response, _MOST_LIST_BYTES, "The list")
            following = response.links.get("next", {}).get("url", "")
        page = json_of(data)
        if not isinstance(page, dict):
            raise self.nonsense(what)
        following = urljoin(url, following) if following else ""
        if following:
            # A list goes on where it began: nobody else is asked.
            parts = urlsplit(following)
            following = urljoin(self.wire.root, parts.path + (f"?{parts.query}" if parts.query else ""))
        return page, following

    # For the other files of this package

    def send(
        self,
        method: str,
        repo: str,
        rest: str,
        *,
        what: str,
        actions: str = "",
        headers: dict[str, str] | None = None,
        body: Body | None = None,
        expected: tuple[int, ...] = (200,),
    ) -> AbstractContextManager[requests.Response]:
        """Wire.send for a path below a repository; `actions` are by default what the method needs."""
        return self.wire.send(
            method,
            self.place(repo, rest),
            scope=self.scope(repo, actions or _ACTIONS.get(method, "pull,push")),
            what=f"{what} {'to' if what == 'push' else 'of'} {repo}" if what != "pull" else f"pull from {repo}",
            headers=headers,
            body=body,
            expected=expected,
        )

    def nonsense(self, what: str) -> ExternalError:
        return ExternalError(
            f"{self.host} answers nonsense when asked to {what}.",
            kind="registry-nonsense",
            hint="Check that it is a registry.",
        )

    def missing(self, repo: str, ref: str, error: NotFoundError) -> NotFoundError:
        name = f"{self.host}/{repo}{'@' if ':' in ref else ':'}{ref}"
        return NotFoundError(f"There is no package {name}.", kind=error.kind, hint=error.hint, **error.facts)

    def place(self, repo: str, rest: str) -> str:
        if self.host == DOCKER_HUB and "/" not in repo:
            repo = f"library/{repo}"
        return f"/v2/{quote(repo, safe='/')}/{rest}"

    def scope(self, repo: str, actions: str) -> str:
        if self.host == DOCKER_HUB and "/" not in repo:
            repo = f"library/{repo}"
        return f"repository:{repo}:{actions}"


def is_plain_by_habit(host: str) -> bool:
    """Whether Docker would speak plain HTTP: to a port of this machine."""
    try:
        parts = urlsplit(f"//{host}")
        return parts.port is not None and is_loopback(parts.hostname or "")
    except ValueError:
        return False


def _media_type(response: requests.Response) -> str:
    return response.headers.get("Content-Type", "").partition(";")[0].strip()


def _kind(data: bytes, told: str) -> str:
    """What a manifest is. Raises IntegrityError where header and content disagree: two readers would see two things."""
    document = json_of(data)
    if not isinstance(document, dict):
        raise IntegrityError("What came is no manifest.", kind="manifest-malformed", hint="Check the name.")
    own = str(document.get("mediaType") or "")
    is_both = bool(document.get("manifests")) and bool(document.get("layers") or document.get("config"))
    if is_both or (own and told in _KINDS and own != told):
        raise IntegrityError(
            "The manifest says two things about what it is.", kind="manifest-malformed", hint="It is refused."
        )
    guessed = INDEX if "manifests" in document else MANIFEST
    return told if told in _KINDS else own or (told if told and told != "application/json" else guessed)
