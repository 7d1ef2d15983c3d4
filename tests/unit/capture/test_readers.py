"""Libraries are seen by name: what they write, which table came from which file, and that they work as ever."""

from __future__ import annotations

import importlib.util
import inspect
import pickle
import subprocess
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import h5py
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import save_file

from nbmlops.capture import folders
from nbmlops.capture.fanotify import Fanotify
from nbmlops.capture.files import FileWatch
from nbmlops.capture.readers.databases import in_query
from nbmlops.capture.readers.sensor import KNOWN, entries
from nbmlops.capture.sightings import EITHER, READ, WRITTEN
from nbmlops.settings import Capture

DATA = {"a": [1, 2, 3]}
GLOBAL_TABLE = pd.DataFrame({"a": [7]})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    pd.DataFrame(DATA).to_csv(tmp_path / "x.csv", index=False)
    pd.DataFrame(DATA).to_parquet(tmp_path / "x.parquet")
    return tmp_path


@pytest.fixture
def files(root: Path) -> Iterator[FileWatch]:
    made = FileWatch(root, Capture(inputs="hook"))
    made.start()
    yield made
    made.close()


def h5_written(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["x"] = [1]


WRITERS: dict[str, Callable[[Path], object]] = {
    "pyarrow.parquet.write_table": lambda path: pq.write_table(pa.table(DATA), path),
    "polars write_parquet": lambda path: pl.DataFrame(DATA).write_parquet(path),
    "polars write_csv": lambda path: pl.DataFrame(DATA).write_csv(path),
    "polars sink_parquet": lambda path: pl.LazyFrame(DATA).sink_parquet(path),
    "h5py": h5_written,
    "duckdb copy": lambda path: duckdb.execute(f"copy (select 1 as a) to '{path}' (format parquet)"),
    "duckdb relation": lambda path: duckdb.sql("select 1 as a").write_parquet(str(path)),
    "duckdb database": lambda path: duckdb.connect(str(path)).execute("create table t as select 1").close(),
    "safetensors": lambda path: save_file({"x": np.zeros(2)}, path),
    "pandas to_parquet": lambda path: pd.DataFrame(DATA).to_parquet(path),
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS.keys())
@pytest.mark.parametrize("inputs", ["auto", "hook"])
def test_what_native_writers_write_is_an_output_and_no_input(root: Path, inputs: str, write: Callable) -> None:
    files = FileWatch(root, Capture(inputs=inputs))
    files.start()
    files.begin()
    write(root / "out")
    found = files.end()
    files.close()
    if inputs == "hook" and write is WRITERS["safetensors"]:  # taken out of its module before we came
        assert found.outputs == ()
    else:
        assert [use.path for use in found.outputs] == ["out"]
    assert found.inputs == ()


TABLES: dict[str, tuple[Callable[[Path], object], str]] = {
    "pandas.read_csv": (lambda root: pd.read_csv(root / "x.csv"), "x.csv"),
    "pandas.read_parquet": (lambda root: pd.read_parquet(root / "x.parquet"), "x.parquet"),
    "an open file": (lambda root: opened(root / "x.csv"), "x.csv"),
    "pyarrow": (lambda root: pq.read_table(root / "x.parquet"), "x.parquet"),
    "pyarrow, an open file": (lambda root: pq.ParquetFile(root / "x.parquet").read(), "x.parquet"),
    "polars": (lambda root: pl.read_csv(root / "x.csv"), "x.csv"),
    "polars, lazily": (lambda root: pl.scan_parquet(root / "x.parquet").collect(), "x.parquet"),
    "polars, a query": (
        lambda root: pl.scan_parquet(root / "x.parquet").filter(pl.col("a") > 1).collect(),
        "x.parquet",
    ),
    "polars, a pattern": (lambda root: pl.read_parquet(root / "*.parquet"), "*.parquet"),
    "duckdb": (lambda root: duckdb.sql(f"from '{root}/x.parquet'"), "x.parquet"),
    "duckdb to pandas": (lambda root: duckdb.sql(f"from '{root}/x.parquet'").df(), "x.parquet"),
    "duckdb's connection": (lambda root: duckdb.connect().execute(f"from '{root}/x.csv'").df(), "x.csv"),
    "duckdb.read_csv": (lambda root: duckdb.read_csv(str(root / "x.csv")).pl(), "x.csv"),
    "numpy": (lambda root: np.loadtxt(root / "x.csv", skiprows=1), "x.csv"),
}


def opened(path: Path) -> pd.DataFrame:
    with path.open() as file:
        return pd.read_csv(file)


@pytest.mark.parametrize(("read", "source"), TABLES.values(), ids=TABLES.keys())
def test_a_table_is_known_by_the_file_it_came_from(
    files: FileWatch, root: Path, read: Callable[[Path], object], source: str
) -> None:
    files.begin()
    namespace = {"df": read(root), "other": pd.DataFrame(DATA), "_": None}
    files.end()
    assert files.frames.named(namespace) == {"df": source}


def test_a_table_that_was_computed_is_not_claimed_and_a_forgotten_one_is_forgotten(
    files: FileWatch, root: Path
) -> None:
    files.begin()
    df = pd.read_csv(root / "x.csv")
    namespace: dict[str, object] = {"df": df, "computed": df * 2, "same": df}
    assert files.frames.named(namespace) == {"df": "x.csv", "same": "x.csv"}
    assert df.attrs == {}
    namespace.clear()
    del df
    assert files.frames._sources == {}


def test_sheets_are_all_known(files: FileWatch, root: Path) -> None:
    with pd.ExcelWriter(root / "x.xlsx") as book:
        for name in ("one", "two"):
            pd.DataFrame(DATA).to_excel(book, sheet_name=name)
    files.begin()
    sheets = pd.read_excel(root / "x.xlsx", sheet_name=None)
    assert files.frames.named({"first": sheets["one"]}) == {"first": "x.xlsx"}


def test_only_the_outermost_reader_tells(files: FileWatch, root: Path) -> None:
    files.begin()
    df = pd.read_parquet(root / "x.parquet")  # calls pyarrow.parquet
    assert [use.path for use in files.end().inputs] == ["x.parquet"]
    assert list(files.frames.named({"df": df})) == ["df"]


def test_patterns_and_folders_are_the_files_behind_them(files: FileWatch, root: Path) -> None:
    (root / "parts").mkdir()
    for number in range(3):
        pl.DataFrame(DATA).write_parquet(root / "parts" / f"{number}.parquet")
    for read in (lambda: pl.read_parquet(root / "parts/*.parquet"), lambda: pq.read_table(root / "parts")):
        files.begin()
        read()
        assert sorted(use.path for use in files.end().inputs) == [f"parts/{number}.parquet" for number in range(3)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("select * from 'a.csv'", [("a.csv", READ)]),
        ("from \"b/c.parquet\" where x = 'no'", [("b/c.parquet", READ)]),
        ("copy t to 'out.csv'", [("out.csv", WRITTEN)]),
        ("copy t from 'in.csv'", [("in.csv", READ)]),
        ("attach 'old.db' as o", [("old.db", WRITTEN)]),
        ("select 'it''s'", []),
        (7, []),
    ],
)
def test_files_in_queries_are_found(query: object, expected: list[tuple[str, int]], tmp_path: Path) -> None:
    assert in_query(query) == expected
    (tmp_path / "there.db").touch()
    assert in_query(f"attach '{tmp_path}/there.db'") == [(f"{tmp_path}/there.db", READ | EITHER)]


