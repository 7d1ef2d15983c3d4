"""Files that needs go by: their digests, which are read only when they may have changed, and their rows."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.lib.digest import digest_bytes
from nbmlops.ops.reconciling.observing import Observing

_MOST_FILES = 100_000
_counted: dict[tuple[str, int, int, int], int] = {}
"""Rows by path, size, time and inode: a watch asks every few minutes."""


def digest_of(look: Observing, names: Iterable[str]) -> str:
    """Of files, and of all files below folders, with their names. Raises NotFoundError."""
    known = tuple(names)
    if known not in look.digests:
        home, stats = look.call.project.root, look.call.project.stats
        lines = [f"{path.relative_to(home).as_posix()}\0{stats.digest(path)}" for path in files_of(look, known)]
        look.digests[known] = digest_bytes("\n".join(lines).encode("utf-8", "surrogateescape"))
    return look.digests[known]


def files_of(look: Observing, names: Iterable[str]) -> list[Path]:
    """In the order of their names. Hidden ones and what Python keeps are left out."""
    home, found = look.call.project.root, set()
    for name in names:
        path = home / name
        if path.is_file():
            found.add(path)
        elif path.is_dir():
            found |= {each for each in path.rglob("*") if each.is_file() and not _is_left_out(each.relative_to(path))}
        else:
            raise NotFoundError(f"There is no {name}.", kind="data-missing", hint=f"{look.spec.path} names it.")
        if len(found) > _MOST_FILES:
            raise UsageError(f"{name} holds more than {_MOST_FILES:,} files.", kind="data-many", hint="Name fewer.")
    return sorted(found)


def rows_of(look: Observing, names: Iterable[str]) -> int:
    """Of tables: of Parquet as it says itself, of CSV the records without the heading, of others the lines that are not
    empty."""
    return sum(_rows(path) for path in files_of(look, names))


def _rows(path: Path) -> int:
    info = path.stat()
    key = (str(path), info.st_size, info.st_mtime_ns, info.st_ino)
    if key not in _counted:
        _counted[key] = _count(path)
    return _counted[key]


def _count(path: Path) -> int:
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        import pyarrow.parquet as parquet

        return int(parquet.read_metadata(path).num_rows)
    if suffix in (".feather", ".arrow"):
        import pyarrow.feather as feather

        return int(feather.read_table(path, memory_map=True).num_rows)
    if suffix in (".csv", ".tsv"):
        # Latin-1 reads whatever bytes there are: only delimiters and line ends matter.
        with path.open(encoding="latin-1", newline="") as text:
            records = sum(1 for record in csv.reader(text, delimiter="\t" if suffix == ".tsv" else ",") if record)
        return max(0, records - 1)
    with path.open("rb") as file:
        return sum(1 for line in file if line.strip())


def _is_left_out(path: Path) -> bool:
    return any(part.startswith(".") or part == "__pycache__" for part in path.parts)
