"""Fitted estimators of scikit-learn as files: skops where it is installed, else joblib.

A skops file can be read without running code that the file names. It is made once in memory to know that it brings
back an equal estimator; ids of objects in it are numbered anew, so that equal estimators are equal files.
"""

from __future__ import annotations

import importlib.util
import io
import json
import pickle
import sys
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

LARGEST_SKOPS = 64_000_000
"""Bytes; making a larger file twice takes too long."""
_OWN = "sklearn."
_SCHEMA = "schema.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)


def is_for_skops(value: Any) -> bool:
    if not _is_estimator(value) or importlib.util.find_spec("skops") is None:
        return False
    import skops.io

    from nbmlops.pipeline.equality import difference

    try:
        data = skops.io.dumps(value)
        named = skops.io.get_untrusted_types(data=data)
        if len(data) > LARGEST_SKOPS or not all(name.startswith(_OWN) for name in named):
            return False
        back = skops.io.loads(data, trusted=named)
        return type(back) is type(value) and difference(value, back, tolerance=0.0, path="value") is None
    except Exception:  # noqa: BLE001 - parameters and attributes of an estimator may be anything
        return False


def write_skops(value: Any, path: Path) -> None:
    import skops.io

    path.write_bytes(numbered(skops.io.dumps(value)))


def read_skops(path: Path) -> Any:
    """Types of scikit-learn itself are trusted: the digest of the file has said that a step of ours wrote it."""
    import skops.io

    named = skops.io.get_untrusted_types(file=path)
    return skops.io.load(path, trusted=[name for name in named if name.startswith(_OWN)])


def is_for_joblib(value: Any) -> bool:
    """joblib writes an array as often as it is met: where two attributes are one array, pickle has to do."""
    if not _is_estimator(value) or importlib.util.find_spec("joblib") is None:
        return False
    scan = _Scan()
    try:
        scan.dump(value)
    except Exception:  # noqa: BLE001 - it may hold a function of the notebook: cloudpickle takes that
        return False
    return all(count == 1 for count in scan.arrays.values())


def write_joblib(value: Any, path: Path) -> None:
    import joblib

    joblib.dump(value, path)


def read_joblib(path: Path) -> Any:
    import joblib

    return joblib.load(path)


def _is_estimator(value: Any) -> bool:
    base = sys.modules.get("sklearn.base")
    return base is not None and isinstance(value, base.BaseEstimator) and type(value).__module__.startswith(_OWN)


class _Scan(pickle.Pickler):
    """How often each array of a value is met."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), protocol=5, buffer_callback=lambda buffer: None)
        self.arrays: Counter[int] = Counter()
        self._array = sys.modules["numpy"].ndarray

    def persistent_id(self, value: Any) -> None:
        if isinstance(value, self._array):
            self.arrays[id(value)] += 1


def numbered(data: bytes) -> bytes:
    """The same skops file with ids of objects in the order in which they are met, and without times.

    Raises ValueError, KeyError and BadZipFile for what is none.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as given, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as made:
        numbers: dict[str, str] = {}
        schema = _renamed(json.loads(given.read(_SCHEMA)), numbers)
        names = {
            name: f"{numbers.get(Path(name).stem, Path(name).stem)}{Path(name).suffix}" for name in given.namelist()
        }
        for name in sorted(given.namelist(), key=lambda each: names[each]):
            content = json.dumps(schema).encode() if name == _SCHEMA else _without_gaps(given.read(name))
            made.writestr(zipfile.ZipInfo(names[name], _EPOCH), content)
    return out.getvalue()


def _without_gaps(data: bytes) -> bytes:
    """An array of records (the nodes of a tree) with zeros between the fields, where memory has whatever was there."""
    import numpy

    if not data.startswith(b"\x93NUMPY"):
        return data
    array = numpy.load(io.BytesIO(data), allow_pickle=False)
    if array.dtype.fields is None:
        return data
    clean = numpy.zeros(array.shape, array.dtype)
    for name in array.dtype.fields:
        clean[name] = array[name]
    out = io.BytesIO()
    numpy.save(out, clean, allow_pickle=False)
    return out.getvalue()


def _renamed(node: Any, numbers: dict[str, str]) -> Any:
    if isinstance(node, list):
        return [_renamed(each, numbers) for each in node]
    if not isinstance(node, dict):
        return node
    found: dict[str, Any] = {}
    for key, value in node.items():
        if key == "__id__":
            found[key] = int(numbers.setdefault(str(value), str(len(numbers) + 1)))
        elif key == "file" and isinstance(value, str):
            stem = numbers.setdefault(Path(value).stem, str(len(numbers) + 1))
            found[key] = f"{stem}{Path(value).suffix}"
        else:
            found[key] = _renamed(value, numbers)
    return found
