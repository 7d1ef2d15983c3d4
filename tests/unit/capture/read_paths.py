"""Forty-five ways of reading a file, and who sees each of them. docs/read-paths.md is made from this.

Every path reads a file of its own in `data/`. Libraries are imported when they are used: the docs need only the table.
"""

from __future__ import annotations

import importlib
import io
import os
import pickle
import shlex
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Act = Callable[[Path], object]
LIBRARIES = ("pandas", "pyarrow.parquet", "pyarrow.csv", "pyarrow.dataset", "polars", "duckdb", "h5py", "tables",
             "safetensors.numpy", "joblib", "PIL.Image", "fsspec", "openpyxl")  # fmt: skip
AUDIT, READER, BOTH, NOBODY = ("audit",), ("reader",), ("audit", "reader"), ()


@dataclass(frozen=True)
class ReadPath:
    name: str
    """As the user would write it."""
    make: Act
    read: Act
    seen: tuple[str, ...]
    """Who sees it besides the system's notices."""
    by_child: bool = False


class _Late:
    """`lib.pandas.read_csv`: imports on first use."""

    def __getattr__(self, name: str) -> Any:
        return importlib.import_module(name)


lib = _Late()


def use(module: str) -> Any:
    return importlib.import_module(module)


def frame() -> Any:
    return lib.pandas.DataFrame({"a": [1, 2, 3], "b": [0.5, 1.5, 2.5]})


def csv(path: Path) -> None:
    path.write_text("a,b\n1,0.5\n2,1.5\n")


def parquet(path: Path) -> None:
    frame().to_parquet(path)


def npy(path: Path) -> None:
    with path.open("wb") as file:
        lib.numpy.save(file, lib.numpy.arange(6.0))


def npz(path: Path) -> None:
    with path.open("wb") as file:
        lib.numpy.savez(file, x=lib.numpy.arange(6.0))


def raw(path: Path) -> None:
    lib.numpy.arange(6.0).tofile(path)


def gz(path: Path) -> None:
    frame().to_csv(path, compression="gzip")


def h5(path: Path) -> None:
    with lib.h5py.File(path, "w") as file:
        file["x"] = [1, 2, 3]


def picture(path: Path) -> None:
    use("PIL.Image").new("L", (2, 2)).save(path, format="png")


def pickled(path: Path) -> None:
    path.write_bytes(pickle.dumps({"a": 1}))


def sqlite(path: Path) -> None:
    with contextless(sqlite3.connect(path)) as connection:
        connection.execute("create table t as select 1 as a")
        connection.commit()


def duck(path: Path) -> None:
    with lib.duckdb.connect(str(path)) as connection:
        connection.execute("create table t as select 1 as a")


def tensors(path: Path) -> None:
    use("safetensors.numpy").save_file({"x": lib.numpy.arange(3.0)}, path)


class contextless:
    """sqlite3's own `with` does not close."""

    def __init__(self, thing: Any) -> None:
        self.thing = thing

    def __enter__(self) -> Any:
        return self.thing

    def __exit__(self, *_: object) -> None:
        self.thing.close()


def closed(thing: Any) -> None:
    thing.close()


def from_sqlite(path: Path) -> None:
    with contextless(sqlite3.connect(path)) as connection:
        lib.pandas.read_sql("select * from t", connection)


def just_connected(path: Path) -> None:
    with contextless(sqlite3.connect(path)) as connection:
        connection.execute("select * from t").fetchall()


def from_duck(path: Path) -> None:
    with lib.duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("select * from t").fetchall()


def opened_image(path: Path) -> None:
    with use("PIL.Image").open(path) as image:
        image.load()


def unpickled(path: Path) -> None:
    with path.open("rb") as file:
        pickle.load(file)


def safely_opened(path: Path) -> None:
    with lib.safetensors.safe_open(path, framework="np") as file:
        file.get_tensor("x")


def numpy_zip(path: Path) -> None:
    with lib.numpy.load(path) as arrays:
        arrays["x"]


def shell(command: str) -> Act:
    return lambda path: os.system(command.format(path=shlex.quote(str(path)), folder=shlex.quote(str(path.parent))))


def globbed(path: Path) -> None:
    subprocess.run(f"cat {shlex.quote(str(path.parent))}/*.globbed", shell=True, check=True, capture_output=True)


