"""Packages from the layout to a registry and back: only what the other side lacks, names last."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from nbmlops.errors import IntegrityError, NotFoundError, StateError, UsageError
from nbmlops.lib.failpoints import failpoint
from nbmlops.model.oci import DIGEST, INDEX, MANIFEST, Descriptor, Manifest
from nbmlops.package.layout import Layout, read_manifest
from nbmlops.package.reference import LATEST, Reference
from nbmlops.package.registry.client import DOCKER_INDEX, DOCKER_MANIFEST, Registry
from nbmlops.package.registry.download import fetch
from nbmlops.package.registry.referrers import attach
from nbmlops.package.registry.together import together
from nbmlops.package.registry.upload import Upload, Way
from nbmlops.package.registry.watch import Told, Watch

_KINDS = {
    INDEX: "an index of several packages",
    DOCKER_INDEX: "a list of Docker images",
    DOCKER_MANIFEST: "a Docker image",
}


class Pushed(msgspec.Struct, frozen=True, kw_only=True):
    digest: str
    tags: tuple[str, ...]
    sent: tuple[Descriptor, ...]
    mounted: tuple[Descriptor, ...]
    """The registry had them in another repository."""
    known: tuple[Descriptor, ...]
    is_new: bool
    """Whether the registry lacked the manifest, or one of the tags led elsewhere."""

    @property
    def size(self) -> int:
        """Bytes of blobs that were sent."""
        return sum(blob.size for blob in self.sent)


class Pulled(msgspec.Struct, frozen=True, kw_only=True):
    descriptor: Descriptor
    manifest: Manifest
    fetched: tuple[Descriptor, ...]
    known: tuple[Descriptor, ...]
    left: tuple[Descriptor, ...]
    """Layers that were not wanted. Where there are some the layout has no name for the package, only its blobs."""

    @property
    def size(self) -> int:
        """Bytes of blobs that were fetched."""
        return sum(blob.size for blob in self.fetched)


def push(
    layout: Layout,
    reference: Reference,
    registry: Registry,
    *,
    source: Descriptor | None = None,
    told: Told = lambda digest, done, size: None,
) -> Pushed:
    """Send a package under all tags of a reference; `source` is a manifest of the layout, by default the reference's.

    Raises StateError where the layout lacks a blob, IntegrityError where one is damaged, and what Registry raises.
    """
    descriptor = source or layout.resolve(reference)
    if reference.digest and reference.digest != descriptor.digest:
        raise UsageError(
            f"The package is {descriptor.digest[:19]}, not {reference.digest[:19]}.",
            kind="reference-malformed",
            hint="Name it by a tag.",
        )
    data = layout.read(descriptor.digest)
    manifest = read_manifest(data)
    blobs = _blobs(manifest)
    missing = [blob for blob in blobs if not layout.has(blob)]
    if missing:
        raise StateError(
            f"{len(missing)} blobs of {reference} are not on this machine, first {missing[0].digest[:19]}.",
            kind="package-partial",
            hint="Pull it whole, or pack it again.",
        )
    repo = reference.repository
    neighbours = _neighbours(layout, reference)
    watch = Watch(told)

    def send(blob: Descriptor) -> Way:
        neighbour = neighbours.get(blob.digest, "")
        return Upload(registry, repo, layout, blob, neighbour=neighbour, watch=watch).run()

    # Large ones first: they take longest.
    ordered = sorted(blobs, key=lambda blob: -blob.size)
    ways = together(send, ordered, watch, most=registry.concurrency)
    tags = reference.tags or (() if reference.digest else (LATEST,))
    fresh = [name for name in (tags or (descriptor.digest,)) if _digest_of(registry, repo, name) != descriptor.digest]
    for name in fresh:
        failpoint("registry-tag")
        registry.put_manifest(repo, name, data, descriptor.media_type)
    if manifest.subject is not None:
        attach(registry, repo, data, descriptor.media_type)
    return Pushed(
        digest=descriptor.digest,
        tags=tags,
        sent=tuple(blob for blob in blobs if ways[blob.digest] == Way.SENT),
        mounted=tuple(blob for blob in blobs if ways[blob.digest] == Way.MOUNTED),
        known=tuple(blob for blob in blobs if ways[blob.digest] == Way.KNOWN),
        is_new=bool(fresh),
    )


def pull(
    registry: Registry,
    reference: Reference,
    layout: Layout,
    *,
    wanted: Callable[[Descriptor], bool] = lambda layer: True,
    told: Told = lambda digest, done, size: None,
) -> Pulled:
    """Fetch a package, or of it what is wanted; only a whole one gets its name in the layout.

    Raises NotFoundError, IntegrityError for bytes that are not what they should be, and what Registry raises.
    """
    repo = reference.repository
    descriptor, data = registry.manifest(repo, reference.digest or reference.tag)
    if descriptor.media_type != MANIFEST:
        what = _KINDS.get(descriptor.media_type) or f"{descriptor.media_type or 'something without a type'}"
        raise IntegrityError(
            f"{reference} is no package but {what}.",
            kind="manifest-foreign",
            hint="Name one package of it, or another.",
        )
    manifest = read_manifest(data)
    blobs = _blobs(manifest)
    layers = {layer.digest for layer in manifest.layers or ()}
    left = tuple(each for each in blobs if each.digest in layers and not wanted(each))
    unwanted = {each.digest for each in left} - {manifest.config.digest}
    wished = sorted((blob for blob in blobs if blob.digest not in unwanted), key=lambda blob: -blob.size)
    watch = Watch(told)

    def get(blob: Descriptor) -> bool:
        return fetch(registry, repo, blob, layout, watch)

    came = together(get, wished, watch, most=registry.concurrency)
    layout.put(data)
    if not unwanted:
        tags = reference.tags or (() if reference.digest else (LATEST,))
        layout.add(reference.repo, descriptor, tags[:1])
    return Pulled(
        descriptor=descriptor,
        manifest=manifest,
        fetched=tuple(blob for blob in wished if came[blob.digest]),
        known=tuple(blob for blob in wished if not came[blob.digest]),
        left=tuple(blob for blob in left if blob.digest in unwanted),
    )


def _blobs(manifest: Manifest) -> tuple[Descriptor, ...]:
    """Each once. Raises IntegrityError for digests and sizes that cannot be."""
    found: dict[str, Descriptor] = {}
    for blob in (*(manifest.layers or ()), manifest.config):
        if not DIGEST.fullmatch(blob.digest) or blob.size < 0:
            raise IntegrityError(
                f"The manifest names a blob that cannot be: {blob.digest[:80]!r}, {blob.size} bytes.",
                kind="manifest-malformed",
                hint="It is refused.",
            )
        if found.setdefault(blob.digest, blob).size != blob.size:
            raise IntegrityError(
                f"The manifest gives blob {blob.digest[:19]} two sizes.",
                kind="manifest-malformed",
                hint="It is refused.",
            )
    return tuple(found.values())


def _neighbours(layout: Layout, reference: Reference) -> dict[str, str]:
    """Blob -> another repository of the same registry that has it, as far as this machine can know."""
    found = {}
    for repo in layout.repos():
        registry, _, repository = repo.partition("/")
        if registry != reference.registry or repository == reference.repository:
            continue
        for package in layout.packages(repo):
            try:
                manifest = layout.manifest(package)
            except (NotFoundError, IntegrityError):
                continue
            found.update({blob.digest: repository for blob in (manifest.config, *(manifest.layers or ()))})
    return found


def _digest_of(registry: Registry, repo: str, name: str) -> str:
    try:
        return registry.head_manifest(repo, name).digest
    except NotFoundError:
        return ""
