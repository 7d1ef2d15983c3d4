"""duckdb: files in its arguments and in the text of its queries."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from nbmlops.capture.readers.entry import Entry, Source, argument, named, passing_on, writing
from nbmlops.capture.sightings import EITHER, READ, WRITTEN

_QUOTED = re.compile(r"""'((?:[^']|'')+)'|"((?:[^"]|"")+)\"""")
_BEFORE_WRITTEN = re.compile(r"\b(?:to|export\s+database)\s*$", re.IGNORECASE)
_BEFORE_ATTACHED = re.compile(r"\battach\s+(?:database\s+)?(?:if\s+not\s+exists\s+)?$", re.IGNORECASE)
_LONGEST_QUERY = 200_000


def in_query(query: object) -> list[Source]:
    """`select * from 'data/*.parquet'`, `copy t to 'out.csv'`, `attach 'x.db'`."""
    if not isinstance(query, str) or len(query) > _LONGEST_QUERY:
        return []
    found: list[Source] = []
    for match in _QUOTED.finditer(query):
        text = (match[1] or match[2]).replace("''", "'")
        before = query[max(0, match.start() - 40) : match.start()]
        if _BEFORE_WRITTEN.search(before):
            found.append((text, WRITTEN))
        elif _BEFORE_ATTACHED.search(before):
            found.append(_database(text))
        elif "." in text or "/" in text:
            found.append((text, READ))
    return found


def _connected(args: Sequence[Any], options: Mapping[str, Any]) -> list[Source]:
    given = argument(args, options, "database", 0)
    text = os.fsdecode(given) if isinstance(given, (str, bytes, os.PathLike)) else ""
    return [] if not text or text.startswith(":") else [_database(text)]


def _database(text: str) -> Source:
    return (text, READ | EITHER) if os.path.exists(text) else (text, WRITTEN)


def _file(position: int) -> Any:
    return lambda args, options: [
        source
        for keyword in ("path_or_buffer", "file_glob", "file_globs", "name")
        for source in named(argument(args, options, keyword, position), READ)
    ][:1]


_FILES = ("read_csv", "read_parquet", "read_json", "from_parquet", "from_csv_auto")
_QUERIES = ("sql", "query", "execute", "from_query")
_CONNECTION = "DuckDBPyConnection"
_RELATION = "DuckDBPyRelation"
_RESULTS = ("df", "fetchdf", "fetch_df", "to_df", "pl", "arrow", "to_arrow_table", "fetch_arrow_table")


def _asking(position: int, owner: str) -> tuple[Entry, ...]:
    def sources(args: Sequence[Any], options: Mapping[str, Any]) -> list[Source]:
        return in_query(argument(args, options, "query", position))

    return tuple(
        Entry(module="duckdb", name=f"{owner}{name}", sources=sources, gives_table=True, looks_up_names=True)
        for name in _QUERIES
    )


ENTRIES = (
    Entry(module="duckdb", name="connect", sources=_connected),
    *(Entry(module="duckdb", name=name, sources=_file(0), gives_table=True) for name in _FILES),
    *_asking(0, ""),
    *(Entry(module="duckdb", name=f"{_CONNECTION}.{name}", sources=_file(1), gives_table=True) for name in _FILES),
    *_asking(1, f"{_CONNECTION}."),
    *passing_on("duckdb", " ".join(f"{owner}.{name}" for owner in (_CONNECTION, _RELATION) for name in _RESULTS)),
    *writing("duckdb", f"{_RELATION}.to_csv {_RELATION}.write_csv", "file_name"),
    *writing("duckdb", f"{_RELATION}.to_parquet {_RELATION}.write_parquet", "file_name"),
)
