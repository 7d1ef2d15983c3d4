"""`pull`: a package from a registry to this machine."""

from __future__ import annotations

import contextlib
from typing import Annotated

import msgspec

from nbmlops.errors import ExternalError, IntegrityError, NotFoundError
from nbmlops.model.oci import Descriptor
from nbmlops.ops.attachments import pull_attachments
from nbmlops.ops.call import Call
from nbmlops.ops.fields import option, positional
from nbmlops.ops.package_policy import policy_file
from nbmlops.ops.package_store import PackageView, store, view
from nbmlops.ops.referenced import (
    INCLUDE_REMOTE,
    DataReference,
    beside,
    check_digest,
    data_references,
    in_layout,
    unreachable,
)
from nbmlops.ops.registries import CA, INSECURE, PLAIN_HTTP, Told, connect
from nbmlops.ops.trusted_model import untrusted_programs
from nbmlops.ops.verify_package import checked
from nbmlops.package.layout import Layout
from nbmlops.package.opened import open_package
from nbmlops.package.reference import Reference, parse
from nbmlops.package.registry.transfer import pull as fetch
from nbmlops.package.trust.attachments import detach


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    package: Annotated[str, positional("The package: REGISTRY/NAME[:TAG] or REGISTRY/NAME@DIGEST.")]
    verify: Annotated[bool, option("Keep it only where it is as the policy asks, and signed by a --key.")] = False
    policy: Annotated[str, option("The policy. Default: nbmlops-policy.yaml here.", metavar="FILE")] = ""
    key: Annotated[tuple[str, ...], option("A public key that may have signed it.", short="k", metavar="FILE")] = ()
    include_remote: Annotated[bool, option(INCLUDE_REMOTE)] = False
    plain_http: Annotated[bool, option(PLAIN_HTTP)] = False
    ca: Annotated[str, option(CA, metavar="FILE")] = ""
    insecure: Annotated[bool, option(INSECURE)] = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    package: PackageView
    fetched: int
    """Blobs."""
    fetched_bytes: int
    known: int
    """Blobs that were here."""
    attached: int
    """Signatures and statements that came along."""
    untrusted: tuple[str, ...] = ()
    """Files that run code when its model is loaded, where nobody whom the user trusts has signed it."""
    data: tuple[str, ...] = ()
    """Packages with its data, which came as well."""
    left: tuple[str, ...] = ()
    """Data that it refers to and that stayed where they are."""


def pull(call: Call, request: Request) -> Result:
    """Raises NotFoundError, IntegrityError; DeniedError and UnavailableError of the registry. What has arrived of a
    package that breaks off is kept: the next try goes on there.
    """
    layout = store()
    reference = parse(request.package)
    told = Told(call)
    known = {each.digest for each in layout.packages(reference.repo)}
    with connect(call, reference, request) as registry:
        done = fetch(registry, reference, layout, told=told)
        attached = pull_attachments(registry, reference, layout, done.descriptor.digest)
    told.end()
    if request.verify or request.policy or request.key:
        _require(call, request, layout, reference, done.descriptor, is_new=done.descriptor.digest not in known)
    package = open_package(layout, done.descriptor)
    data: tuple[str, ...] = ()
    if request.include_remote:
        data = tuple(_pull_data(call, request, layout, each, reference) for each in data_references(package))
    return Result(
        package=view(package, reference),
        fetched=len(done.fetched),
        fetched_bytes=done.size,
        known=len(done.known),
        attached=attached,
        untrusted=untrusted_programs(layout, reference, package),
        data=data,
        left=tuple(dict.fromkeys(each.remote_path for each in package.remote if not data or "://" in each.remote_path)),
    )


def _pull_data(call: Call, request: Request, layout: Layout, wanted: DataReference, package: Reference) -> str:
    """Raises NotFoundError where they cannot be reached, IntegrityError where they are others by now."""
    with contextlib.suppress(NotFoundError):
        return str(in_layout(layout, wanted, package)[0])
    there = beside(wanted.reference, package)
    try:
        with connect(call, there, request) as registry:
            check_digest(wanted, registry.head_manifest(there.repository, there.digest or there.tag))
            told = Told(call)
            done = fetch(registry, there, layout, told=told)
            pull_attachments(registry, there, layout, done.descriptor.digest)
            told.end()
    except (NotFoundError, ExternalError) as error:
        raise unreachable(wanted, package, error) from error
    return str(there)


def _require(
    call: Call, request: Request, layout: Layout, reference: Reference, descriptor: Descriptor, *, is_new: bool
) -> None:
    """Raises IntegrityError for a package that is not as it should be; a new one is not kept then."""
    try:
        policy = policy_file(call, request.policy, is_needed=not request.key)
        check = checked(call, layout, reference, open_package(layout, descriptor), request.key, policy)
    except BaseException:
        if is_new:
            _drop(layout, reference, descriptor)
        raise
    if check.is_good:
        return
    if is_new:
        _drop(layout, reference, descriptor)
    if check.damaged:
        why = f"{check.damaged[0]} is damaged"
    elif check.findings:
        why = check.findings[0].rstrip(".")
    else:
        why = f"none of the keys signed it{f': {check.refused[0]}' if check.refused else ''}"
    more = f" ({len(check.findings) - 1} more)" if len(check.findings) > 1 else ""
    raise IntegrityError(
        f"{reference} is refused: {why}{more}.",
        kind="package-refused",
        hint="Ask its maker, or pull it without --verify.",
        findings=list(check.findings),
    )


def _drop(layout: Layout, reference: Reference, descriptor: Descriptor) -> None:
    detach(layout, reference.repo, descriptor.digest)
    layout.remove(reference.repo, descriptor)
