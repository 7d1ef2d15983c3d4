"""`sign`: say with a key that a package is yours."""

from __future__ import annotations

from typing import Annotated

import msgspec

from nbmlops.ops.call import Call
from nbmlops.ops.fields import option, positional
from nbmlops.ops.package_files import provenance_in
from nbmlops.ops.package_store import opened, store
from nbmlops.ops.signing_key import key_file, new_password, password
from nbmlops.package.trust import statement
from nbmlops.package.trust.attachments import attach
from nbmlops.package.trust.keys import generate, load_private
from nbmlops.package.trust.signing import attest
from nbmlops.package.trust.signing import sign as make


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    package: Annotated[str, positional("The package: NAME[:TAG] or NAME@DIGEST.")]
    key: Annotated[str, option("The private key. Default: nbmlops.key here.", short="k", metavar="FILE")] = ""
    new_key: Annotated[bool, option("Make nbmlops.key and nbmlops.pub here first.")] = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    reference: str
    digest: str
    key: str
    """Fingerprint of the public key: SHA-256."""
    public_key: str
    """The key itself, as PEM."""
    made: int
    """Signatures; 0 where this key had signed the package already."""
    has_provenance: bool
    """Whether the package says where it comes from: that is signed as well, as a statement of its own."""
    files: tuple[str, ...] = ()
    """Of a key that was made."""
    warning: str = ""
    """Why the key's file is not as safe as it could be."""


def sign(call: Call, request: Request) -> Result:
    """Raises NotFoundError, DeniedError for a wrong password, ConflictError for a key that would be overwritten."""
    layout = store()
    reference, package = opened(layout, request.package)
    files: tuple[str, ...] = ()
    if request.new_key:
        pair = generate(call.path("."), password=new_password)
        files = (str(pair.private), str(pair.public))
    key = load_private(key_file(call, request.key), password=password)
    made = [*make(layout, reference.repo, package.descriptor, key)]
    predicate = provenance_in(layout, package)
    if made and predicate is not None:
        made.append(attest(layout, package.descriptor, key, statement.PROVENANCE, predicate))
    for each in made:
        attach(layout, reference.repo, each)
    return Result(
        reference=str(reference),
        digest=package.descriptor.digest,
        key=key.public.fingerprint,
        public_key=key.public.pem,
        made=len(made),
        has_provenance=predicate is not None,
        files=files,
        warning=key.warning,
    )
