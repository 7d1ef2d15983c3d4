"""What a file holds, for files whose bytes differ although they may say the same: times, rounding, compression.

    content = read_content(Path("scores.csv"))      # a table; LookupError for a kind that is not known here

Reading a pickle runs code of whoever wrote it: only for files that the user's own notebook has just written.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp"})


_FRACTION = re.compile(r"[+-]?[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?")


def read_content(path: Path) -> Any:
    """Raises LookupError where nobody here reads this kind of file, ImportError where a library is missing, and
    whatever that library raises for a broken file."""
    suffix = path.suffix.lower()
    return _READERS[".png" if suffix in PICTURES else suffix](path)


def _table(path: Path) -> Any:
    """Rows of text: `007` is not `7`, and nothing is not `NA`. Only fractions are numbers, which may be rounded."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
        return [[float(cell) if _FRACTION.fullmatch(cell) else cell for cell in row] for row in rows]


def _parquet(path: Path) -> Any:
    import pyarrow.parquet

    return pyarrow.parquet.read_table(path)


def _feather(path: Path) -> Any:
    import pyarrow.feather

    return pyarrow.feather.read_table(path)


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _json_lines(path: Path) -> Any:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _array(path: Path) -> Any:
    import numpy

    return numpy.load(path, allow_pickle=False)


def _arrays(path: Path) -> Any:
    import numpy

    with numpy.load(path, allow_pickle=False) as held:
        return {name: held[name] for name in held.files}


def _pickle(path: Path) -> Any:
    import pickle

    with path.open("rb") as file:
        return pickle.load(file)


def _joblib(path: Path) -> Any:
    import joblib

    return joblib.load(path)


def _pixels(path: Path) -> Any:
    import numpy
    from PIL import Image

    with Image.open(path) as picture:
        return numpy.asarray(picture.convert("RGBA"))


_READERS: dict[str, Callable[[Path], Any]] = {
    ".csv": _table,
    ".tsv": _table,
    ".parquet": _parquet,
    ".feather": _feather,
    ".json": _json,
    ".jsonl": _json_lines,
    ".npy": _array,
    ".npz": _arrays,
    ".pkl": _pickle,
    ".pickle": _pickle,
    ".joblib": _joblib,
    ".png": _pixels,
}