def test_a_read_before_an_overwrite_by_a_native_writer_is_stale(files: FileWatch, root: Path) -> None:
    files.begin()
    table = pl.read_parquet(root / "x.parquet")
    table.write_parquet(root / "x.parquet")
    found = files.end()
    assert [(use.path, use.size) for use in found.inputs] == [("x.parquet", None)]
    assert [use.path for use in found.outputs] == ["x.parquet"]


def test_a_file_written_and_then_read_natively_is_known_as_it_was_read(files: FileWatch, root: Path) -> None:
    files.begin()
    pl.DataFrame(DATA).write_parquet(root / "new")
    pl.read_parquet(root / "new")
    (use,) = files.end().inputs
    assert (use.path, use.size) == ("new", (root / "new").stat().st_size)


# Manners


def test_functions_keep_signature_doc_and_name(files: FileWatch) -> None:
    original = inspect.unwrap(pd.read_csv)
    assert pd.read_csv is not original
    assert inspect.signature(pd.read_csv) == inspect.signature(original)
    assert pd.read_csv.__doc__ == original.__doc__
    assert pickle.loads(pickle.dumps(pd.read_csv)) is pd.read_csv
    assert pickle.loads(pickle.dumps(pq.read_table)) is pq.read_table


def test_queries_find_the_variables_of_whoever_asks(files: FileWatch) -> None:
    local = pd.DataFrame(DATA)
    connection = duckdb.connect()
    expected = [(1,), (2,), (3,)]
    for is_cell in (False, True):
        if is_cell:
            files.begin()
        assert duckdb.sql("from local").fetchall() == expected
        assert duckdb.query("from local").df().values.tolist() == [[1], [2], [3]]
        assert duckdb.execute("from local").fetchall() == expected
        assert connection.sql("from local").fetchall() == expected
        assert connection.sql("from local").pl().rows() == expected
        assert connection.sql("from GLOBAL_TABLE").fetchall() == [(7,)]
        with pytest.raises(duckdb.Error, match="nowhere"):
            connection.sql("from nowhere")
    files.end()
    del local


