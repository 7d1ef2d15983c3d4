"""The table that a model is evaluated on: a file, a file of a snapshot or run, or an address."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from nbmlops.errors import NotFoundError, UsageError
from nbmlops.evaluate.validate import Column
from nbmlops.lib.digest import digest_file
from nbmlops.lib.redact import redact
from nbmlops.ops.call import Call
from nbmlops.ops.find_tree import find_tree
from nbmlops.snapshot.restore import plan, restore

SUFFIXES = (".csv", ".tsv", ".parquet", ".feather", ".arrow", ".jsonl")


class Source(msgspec.Struct, frozen=True, kw_only=True):
    path: Path
    """Where it can be read now."""
    place: str
    """Where it comes from, as it is told: relative to the project, an address, or `SNAPSHOT:path`."""
    kept: str
    """The same as a dataset of MLflow's names it."""
    digest: str
    bytes: int


def find_data(call: Call, text: str, scratch: Path) -> Source:
    """What is not a file here is put into `scratch`. Raises NotFoundError, UnavailableError, UsageError for a file that
    is no table.
    """
    if not text:
        raise UsageError(
            "On which data is not said.",
            kind="data-missing",
            hint="As in: nbmlops evaluate champion --data holdout.csv",
        )
    path = call.path(text)
    place = kept = call.project.relative(path)
    if "://" in text:
        path, place = _fetched(text, scratch), redact(text)
        kept = place
    elif not path.is_file():
        path, kept = _of_snapshot(call, text, scratch)
        place = text
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"{place} is no table that can be read.",
            kind="data-format",
            hint=f"It ends with one of {' '.join(SUFFIXES)}",
        )
    return Source(path=path, place=place, kept=kept, digest=digest_file(path), bytes=path.stat().st_size)


def read_table(source: Source, columns: Sequence[Column] = ()) -> Any:
    """A DataFrame. Columns that the model takes as text are read as text. Raises UsageError for what is no table."""
    import pandas as pd

    texts: dict[Any, Any] = {each.name: str for each in columns if each.kind == "string"}
    try:
        match source.path.suffix.lower():
            case ".csv" | ".tsv" as suffix:
                return pd.read_csv(source.path, sep="\t" if suffix == ".tsv" else ",", dtype=texts)
            case ".parquet":
                return pd.read_parquet(source.path)
            case ".jsonl":
                return pd.read_json(source.path, lines=True, dtype=texts or None)
            case _:
                return pd.read_feather(source.path)
    except pd.errors.EmptyDataError as error:
        raise UsageError(f"{source.place} is empty.", kind="data-empty", hint="Name a table with rows.") from error
    except (ValueError, OSError, UnicodeError) as error:  # pyarrow's errors are of these
        raise UsageError(
            f"{source.place} cannot be read: {' '.join(str(error).split())[:200].rstrip('.')}.",
            kind="data-format",
            hint="Write it anew as CSV or Parquet.",
        ) from error


def _fetched(url: str, scratch: Path) -> Path:
    from nbmlops.store.reach import open_url, reaching

    shown = redact(url)
    fs, inside = open_url(shown, url)
    target = scratch / PurePosixPath(inside).name
    with reaching(shown):
        if not fs.isfile(inside):
            raise NotFoundError(f"There is no file {shown}.", kind="data-missing", hint="Correct the address.")
        fs.get_file(inside, str(target))
    return target


def _of_snapshot(call: Call, text: str, scratch: Path) -> tuple[Path, str]:
    """And its path in the project."""
    reference, _, inside = text.partition(":")
    if not reference or not inside:
        raise NotFoundError(
            f"There is no file {call.path(text)}.",
            kind="data-missing",
            hint="Name a table, or a file of a snapshot or a run: SNAPSHOT:data/test.csv",
        )
    project = call.project
    try:
        _, snapshot = find_tree(project, reference)
        actions = plan(snapshot, target=scratch, paths=(inside,), elsewhere=True, stats=project.stats)
    except NotFoundError as error:
        raise NotFoundError(
            f"There is no file {text}, and no {inside} in a snapshot {reference}.", kind="data-missing", hint=error.hint
        ) from error
    if len(actions) != 1:
        raise UsageError(f"{text} means {len(actions)} files.", kind="data-unclear", hint="Name one of them.")
    restore(actions, objects=project.objects, root=project.root, force=True)
    ((entry, place, _),) = actions
    return place, entry.path
