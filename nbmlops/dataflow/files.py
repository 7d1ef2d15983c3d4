"""Which calls read and write files, and the literal path each of them names.

`reads` and `writes` map a function to the position (or keyword) of its path argument.
"""

from __future__ import annotations

import posixpath

from nbmlops.lib.words import words

READERS: dict[str, int] = {
    **{
        f"pandas.read_{kind}": 0
        for kind in words("""csv table excel json parquet feather pickle hdf fwf orc stata spss sas xml html""")
    },
    **{f"polars.{verb}_{kind}": 0 for verb in ("read", "scan") for kind in ["csv", "parquet", "json", "ndjson", "ipc"]},
    **{f"numpy.{name}": 0 for name in ("load", "loadtxt", "genfromtxt", "fromfile", "memmap")},
    "joblib.load": 0,
    "torch.load": 0,
    "os.listdir": 0,
    "os.scandir": 0,
    "os.walk": 0,
    "glob.glob": 0,
    "glob.iglob": 0,
    "os.path.getsize": 0,
    "os.path.exists": 0,
    "os.path.isfile": 0,
    "matplotlib.pyplot.imread": 0,
    "matplotlib.image.imread": 0,
    "PIL.Image.open": 0,
    "cv2.imread": 0,
    "zipfile.ZipFile": 0,
    "tarfile.open": 0,
    "geopandas.read_file": 0,
    "pyarrow.parquet.read_table": 0,
    "scipy.io.loadmat": 0,
    "sqlite3.connect": 0,
    "skops.io.load": 0,
    "xarray.open_dataset": 0,
    "mlflow.log_artifact": 0,
    "mlflow.log_artifacts": 0,
    "shutil.copy": 0,
    "shutil.copyfile": 0,
    "shutil.copy2": 0,
    "shutil.copytree": 0,
    "shutil.move": 0,
    "IPython.display.Image": 0,
    "os.remove": 0,
    "os.unlink": 0,
}
WRITERS: dict[str, int] = {
    **{f"numpy.{name}": 0 for name in ("save", "savez", "savez_compressed", "savetxt")},
    "joblib.dump": 1,
    "torch.save": 1,
    "matplotlib.pyplot.savefig": 0,
    "matplotlib.pyplot.imsave": 0,
    "cv2.imwrite": 0,
    "scipy.io.savemat": 0,
    "pyarrow.parquet.write_table": 1,
    "skops.io.dump": 1,
    "shutil.copy": 1,
    "shutil.copyfile": 1,
    "shutil.copy2": 1,
    "shutil.copytree": 1,
    "shutil.move": 1,
    "urllib.request.urlretrieve": 1,
    "shutil.make_archive": 0,
    "os.rename": 1,
    "pandas.ExcelWriter": 0,
}
FOLDER_MAKERS = frozenset({"os.makedirs", "os.mkdir"})
READ_METHODS = frozenset({"read_text", "read_bytes", "exists", "is_file", "stat"})
"""Of a path: the path itself is read."""
FOLDER_METHODS = frozenset({"glob", "rglob", "iterdir"})
WRITE_METHODS: dict[str, int] = {
    **{
        f"to_{kind}": 0
        for kind in words(
            """csv excel json parquet feather pickle hdf stata html latex xml orc markdown string netcdf
            zarr"""
        )
    },
    **{f"write_{kind}": 0 for kind in ["csv", "parquet", "json", "ndjson", "excel", "html", "image", "ipc"]},
    "savefig": 0,
    "save": 0,
    "save_model": 0,
    "save_pretrained": 0,
    "tofile": 0,
    "savetxt": 0,
    "save_weights": 0,
    "dump_model": 0,
    "extractall": 0,
}
"""Methods that write to the path they are given; without a path they return text."""
PATH_KEYWORDS = frozenset(
    {
        "path",
        "fname",
        "filename",
        "file",
        "filepath_or_buffer",
        "path_or_buf",
        "io",
        "fp",
        "excel_writer",
        "buf",
        "f",
    }
)
UNKNOWN = "file (unknown)"


def file_name(path: str) -> str:
    """The name of a file's content in the dataflow."""
    return f"file {normal(path)}"


def folder_name(path: str) -> str:
    return f"folder {normal(path)}"


def normal(path: str) -> str:
    return posixpath.normpath(path.replace("\\", "/"))


def folders_above(path: str) -> list[str]:
    """`out/a/b.csv` lies in `out/a` and `out`."""
    found = []
    parent = posixpath.dirname(normal(path))
    while parent and parent not in ("/", "."):
        found.append(parent)
        parent = posixpath.dirname(parent)
    return found


def is_address(path: str) -> bool:
    return "://" in path


def mode_of_open(mode: str) -> tuple[bool, bool, bool]:
    """(reads, writes, keeps what was there) of an `open` mode."""
    writes = any(char in mode for char in "wax+")
    reads = "r" in mode or not writes or "+" in mode
    return reads, writes, "a" in mode or "+" in mode
