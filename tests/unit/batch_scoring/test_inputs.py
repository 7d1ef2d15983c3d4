"""What `batch` reads: files, folders, patterns and addresses, in the order of their names."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbmlops.batch_scoring.inputs import check_url, find_sources, format_of, object_digest, opened
from nbmlops.errors import NotFoundError, UsageError


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for name in ("a/2.csv", "a/1.csv", "a/deep/3.parquet", "a/.hidden/4.csv", "a/_temporary/5.csv", "a/readme.md"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a/2.csv", ["a/2.csv"]),
        ("a", ["a/1.csv", "a/2.csv", "a/deep/3.parquet"]),
        ("a/*.csv", ["a/1.csv", "a/2.csv"]),
        ("a/**/*.parquet", ["a/deep/3.parquet"]),
        ("a/readme.md", ["a/readme.md"]),
    ],
)
def test_what_a_text_stands_for(files: Path, text: str, names: list[str]) -> None:
    found = find_sources(text, files)
    assert [each.name for each in found] == names
    assert [Path(each.path).read_text() for each in found] == names
    there = find_sources(f"file://{files}/{text}", files)
    assert [each.path.removeprefix("file://") for each in there] == [each.path for each in found]


def test_nothing_there_is_refused(files: Path) -> None:
    (files / "empty").mkdir()
    for text in ("none.csv", "a/*.txt", "empty", f"file://{files}/none.csv"):
        with pytest.raises(NotFoundError, match="There is no"):
            find_sources(text, files)
    with pytest.raises(NotFoundError, match="not there any more"), opened(str(files / "none.csv")):
        pass
    with pytest.raises(UsageError, match="holds credentials"):
        check_url("s3://key:secret@bucket/rows.csv")


def test_the_format_is_told_by_names_or_by_the_user(files: Path) -> None:
    assert format_of(find_sources("a/*.csv", files), "parquet") == "csv"
    assert format_of(find_sources("a/readme.md", files), "parquet") == "parquet"
    with pytest.raises(UsageError, match=r"a/readme\.md is neither CSV nor Parquet by its name"):
        format_of(find_sources("a/readme.md", files), None)
    with pytest.raises(UsageError, match="are of different formats"):
        format_of(find_sources("a", files), None)


def test_an_object_that_has_changed_has_another_digest(files: Path) -> None:
    before = object_digest(f"file://{files}/a/1.csv")
    assert object_digest(f"file://{files}/a/1.csv") == before
    (files / "a" / "1.csv").write_text("longer than before")
    assert object_digest(f"file://{files}/a/1.csv") != before
