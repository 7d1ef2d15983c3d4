"""Whether the model of a package may be loaded here: loading a pickle runs what its maker put into it.

    require_trust(layout, reference, package)       # before `mlflow.pyfunc.load_model` on what was in it

Quiet where loading runs nothing of strangers: the model has no programs, or the user has packed it here, or somebody
whose key the user trusts has signed it. So each signer is asked for once.
"""

from __future__ import annotations

import msgspec

from nbmlops.errors import IntegrityError, StateError
from nbmlops.ops.package_files import files
from nbmlops.ops.trusted_keys import packed_here, public_keys
from nbmlops.package.layout import Layout
from nbmlops.package.opened import Opened, open_package
from nbmlops.package.reference import Reference, parse
from nbmlops.package.trust.attachments import attachments
from nbmlops.package.trust.pickles import pickles
from nbmlops.package.trust.verifying import verify

_MODEL_KINDS = frozenset({"model", "modelpart"})
_CODE = (".py", ".pyc", ".pyo", ".pyd", ".so", ".dll", ".dylib")
"""What MLflow puts on the path or imports when it loads a model."""
_SHOWN = 3
MOST_BASES = 10


def require_trust(layout: Layout, reference: Reference, package: Opened, *, is_trusted: bool = False) -> None:
    """Raises StateError with the programs that loading would run and what to do, and NotFoundError where a package
    that this one takes its model from is not here. `is_trusted`: the user takes it upon themselves, this once.
    """
    if is_trusted:
        return
    seen: set[str] = set()
    while True:
        found = untrusted_programs(layout, reference, package)
        if found:
            raise _refused(layout, reference, package, found)
        seen.add(package.descriptor.digest)
        if not package.base:
            return
        reference = parse(package.base)
        package = open_package(layout, layout.resolve(reference))
        if package.descriptor.digest in seen or len(seen) > MOST_BASES:
            raise IntegrityError(
                f"{reference} takes its model from a package that takes its own from it, or over too many others.",
                kind="package-circular",
                hint="Ask its maker.",
            )


def untrusted_programs(layout: Layout, reference: Reference, package: Opened) -> tuple[str, ...]:
    """Files of its model that run code when they are loaded and for which nobody vouches; none where somebody does.

    The model is read only where nobody does. Raises IntegrityError for a package or a list of keys that is damaged.
    """
    return () if is_vouched_for(layout, reference, package) else programs(layout, package)


def is_vouched_for(layout: Layout, reference: Reference, package: Opened) -> bool:
    """Whether the user made it, or trusts one who signed it."""
    digest = package.descriptor.digest
    if packed_here(digest):
        return True
    keys = public_keys()
    return bool(keys) and bool(verify(layout, reference.repo, digest, keys).signers)


def programs(layout: Layout, package: Opened) -> tuple[str, ...]:
    """Pickles, what cannot be looked through, and Python code of its model, by their paths."""
    model = msgspec.structs.replace(package, layers=tuple(each for each in package.layers if each.kind in _MODEL_KINDS))
    found: list[str] = []
    for _, path, content in files(layout, model):
        if path.lower().endswith(_CODE):
            found.append(path)
            continue
        found += [each.path for each in pickles(path, content) if each.is_pickle or each.dangerous or not each.is_whole]
    return tuple(dict.fromkeys(found))


def _refused(layout: Layout, reference: Reference, package: Opened, found: tuple[str, ...]) -> StateError:
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    named = f"{', '.join(found[:_SHOWN])}{more}"
    if attachments(layout, reference.repo, package.descriptor.digest):
        why = "nobody whose key you trust has signed it"
        hint = "If you know its signer: nbmlops trust KEY.pub. Once only: --trust"
    else:
        why = "nobody has signed it"
        hint = "Have its maker sign it, and trust their key: nbmlops trust KEY.pub. Once only: --trust"
    return StateError(
        f"Loading {reference} runs code in {named}, and {why}.",
        kind="package-untrusted",
        hint=hint,
        programs=list(found),
        digest=package.descriptor.digest,
    )
