"""Rows of parts become one file or a folder, of one schema, and appear at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from nbmlops.batch_scoring.output import Output
from nbmlops.batch_scoring.part_file import read_part, schema_of, write_part
from nbmlops.errors import ExternalError
from nbmlops.model.batch_scoring import Format

EMPTY = pa.schema([("id", pa.int64()), ("prediction", pa.float64())])


def batch(**columns: list[Any]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(columns)


def parts(folder: Path, *batches: list[pa.RecordBatch]) -> list[Path]:
    folder.mkdir(exist_ok=True)
    found = [folder / f"{number}.arrow" for number in range(len(batches))]
    for path, each in zip(found, batches, strict=True):
        write_part(path, each)
    return found


def test_a_part_whose_answers_change_their_type_is_of_the_wider_one(tmp_path: Path) -> None:
    path = tmp_path / "part.arrow"
    size = write_part(path, iter([batch(p=[1, 2]), batch(p=[2.5]), batch(p=[3])]))
    assert size == path.stat().st_size
    assert schema_of(path) == pa.schema([("p", pa.float64())])
    assert [value for each in read_part(path) for value in each.column("p").to_pylist()] == [1.0, 2.0, 2.5, 3.0]
    assert [each.name for each in tmp_path.iterdir()] == ["part.arrow"]


def test_a_part_without_rows_has_no_file(tmp_path: Path) -> None:
    path = tmp_path / "part.arrow"
    path.write_text("of before")
    assert write_part(path, []) == 0
    assert not path.exists()
    assert schema_of(path) is None
    assert list(read_part(path)) == []


@pytest.mark.parametrize("format", ["csv", "parquet"])
@pytest.mark.parametrize("is_folder", [False, True])
def test_what_is_written_already_is_written_anew_where_a_wider_type_comes(
    tmp_path: Path, format: Format, is_folder: bool
) -> None:
    found = parts(tmp_path / "parts", [batch(id=[1], p=[1])], [], [batch(id=[2], p=[2.5])], [batch(id=[3], p=[None])])
    output = Output(tmp_path / "out", format, is_folder=is_folder, work=tmp_path / "parts")
    for each in found:
        output.add(each)
    assert not (tmp_path / "out").exists()
    output.finish(EMPTY)
    files = sorted((tmp_path / "out").iterdir()) if is_folder else [tmp_path / "out"]
    if is_folder:
        assert [each.name for each in files] == [f"part-{number:05d}.{format}" for number in (0, 2, 3)]
    read = pq.read_table if format == "parquet" else pa_csv.read_csv
    tables = [read(each).to_pydict() for each in files]
    assert [value for each in tables for value in each["id"]] == [1, 2, 3]
    assert [value for each in tables for value in each["p"]] == [1.0, 2.5, None]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["out", "parts"]


def test_no_rows_at_all_are_a_file_with_its_columns(tmp_path: Path) -> None:
    parts(tmp_path / "parts")
    output = Output(tmp_path / "out.parquet", "parquet", is_folder=False, work=tmp_path / "parts")
    output.finish(EMPTY)
    assert pq.read_table(tmp_path / "out.parquet").schema == EMPTY
    output = Output(tmp_path / "out", "csv", is_folder=True, work=tmp_path / "parts")
    output.finish(EMPTY)
    assert (tmp_path / "out" / "part-00000.csv").read_text() == '"id","prediction"\n'


def test_what_is_given_up_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("before")
    (part,) = parts(tmp_path / "parts", [batch(id=[1])])
    output = Output(tmp_path / "out.csv", "csv", is_folder=False, work=tmp_path / "parts")
    output.add(part)
    output.abandon()
    assert (tmp_path / "out.csv").read_text() == "before"
    assert [each.name for each in (tmp_path / "parts").iterdir()] == ["0.arrow"]


def test_rows_of_different_kinds_go_into_no_file(tmp_path: Path) -> None:
    one, other = parts(tmp_path / "parts", [batch(p=[1])], [batch(p=["x"])])
    output = Output(tmp_path / "out.parquet", "parquet", is_folder=False, work=tmp_path / "parts")
    output.add(one)
    with pytest.raises(ExternalError, match="columns of different kinds"):
        output.add(other)
    output.abandon()


def test_nested_answers_are_json_in_a_csv_file(tmp_path: Path) -> None:
    (part,) = parts(tmp_path / "parts", [batch(p=[[1.5, 2.0], None])])
    output = Output(tmp_path / "out.csv", "csv", is_folder=False, work=tmp_path / "parts")
    output.add(part)
    output.finish(EMPTY)
    assert pa_csv.read_csv(tmp_path / "out.csv").to_pydict() == {"p": ["[1.5,2.0]", ""]}


def test_a_folder_takes_the_place_of_another_at_once(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "part-00009.csv").write_text("before")
    (part,) = parts(tmp_path / "parts", [batch(id=[1])])
    output = Output(tmp_path / "out", "csv", is_folder=True, work=tmp_path / "parts")
    output.add(part)
    output.finish(EMPTY)
    assert [each.name for each in (tmp_path / "out").iterdir()] == ["part-00000.csv"]
    assert [each.name for each in (tmp_path / "parts").iterdir()] == ["0.arrow"]