def test_errors_pass_unchanged_and_the_next_call_is_seen(files: FileWatch, root: Path) -> None:
    files.begin()
    with pytest.raises(FileNotFoundError):
        pd.read_csv(root / "missing.csv")
    with pytest.raises(TypeError):
        pl.read_csv()
    with pytest.raises(ValueError, match="Invalid file path"):
        pd.read_csv(object())
    pd.read_csv(root / "x.csv")
    assert [use.path for use in files.end().inputs] == ["x.csv"]


def test_warnings_of_a_library_point_to_the_users_line(files: FileWatch, root: Path) -> None:
    (root / "wide.csv").write_text("a\n1,2\n")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pd.read_csv(root / "wide.csv", index_col=False)
    assert {warning.filename for warning in caught} == {__file__}


def test_everything_is_put_back(files: FileWatch) -> None:
    assert {"pandas.read_csv", "polars.read_parquet", "h5py._hl.files.File.__init__"} <= set(files.patched())
    before = pd.read_csv, pl.read_parquet, h5py.File.__init__, duckdb.connect
    files.close()
    assert files.patched() == ()
    after = pd.read_csv, pl.read_parquet, h5py.File.__init__, duckdb.connect
    assert all(one.__wrapped__ is other for one, other in zip(before, after, strict=True))


def test_every_entry_is_waited_for() -> None:
    for place, modules in KNOWN.items():
        assert {entry.module for entry in entries(place)} == set(modules.split())


def test_nothing_is_imported_by_looking_and_a_later_import_is_seen(root: Path) -> None:
    code = """
        import sys
        from pathlib import Path
        from nbmlops.capture.files import FileWatch
        files = FileWatch(Path.cwd())
        files.start()
        assert not {"pandas", "polars", "duckdb", "h5py", "fsspec", "pyarrow", "torch", "numpy"} & set(sys.modules)
        from polars import read_csv
        files.begin()
        df = read_csv("x.csv")
        print([use.path for use in files.end().inputs], files.frames.named({"df": df}))
        files.close()
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout == "['x.csv'] {'df': 'x.csv'}\n"


def test_an_unknown_native_reader_is_seen_by_the_notices_alone(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        Fanotify().close()
    except OSError as error:
        pytest.skip(f"this machine has no fanotify: {error}")
    monkeypatch.setattr(folders, "MAKERS", (Fanotify,))
    files = FileWatch(root)
    files.listen()  # no readers
    files.begin()
    pl.read_parquet(root / "x.parquet")
    (use,) = files.end().inputs
    files.close()
    assert (use.path, use.seen, use.by_child) == ("x.parquet", ("fanotify",), False)


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")
def test_torch_is_seen(files: FileWatch, root: Path) -> None:
    import torch

    files.begin()
    torch.save(torch.zeros(3), root / "x.pt")
    tensor = torch.load(root / "x.pt")
    found = files.end()
    assert [(use.path, use.seen) for use in found.inputs] == [("x.pt", ("audit", "reader"))]
    assert [use.path for use in found.outputs] == ["x.pt"]
    assert files.frames.named({"tensor": tensor}) == {"tensor": "x.pt"}
