"""Whether a table is one that a model can be judged by: columns, types, gaps, targets. Nothing is repaired."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from nbmlops.errors import UsageError

MOST_NAMED = 5
_WHOLE = frozenset({"integer", "long"})
_NUMERIC = _WHOLE | {"float", "double"}


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """That a model takes."""

    name: str
    kind: str
    """MLflow's word: `double`, `long`, `string`, ..."""
    is_optional: bool = False


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    table: Any
    """Its rows with a target."""
    left_out: int
    notes: tuple[str, ...]


def target_of(names: Sequence[str], columns: Sequence[Column], asked: str, place: str) -> str:
    """The column that holds the truth: the one that is asked for, else the only one that the model does not take.

    Raises UsageError with the candidates.
    """
    if asked:
        if asked not in names:
            raise UsageError(
                f"{place} has no column {asked!r}.", kind="target-missing", hint=f"It has {named(names)}: --target NAME"
            )
        return asked
    taken = {each.name for each in columns}
    left = [name for name in names if name not in taken]
    if columns and len(left) == 1:
        return left[0]
    if columns and not left:
        raise UsageError(
            f"Each column of {place} is one that the model takes: none is left that could be the target.",
            kind="target-missing",
            hint="Add the column of true values, or name it with --target.",
        )
    raise UsageError(
        f"Which column of {place} is the target is not clear: it may be {named(left)}.",
        kind="target-unclear",
        hint="Name it with --target.",
        candidates=left,
    )


def check(table: Any, target: str, columns: Sequence[Column], place: str) -> Checked:
    """`table` is a DataFrame; without `columns` nothing is known of what the model takes. Without a target, all rows
    stay.

    Raises UsageError for a table that the model cannot take, or that has no row with a target.
    """
    if not len(table):
        raise UsageError(f"{place} has no rows.", kind="data-empty", hint="Name a table with rows.")
    if not table.columns.is_unique:
        twice = named(sorted({str(name) for name in table.columns[table.columns.duplicated()]}))
        raise UsageError(
            f"{place} has several columns of the same name: {twice}.", kind="data-columns", hint="Rename them."
        )
    lacking = [each.name for each in columns if not each.is_optional and each.name not in table.columns]
    if lacking:
        raise UsageError(
            f"{place} lacks {named(lacking)}, which the model takes.",
            kind="data-columns",
            hint=f"It has {named(list(map(str, table.columns)))}.",
            lacking=lacking,
        )
    known = table[target].notna() if target else table.index.notna()
    left_out = int((~known).sum())
    if left_out == len(table):
        raise UsageError(
            f"No row of {place} has a value of {target!r}.", kind="data-empty", hint="Name another target."
        )
    notes = []
    if left_out:
        notes.append(f"{left_out:,} of {len(table):,} rows have no {target} and are left out.")
        table = table[known].reset_index(drop=True)
    for each in columns:
        if each.name in table.columns:
            _check_type(table[each.name], each, place)
    taken = [each.name for each in columns if each.name in table.columns]
    notes += _gaps(table, taken or [name for name in table.columns if name != target])
    again = int(table.duplicated().sum()) if _is_hashable(table) else 0
    if again:
        notes.append(f"{again:,} {'row is' if again == 1 else 'rows are'} there more than once.")
    return Checked(table=table, left_out=left_out, notes=tuple(notes))


def label_notes(truth: Sequence[Any], classes: Sequence[Any]) -> tuple[str, ...]:
    """What is odd about true labels, held against those that a model knows."""
    present = set(truth)
    known = set(classes)
    strange = [each for each in dict.fromkeys(truth) if each not in known]
    absent = [each for each in classes if each not in present]
    notes = []
    if strange:
        count = sum(each not in known for each in truth)
        notes.append(
            f"{count:,} rows have a label that the model does not know: {named(strange)}. They count as wrong."
        )
    if absent:
        notes.append(f"No row is of {named(absent)}, which the model knows.")
    if len(present) == 1:
        notes.append("All rows have the same label: what ranks or balances classes says nothing.")
    return tuple(notes)


def named(names: Sequence[Any]) -> str:
    """The first of them."""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"{', '.join(str(each)[:60] for each in names[:MOST_NAMED])}{more}"


def _check_type(column: Any, wanted: Column, place: str) -> None:
    if wanted.kind not in _NUMERIC:
        return
    if column.dtype.kind not in "iufb":
        import pandas as pd

        read = pd.to_numeric(column, errors="coerce")
        wrong = column[read.isna() & column.notna()]
        example = f", as {str(wrong.iloc[0])[:40]!r} in row {int(wrong.index[0]) + 1}" if len(wrong) else ""
        raise UsageError(
            f"Column {wanted.name} of {place} holds other things than numbers{example}.",
            kind="data-types",
            hint="The model takes numbers there. Correct the data.",
            column=wanted.name,
        )
    if wanted.kind not in _WHOLE:
        return
    if column.isna().any():
        raise UsageError(
            f"Column {wanted.name} of {place} has gaps, {int(column.isna().sum()):,}; the model takes whole numbers.",
            kind="data-types",
            hint="Fill them as they were filled for training, or leave these rows out.",
            column=wanted.name,
        )
    if column.dtype.kind == "f" and (column % 1 != 0).any():
        raise UsageError(
            f"Column {wanted.name} of {place} holds fractions, and the model takes whole numbers.",
            kind="data-types",
            hint="Correct the data, or log the model with a column of floats.",
            column=wanted.name,
        )


def _gaps(table: Any, names: Sequence[str]) -> list[str]:
    counts = {name: int(table[name].isna().sum()) for name in names}
    gaps = sorted(((count, name) for name, count in counts.items() if count), reverse=True)
    if not gaps:
        return []
    told = named([f"{name} ({count:,})" for count, name in gaps])
    return [f"Values are missing in {told} of {len(table):,} rows."]


def _is_hashable(table: Any) -> bool:
    return all(
        dtype.kind != "O" or not len(table) or _hashes(table[name].iloc[0]) for name, dtype in table.dtypes.items()
    )


def _hashes(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True
