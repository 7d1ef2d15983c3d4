"""Models in skops' format, read without importing all of scikit-learn.

skops knows scikit-learn's estimators, which need no trust, by importing every module of it: a fifth of the time until a
service answers. Here only those that a file names are looked up; what else a file names is refused as ever.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

_NOT_PUBLIC = frozenset({"tests", "externals", "setup", "conftest", "experimental", "estimator_checks"})
"""Where scikit-learn itself looks for no estimators."""


def load_skops(file: Path, trusted: Sequence[str] | None) -> Any:
    """Raises whatever loading raises; for types that nobody trusts skops' UntrustedTypesFoundException."""
    if "skops" in sys.modules:
        import skops.io

        return skops.io.load(file, trusted=trusted)
    with _lean_skops() as io:
        named = [name for name in io.get_untrusted_types(file=file) if _is_estimator(name)]
        return io.load(file, trusted=[*(trusted or ()), *named])


@contextlib.contextmanager
def _lean_skops() -> Iterator[Any]:
    """`skops.io` that knows no estimators. Whoever imports it afterwards gets one that knows them all."""
    import sklearn.utils

    found = sklearn.utils.all_estimators
    sklearn.utils.all_estimators = list
    try:
        import skops.io

        yield skops.io
    finally:
        sklearn.utils.all_estimators = found
        for name in [name for name in sys.modules if name == "skops" or name.startswith("skops.")]:
            del sys.modules[name]


def _is_estimator(type_name: str) -> bool:
    """Whether scikit-learn would list it as one."""
    module, _, name = type_name.rpartition(".")
    parts = module.split(".")
    if parts[0] != "sklearn" or name.startswith("_") or not _NOT_PUBLIC.isdisjoint(parts):
        return False
    from sklearn.base import BaseEstimator

    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        return False
    return isinstance(found, type) and issubclass(found, BaseEstimator) and found.__module__ == module
