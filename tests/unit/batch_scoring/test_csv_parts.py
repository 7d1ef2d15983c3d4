"""A CSV file is cut between rows, wherever its line ends are."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbmlops.batch_scoring.csv_parts import look_at
from nbmlops.batch_scoring.inputs import Source
from nbmlops.errors import UsageError
from nbmlops.lib.digest import digest_bytes

TEXTS = st.text(st.sampled_from('ab",\r\n é'), max_size=12)


def source(path: Path, data: bytes) -> Source:
    path.write_bytes(data)
    return Source(path=str(path), name=path.name)


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(st.tuples(TEXTS, TEXTS), max_size=40),
    part_rows=st.integers(1, 9),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_parts_together_are_the_file_and_each_has_whole_rows(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], part_rows: int, end: str
) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator=end).writerows([("first", "se,cond"), *rows])
    data = text.getvalue().encode()
    path = tmp_path_factory.mktemp("cut") / "in.csv"
    file, cuts = look_at(source(path, data), part_rows)
    assert file.columns == ("first", "se,cond")
    assert (file.size, file.digest) == (len(data), digest_bytes(data))
    assert [start for start, _ in cuts[1:]] == [stop for _, stop in cuts[:-1]]
    assert not cuts or cuts[-1][1] == len(data)
    found = [
        tuple(row) for start, stop in cuts for row in csv.reader(io.StringIO(data[start:stop].decode(), newline=""))
    ]
    assert found == [tuple(row) for row in csv.reader(io.StringIO(data.decode(), newline=""))][1:]


def test_a_long_file_has_many_parts_of_about_one_length(tmp_path: Path) -> None:
    data = b"x,y\n" + b"".join(b"%d,%d\n" % (n, n) for n in range(300_000))
    _, cuts = look_at(source(tmp_path / "in.csv", data), 10_000)
    assert 30 <= len(cuts) <= 40
    assert all(data[stop - 1 : stop] == b"\n" for _, stop in cuts)


def test_a_mark_of_the_encoding_and_a_missing_line_end_are_no_rows(tmp_path: Path) -> None:
    file, cuts = look_at(source(tmp_path / "in.csv", b"\xef\xbb\xbfx,y\n1,2"))
    assert (file.columns, cuts) == (("x", "y"), [(7, 10)])
    file, cuts = look_at(source(tmp_path / "in.csv", b"x,y"))
    assert (file.columns, cuts) == (("x", "y"), [])


@pytest.mark.parametrize(("data", "why"), [(b"", "it is empty"), (b"\n1,2\n", "no header"), (b"\xff,y\n", "UTF-8")])
def test_what_has_no_header_is_refused(tmp_path: Path, data: bytes, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        look_at(source(tmp_path / "in.csv", data))
