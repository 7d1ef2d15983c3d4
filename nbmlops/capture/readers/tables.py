"""pandas, pyarrow and polars: who reads and writes tables."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from nbmlops.capture.readers.entry import Entry, Source, passing_on, reading, writing
from nbmlops.capture.sightings import READ

_SCAN = re.compile(r"SCAN \[([^\]]+)\]")


def scanned(args: Sequence[Any], options: Mapping[str, Any]) -> list[Source]:
    """The files in the plan of a polars query."""
    plan = args[0].explain(optimized=False)
    return [(path.strip(), READ) for part in _SCAN.findall(plan) for path in part.split(",") if "... " not in path]


PANDAS = (
    *reading("pandas", "read_csv read_table read_fwf", "filepath_or_buffer"),
    *reading("pandas", "read_parquet read_feather read_orc read_spss", "path"),
    *reading("pandas", "read_json read_hdf", "path_or_buf"),
    *reading("pandas", "read_pickle read_sas read_stata", "filepath_or_buffer"),
    *reading("pandas", "read_excel read_html", "io"),
    *reading("pandas", "read_xml", "path_or_buffer"),
    *writing("pandas", "DataFrame.to_parquet DataFrame.to_feather DataFrame.to_orc", "path"),
)
PYARROW = (
    *reading("pyarrow", "memory_map input_stream", "path", gives_table=False),
    *reading("pyarrow.parquet", "read_table read_pandas", "source"),
    *reading("pyarrow.parquet", "read_schema read_metadata", "where", gives_table=False),
    *reading("pyarrow.parquet", "ParquetFile.__init__", "source", position=1),
    *reading("pyarrow.parquet", "ParquetDataset.__init__", "path_or_paths", position=1),
    *writing("pyarrow.parquet", "write_table", "where"),
    *writing("pyarrow.parquet", "ParquetWriter.__init__", "where"),
    *reading("pyarrow.csv", "read_csv open_csv", "input_file"),
    *writing("pyarrow.csv", "write_csv", "output_file"),
    *reading("pyarrow.json", "read_json", "input_file"),
    *reading("pyarrow.feather", "read_table read_feather", "source"),
    *writing("pyarrow.feather", "write_feather", "dest"),
    *reading("pyarrow.orc", "read_table", "source"),
    *writing("pyarrow.orc", "write_table", "where"),
    *reading("pyarrow.dataset", "dataset", "source"),
)
POLARS = (
    *reading("polars", "read_csv read_parquet read_json read_ndjson read_ipc read_ipc_stream read_avro read_excel "
             "read_ods scan_csv scan_parquet scan_ndjson scan_ipc", "source"),
    Entry(module="polars", name="LazyFrame.collect", sources=scanned, gives_table=True, inherits=True),
    *writing("polars", "DataFrame.write_csv DataFrame.write_parquet DataFrame.write_json DataFrame.write_ndjson "
             "DataFrame.write_ipc DataFrame.write_ipc_stream DataFrame.write_avro", "file"),
    *writing("polars", "DataFrame.write_excel", "workbook"),
    *writing("polars", "LazyFrame.sink_csv LazyFrame.sink_parquet LazyFrame.sink_ipc LazyFrame.sink_ndjson", "path"),
)  # fmt: skip
ENTRIES = (*PANDAS, *PYARROW, *POLARS, *passing_on("pyarrow.parquet", "ParquetFile.read ParquetDataset.read"))
