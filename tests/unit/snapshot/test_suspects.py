"""What is named first when two runs differ."""

from __future__ import annotations

from nbmlops.model.difference import CellChange, ColumnChange, FileDetail, Pair, SuspectKind, TableDiff
from nbmlops.model.snapshot import Change, ChangeKind
from nbmlops.snapshot.suspects import suspects

PARAM = Pair(name="alpha", before="1", after="2")
FILE = Change(path="a.csv", change=ChangeKind.CHANGED, before=10, after=12)
EDIT = CellChange(cell="c", change=ChangeKind.CHANGED, before="x = f(1)", after="x = f(2)")


def table(shift: float) -> FileDetail:
    column = ColumnChange(name="x", change=ChangeKind.CHANGED, shift=shift, cells=3)
    return FileDetail(
        path="a.csv",
        table=TableDiff(rows_before=100, rows_after=100, rows_added=3, rows_removed=3, columns=(column,)),
    )


def kinds(**given: object) -> list[SuspectKind]:
    base: dict[str, object] = {
        "params": (), "data": (), "details": (), "cells": (), "modules": (), "packages": (), "is_random": False,
    }  # fmt: skip
    return [each.kind for each in suspects(**{**base, **given})]  # type: ignore[arg-type]


def test_a_parameter_comes_before_an_edit_and_that_before_a_small_change_of_data() -> None:
    found = kinds(params=[PARAM], data=[FILE], details=[table(0.02)], cells=[EDIT])
    assert found == [SuspectKind.PARAMETER, SuspectKind.CODE, SuspectKind.DATA]


def test_data_that_moved_far_come_first() -> None:
    assert kinds(params=[PARAM], data=[FILE], details=[table(0.97)])[0] is SuspectKind.DATA


def test_a_comment_explains_less_than_a_patch_of_numpy() -> None:
    comment = CellChange(cell="c", change=ChangeKind.CHANGED, before="x = f(1)", after="x = f(1)  # why")
    package = Pair(name="numpy", before="1.26.4", after="2.0.0")
    assert kinds(cells=[comment], packages=[package]) == [SuspectKind.PACKAGE, SuspectKind.CODE]


def test_nothing_but_random_states_leaves_nothing_but_chance() -> None:
    (found,) = suspects(params=(), data=(), details=(), cells=(), modules=(), packages=(), is_random=True)
    assert (found.kind, found.weight) == (SuspectKind.RANDOM, 1.0)
