"""Importing Jupyter's libraries without what notebooks on this machine have no use for.

    with lean_imports():
        import papermill

jsonschema builds a grammar for one format of text, which nothing in a notebook has, as soon as rfc3987_syntax is
installed: two thirds of a second. papermill loads the clients of every store that it could read notebooks from.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence

GRAMMAR = ("rfc3987_syntax",)
UNUSED = (*GRAMMAR, "boto3", "gcsfs", "github", "pyarrow.fs", "azure.datalake.store", "azure.storage.blob")
AFFECTED = frozenset({"jsonschema", "nbformat", "nbclient", "papermill"})
"""Packages that are not whole when they were imported so: code that is not ours gets them anew."""


@contextlib.contextmanager
def lean_imports(unused: Sequence[str] = UNUSED) -> Iterator[None]:
    """Inside of the block these modules cannot be imported, unless they are there already."""
    hidden = [name for name in unused if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            if sys.modules.get(name, True) is None:
                del sys.modules[name]


def forget_lean_imports() -> None:
    """Who imports one of these packages from now on gets all of it, and pays for it."""
    for name in [name for name in sys.modules if name.partition(".")[0] in AFFECTED]:
        del sys.modules[name]
