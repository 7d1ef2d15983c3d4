"""What hangs on a package: signatures, provenance, lists of parts; each a manifest that names its subject.

Registries without a list of their own get one from their clients: an index under the tag `sha256-HEX`.
"""

from __future__ import annotations

import hashlib
import random
import threading
import time
from typing import Any
from urllib.parse import quote

import msgspec

from nbmlops.errors import ConflictError, ExternalError, IntegrityError, NotFoundError, UsageError
from nbmlops.model.oci import INDEX, MANIFEST, Descriptor, Index
from nbmlops.package.gojson import encode
from nbmlops.package.layout import read_manifest
from nbmlops.package.registry.client import Registry
from nbmlops.package.registry.failures import status_of
from nbmlops.package.registry.replies import json_of

_WITHOUT_LIST = (400, 404, 405, 406, 501)
_TRIES = 8
_SETTLE_SECONDS = 0.1
_lock = threading.Lock()


def referrers(registry: Registry, repo: str, digest: str, artifact_type: str = "") -> tuple[Descriptor, ...]:
    """Manifests whose subject is this digest; of one type, if one is named. None for a digest that nobody knows."""
    rest = f"referrers/{digest}" + (f"?artifactType={quote(artifact_type, safe='')}" if artifact_type else "")
    found: dict[str, Descriptor] = {}
    try:
        for page in registry.pages(repo, rest, "list referrers"):
            listed = _index(page).manifests or ()
            fresh = [each for each in listed if each.digest not in found]
            found.update({each.digest: each for each in fresh})
            if not fresh:
                break
    except (ExternalError, NotFoundError, IntegrityError) as error:
        if not (status_of(error) in _WITHOUT_LIST or error.kind in ("registry-nonsense", "manifest-malformed")):
            raise
        document, _ = _fallback(registry, repo, digest)
        found = {each.digest: each for each in _index(document).manifests or ()}
    # Registries may filter, and need not.
    return tuple(each for each in found.values() if not artifact_type or each.artifact_type == artifact_type)


def attach(registry: Registry, repo: str, data: bytes, media_type: str = MANIFEST) -> Descriptor:
    """Put a manifest that names a subject, and see that it is found from there. Its blobs are there already.

    Raises ConflictError where others keep writing the same list; the manifest itself is there then.
    """
    manifest = read_manifest(data)
    if manifest.subject is None:
        raise UsageError("The manifest names no subject.", kind="subject-missing", hint="Name what it belongs to.")
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    own = Descriptor(
        media_type=media_type,
        digest=digest,
        size=len(data),
        artifact_type=manifest.artifact_type or manifest.config.media_type,
        annotations=manifest.annotations,
    )
    if not registry.put_manifest(repo, digest, data, media_type):
        # Writers of this process take turns; those of others are noticed.
        with _lock:
            _list(registry, repo, manifest.subject.digest, own)
    return own


def _list(registry: Registry, repo: str, subject: str, own: Descriptor) -> None:
    entry = msgspec.to_builtins(own)
    for attempt in range(_TRIES):
        document, seen = _fallback(registry, repo, subject)
        if _has(document, own):
            return
        document["manifests"] = [*(document.get("manifests") or ()), entry]
        # As late as can be, so that hardly anybody comes in between.
        if _tagged(registry, repo, subject) == seen:
            registry.put_manifest(repo, _tag(subject), encode(document), INDEX)
            # Another writer that read before this one wrote has replaced the list by now.
            time.sleep(_SETTLE_SECONDS * random.uniform(1.0, 2.0))
            if _has(_fallback(registry, repo, subject)[0], own):
                return
        time.sleep(_SETTLE_SECONDS * random.uniform(0.0, 2.0 ** min(attempt, 4)))
    raise ConflictError(
        f"Others keep changing the list of what belongs to {repo}@{subject[:19]}.",
        kind="referrers-busy",
        hint="Run it again.",
    )


def _fallback(registry: Registry, repo: str, subject: str) -> tuple[dict[str, Any], str]:
    """The list under the tag, with what others wrote into it and we do not know; and its digest, empty without one."""
    try:
        descriptor, data = registry.manifest(repo, _tag(subject))
    except NotFoundError:
        return {"schemaVersion": 2, "mediaType": INDEX, "manifests": []}, ""
    document = json_of(data)
    _index(document)
    return document, descriptor.digest


def _tagged(registry: Registry, repo: str, subject: str) -> str:
    try:
        return registry.head_manifest(repo, _tag(subject)).digest
    except NotFoundError:
        return ""


def _tag(digest: str) -> str:
    return digest.replace(":", "-", 1)


def _has(document: dict[str, Any], own: Descriptor) -> bool:
    return any(each.digest == own.digest for each in _index(document).manifests or ())


def _index(document: Any) -> Index:
    try:
        return msgspec.convert(document, Index)
    except msgspec.ValidationError as error:
        raise IntegrityError(
            f"The list of referrers is none: {' '.join(str(error).split())}.",
            kind="manifest-malformed",
            hint="Something else has its tag.",
        ) from error