READ_PATHS = (
    ReadPath("open(path)", csv, lambda p: closed(open(p)), AUDIT),  # noqa: SIM115
    ReadPath("Path.read_text()", csv, lambda p: p.read_text(), AUDIT),
    ReadPath("os.open", csv, lambda p: os.close(os.open(p, os.O_RDONLY)), AUDIT),
    ReadPath("io.FileIO", csv, lambda p: closed(io.FileIO(p)), AUDIT),
    ReadPath("pickle.load", pickled, unpickled, AUDIT),
    ReadPath("shutil.copy", csv, lambda p: shutil.copy(p, f"{p}.copy"), AUDIT),
    ReadPath("sqlite3.connect", sqlite, just_connected, AUDIT),
    ReadPath("pandas.read_sql (sqlite)", sqlite, from_sqlite, AUDIT),
    ReadPath("pandas.read_csv", csv, lambda p: lib.pandas.read_csv(p), BOTH),
    ReadPath('pandas.read_csv(engine="pyarrow")', csv, lambda p: lib.pandas.read_csv(p, engine="pyarrow"), BOTH),
    ReadPath("pandas.read_csv(memory_map=True)", csv, lambda p: lib.pandas.read_csv(p, memory_map=True), BOTH),
    ReadPath("pandas.read_csv (gzip)", gz, lambda p: lib.pandas.read_csv(p, compression="gzip"), BOTH),
    ReadPath("pandas.read_feather", lambda p: frame().to_feather(p), lambda p: lib.pandas.read_feather(p), BOTH),
    ReadPath("pandas.read_json", lambda p: frame().to_json(p), lambda p: lib.pandas.read_json(p), BOTH),
    ReadPath("pandas.read_pickle", lambda p: frame().to_pickle(p), lambda p: lib.pandas.read_pickle(p), BOTH),
    ReadPath("pandas.read_excel", lambda p: frame().to_excel(p, engine="openpyxl"),
             lambda p: lib.pandas.read_excel(p, engine="openpyxl"), BOTH),
    ReadPath("numpy.load (.npy)", npy, lambda p: lib.numpy.load(p), BOTH),
    ReadPath('numpy.load(mmap_mode="r")', npy, lambda p: lib.numpy.load(p, mmap_mode="r"), BOTH),
    ReadPath("numpy.load (.npz)", npz, numpy_zip, BOTH),
    ReadPath("numpy.memmap", raw, lambda p: lib.numpy.memmap(p, mode="r"), AUDIT),
    ReadPath("numpy.fromfile", raw, lambda p: lib.numpy.fromfile(p), BOTH),
    ReadPath("numpy.loadtxt", csv, lambda p: lib.numpy.loadtxt(p, delimiter=",", skiprows=1), BOTH),
    ReadPath("PIL.Image.open", picture, opened_image, AUDIT),
    ReadPath("joblib.load", lambda p: lib.joblib.dump({"a": 1}, p), lambda p: lib.joblib.load(p), BOTH),
    ReadPath("fsspec.open (local)", csv, lambda p: closed(lib.fsspec.open(str(p)).open()), AUDIT),
    ReadPath("pandas.read_parquet", parquet, lambda p: lib.pandas.read_parquet(p), READER),
    ReadPath("pyarrow.parquet.read_table", parquet, lambda p: use("pyarrow.parquet").read_table(p), READER),
    ReadPath("pyarrow.parquet.read_table(memory_map=True)", parquet,
             lambda p: use("pyarrow.parquet").read_table(p, memory_map=True), READER),
    ReadPath("pyarrow.csv.read_csv", csv, lambda p: use("pyarrow.csv").read_csv(p), READER),
    ReadPath("pyarrow.dataset.dataset", parquet, lambda p: use("pyarrow.dataset").dataset(p).to_table(), READER),
    ReadPath("pyarrow.memory_map", csv, lambda p: closed(lib.pyarrow.memory_map(str(p))), READER),
    ReadPath("pandas.read_hdf (PyTables)", lambda p: frame().to_hdf(p, key="t"), lambda p: lib.pandas.read_hdf(p),
             READER),
    ReadPath("h5py.File", h5, lambda p: closed(lib.h5py.File(p)), READER),
    ReadPath("safetensors.numpy.load_file", tensors, lambda p: use("safetensors.numpy").load_file(p), READER),
    ReadPath("safetensors.safe_open", tensors, safely_opened, READER),
    ReadPath("polars.read_csv", csv, lambda p: lib.polars.read_csv(p), READER),
    ReadPath("polars.scan_csv(path).collect()", csv, lambda p: lib.polars.scan_csv(p).collect(), READER),
    ReadPath("polars.read_parquet", parquet, lambda p: lib.polars.read_parquet(p), READER),
    ReadPath("polars.scan_parquet(path).collect()", parquet, lambda p: lib.polars.scan_parquet(p).collect(), READER),
    ReadPath("duckdb.read_parquet", parquet, lambda p: lib.duckdb.read_parquet(str(p)).fetchall(), READER),
    ReadPath("duckdb.sql(\"select * from 'path'\")", parquet,
             lambda p: lib.duckdb.sql(f"select * from read_parquet('{p}')").fetchall(), READER),
    ReadPath("duckdb.connect(path)", duck, from_duck, READER),
    ReadPath("subprocess.run([...])", csv,
             lambda p: subprocess.run(["cat", str(p)], check=True, capture_output=True), NOBODY, True),
    ReadPath("subprocess.run (the shell globs)", lambda p: csv(p.with_suffix(".globbed")), globbed, NOBODY, True),
    ReadPath("os.system", csv, shell("cat {path} > /dev/null"), NOBODY, True),
)  # fmt: skip


def table() -> str:
    """For docs/read-paths.md."""
    lines = ["| path | with fanotify | with inotify | without notices |", "| --- | --- | --- | --- |"]
    for path in READ_PATHS:
        child = " (child)" if path.by_child else ""
        fan, ino = (", ".join(sorted((*path.seen, name))) + child for name in ("fanotify", "inotify"))
        lines.append(f"| `{path.name}` | {fan} | {ino} | {', '.join(path.seen) or '**not seen**'} |")
    return "\n".join(lines)
