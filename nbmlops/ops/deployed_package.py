"""The package that is to be deployed: one that is here, one from a registry, or a run that is packed for it."""

from __future__ import annotations

from pathlib import Path

from nbmlops.errors import IntegrityError, NotFoundError, UsageError
from nbmlops.model.names import slug
from nbmlops.ops import pack, pull, unpack
from nbmlops.ops.call import Call
from nbmlops.ops.package_policy import policy_file
from nbmlops.ops.package_store import opened, store
from nbmlops.ops.trusted_model import require_trust
from nbmlops.ops.verify_package import checked
from nbmlops.package.opened import Opened
from nbmlops.package.reference import Reference, parse

_KINDS = ("model", "modelpart", "code")
_FILTERS = {"model": "model", "modelpart": "model", "code": "code"}
_LONGEST_NAME = 40
MLMODEL = "MLmodel"


def deployed_package(
    call: Call, text: str, *, policy: str = "", is_trusted: bool = False, plain_http: bool = False
) -> tuple[Reference, Opened]:
    """Raises NotFoundError for what is neither a package nor a run, IntegrityError for a package that a policy
    refuses, StateError for one whose model runs code of somebody whom the user does not trust.
    """
    found = package_here(call, text, plain_http=plain_http)
    reference, package = found if found is not None else _packed(call, text)
    layout = store()
    file = policy_file(call, policy, is_needed=bool(policy))
    if file is not None:
        check = checked(call, layout, reference, package, (), file)
        if check.damaged or check.findings:
            why = check.findings[0].rstrip(".") if check.findings else f"{check.damaged[0]} is damaged"
            raise IntegrityError(
                f"{reference} is not deployed: {why}.",
                kind="package-refused",
                hint=f"See nbmlops verify {reference}",
                findings=list(check.findings),
            )
    require_trust(layout, reference, package, is_trusted=is_trusted)
    return reference, package


def name_of(reference: Reference, package: Opened) -> str:
    """What its deployment is called where nobody says so."""
    named = package.kitfile.package.name or reference.repository.rpartition("/")[2]
    return slug(named, "model")[:_LONGEST_NAME].strip("-").replace("_", "-").lower()


def lay_out(call: Call, reference: Reference, package: Opened, folder: Path) -> str:
    """Its model and code, as files. Gives the model's folder among them. Raises UsageError where there is none."""
    kinds = {_FILTERS[each.kind] for each in package.layers if each.kind in _KINDS}
    filters = tuple(sorted(kinds | ({"model"} if package.base else set())))
    if "model" not in filters:
        raise _no_model(reference)
    unpack.unpack(call, unpack.Request(package=str(reference), dir=str(folder), filter=filters, overwrite=True))
    models = sorted(folder.rglob(MLMODEL), key=lambda path: (len(path.parts), str(path)))
    if not models:
        raise _no_model(reference)
    return models[0].parent.relative_to(folder).as_posix()


def package_here(call: Call, text: str, *, plain_http: bool = False) -> tuple[Reference, Opened] | None:
    """From this machine, else pulled from the registry that it names. None for what names a run or nothing."""
    if not text or text.startswith(("runs:/", "models:/")) or (call.path(text).is_dir() and "/" in text):
        return None
    try:
        reference = parse(text)
    except UsageError:
        return None
    try:
        return opened(store(), text)
    except NotFoundError as error:
        if error.kind != "package-missing":
            raise
    if reference.is_local:
        return None
    pull.pull(call, pull.Request(package=text, plain_http=plain_http))
    return opened(store(), text)


def _packed(call: Call, text: str) -> tuple[Reference, Opened]:
    try:
        made = pack.pack(call, pack.Request(source=text))
    except NotFoundError as error:
        if error.kind != "run-not-found":
            raise
        raise NotFoundError(
            f"There is neither a package nor a run {text}.",
            kind="deployable-missing",
            hint="List them: nbmlops packages, nbmlops runs",
        ) from error
    return opened(store(), made.references[0])


def _no_model(reference: Reference) -> UsageError:
    return UsageError(
        f"{reference} holds no MLflow model: there is nothing to serve.",
        kind="model-absent",
        hint="Pack a run that has one.",
    )
