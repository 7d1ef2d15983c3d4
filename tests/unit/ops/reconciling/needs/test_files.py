"""Rows are counted as people count them, and a digest is of what is there."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from nbmlops.errors import NotFoundError
from nbmlops.model.reconciler import State
from nbmlops.ops.reconciling.inputs import code_digest, inputs_digest
from nbmlops.ops.reconciling.needs.files import digest_of, files_of, rows_of
from tests.unit.ops.reconciling.looks import asked, attempt, look_at


@pytest.mark.parametrize(
    ("name", "text", "rows"),
    [
        ("a.csv", "", 0),
        ("a.csv", "x,y\n", 0),
        ("a.csv", "x,y", 0),
        ("a.csv", "x,y\n1,2", 1),
        ("a.csv", "x,y\r\n1,2\r\n3,4\r\n", 2),
        ("a.csv", 'x,y\n1,"two\nlines\n\nof it"\n3,4\n', 2),
        ("a.csv", 'x,y\n1,5" pipe\n3,4\n5,6\n', 3),
        ("a.csv", "x,y\n1,2\n\n\n", 1),
        ("a.csv", "x,y\n1,caf\udce9\n", 1),
        ("a.tsv", 'x\ty\n1\t"a\tb"\n', 1),
        ("a.jsonl", "", 0),
        ("a.jsonl", '{"x": 1}\n{"x": 2}', 2),
        ("a.jsonl", '{"x": "a quote: \\""}\n\n{"x": 2}\n', 2),
    ],
)
def test_rows_of_texts(root: Path, name: str, text: str, rows: int) -> None:
    (root / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    assert rows_of(look_at(root), [name]) == rows


def test_rows_of_tables_that_tell_it_themselves_and_of_whole_folders(root: Path) -> None:
    table = pa.table({"x": [1, 2, 3]})
    (root / "data").mkdir()
    pyarrow.parquet.write_table(table, root / "data" / "a.parquet")
    pyarrow.feather.write_feather(table, str(root / "data" / "b.feather"))
    (root / "data" / ".hidden.csv").write_text("x\n1\n")
    assert rows_of(look_at(root), ["data"]) == 6


def test_rows_are_counted_again_when_the_file_is_another(root: Path) -> None:
    (root / "a.csv").write_text("x\n1\n")
    assert rows_of(look_at(root), ["a.csv"]) == 1
    (root / "a.csv").write_text("x\n1\n2\n")
    assert rows_of(look_at(root), ["a.csv"]) == 2


def test_new_rows_are_those_since_the_newest_version(root: Path) -> None:
    (root / "a.csv").write_text("x\n" + "1\n" * 30)
    first = look_at(root)
    assert asked(first, "newRows", data=("a.csv",), rows=20).holds is True
    later = look_at(root, attempt(seen=first.facts))
    assert asked(later, "newRows", data=("a.csv",), rows=20).holds is False
    assert later.rows == 30
    (root / "a.csv").write_text("x\n" + "1\n" * 50)
    found = asked(look_at(root, attempt(seen=first.facts)), "newRows", data=("a.csv",), rows=20)
    assert (found.holds, found.key) == (True, "rows:50")
    assert "20 new rows" in found.why
    # Fewer than before are no new ones.
    (root / "a.csv").write_text("x\n1\n")
    assert asked(look_at(root, attempt(seen=first.facts)), "newRows", data=("a.csv",), rows=20).holds is False


def test_what_is_missing_or_broken_cannot_be_told(root: Path) -> None:
    (root / "a.parquet").write_bytes(b"PAR1 and then nothing")
    gone = asked(look_at(root), "newRows", data=("gone.csv",), rows=1)
    assert (gone.holds, gone.why) == (None, "There is no gone.csv.")
    broken = asked(look_at(root), "newRows", data=("a.parquet",), rows=1)
    assert broken.holds is None
    assert "Arrow" in broken.why
    assert "\n" not in broken.why


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_nobody_may_read_cannot_be_told(root: Path) -> None:
    (root / "a.csv").write_text("x\n")
    (root / "a.csv").chmod(0)
    assert asked(look_at(root), "dataChanged", data=("a.csv",)).holds is None


def test_a_digest_is_of_names_and_contents_and_not_of_times(root: Path) -> None:
    (root / "data").mkdir()
    (root / "data" / "a.csv").write_text("x\n")
    before = digest_of(look_at(root), ["data"])
    os.utime(root / "data" / "a.csv", (1, 1))
    (root / "data" / "__pycache__").mkdir()
    (root / "data" / "__pycache__" / "a.pyc").write_text("x")
    assert digest_of(look_at(root), ["data"]) == before
    (root / "data" / "a.csv").rename(root / "data" / "b.csv")
    assert digest_of(look_at(root), ["data"]) != before
    assert [each.name for each in files_of(look_at(root), ["data", "data/b.csv"])] == ["b.csv"]


def test_data_and_code_have_changed_when_they_are_not_what_was_trained_on(root: Path) -> None:
    (root / "a.csv").write_text("x\n")
    first = look_at(root)
    assert asked(first, "dataChanged", data=("a.csv",)).why == "no version was made of a.csv yet"
    assert asked(first, "codeChanged").holds is True
    made = attempt(seen=first.facts)
    assert asked(look_at(root, made), "dataChanged", data=("a.csv",)).holds is False
    assert asked(look_at(root, made), "codeChanged").holds is False
    (root / "a.csv").write_text("y\n")
    (root / "requirements.txt").write_text("pandas\n")
    assert asked(look_at(root, made), "dataChanged", data=("a.csv",)).why == "a.csv has changed since"
    assert asked(look_at(root, made), "codeChanged").why == "pipeline pipelines/kinds has changed since"


def test_inputs_are_code_data_and_parameters(root: Path) -> None:
    from nbmlops.model.reconciler import NeedSpec

    (root / "a.csv").write_text("x\n")
    needs = NeedSpec(need="any", parts=(NeedSpec(need="dataChanged", options={"data": ("a.csv",)}),))
    seen = [inputs_digest(look_at(root, needs=needs)), inputs_digest(look_at(root, needs=needs, parameters={"n": 2}))]
    (root / "a.csv").write_text("y\n")
    seen.append(inputs_digest(look_at(root, needs=needs)))
    (root / "pipelines" / "kinds" / "pipeline.yaml").write_text("name: others\n")
    seen.append(inputs_digest(look_at(root, needs=needs)))
    assert len(set(seen)) == 4


def test_no_pipeline_and_no_data_are_told_by_name(root: Path) -> None:
    with pytest.raises(NotFoundError, match=r"There is no gone\."):
        digest_of(look_at(root), ["gone"])
    (root / "pipelines" / "kinds" / "pipeline.yaml").unlink()
    (root / "pipelines" / "kinds").rmdir()
    with pytest.raises(NotFoundError, match="There is no pipeline pipelines/kinds"):
        code_digest(look_at(root))


def test_what_was_refused_is_needed_as_before_but_rows_are_counted_from_it(root: Path) -> None:
    (root / "a.csv").write_text("x\n" + "1\n" * 30)
    first = look_at(root)
    asked(first, "dataChanged", data=("a.csv",))
    asked(first, "newRows", data=("a.csv",), rows=20)
    refused = look_at(root, attempt(State.REJECTED, seen=first.facts))
    assert asked(refused, "dataChanged", data=("a.csv",)).holds is True
    assert asked(refused, "newRows", data=("a.csv",), rows=20).holds is False
    closed = look_at(root, attempt(seen=first.facts), rejected={"k": "the proposal was closed"})
    assert asked(closed, "dataChanged", data=("a.csv",)).holds is True
