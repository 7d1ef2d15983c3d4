"""Dates, times and paths as parameters: as plain text in documents, as objects in a step, as source in its notebook.

plain(ParameterType.DATE, "2024-01-31")        # "2024-01-31"; ValueError for what is no date
value(ParameterType.DATE, "2024-01-31")        # datetime.date(2024, 1, 31)
source(ParameterType.DATE, "2024-01-31")       # "datetime.date(2024, 1, 31)"
"""

from __future__ import annotations

import datetime
from pathlib import Path, PurePath
from typing import Any

from nbmlops.model.pipeline import ParameterType

MODULES = {
    ParameterType.DATE: "datetime",
    ParameterType.DATETIME: "datetime",
    ParameterType.TIMESTAMP: "pandas",
    ParameterType.PATH: "pathlib",
}
"""The types that have no notation of their own, and the module that makes their values."""
EXAMPLES = {
    ParameterType.DATE: "2024-01-31",
    ParameterType.DATETIME: "2024-01-31T12:30",
    ParameterType.TIMESTAMP: "2024-01-31T12:30",
    ParameterType.PATH: "data/wine.csv",
}


def plain(type_: ParameterType, given: Any) -> str:
    """The text that stands for a value in documents. Raises ValueError for what is no value of the type."""
    if type_ is ParameterType.PATH:
        if not isinstance(given, str | PurePath) or not str(given):
            raise ValueError(given)
        return str(given)
    if isinstance(given, str):
        given = datetime.datetime.fromisoformat(given.strip())
    if isinstance(given, datetime.datetime):
        if type_ is ParameterType.DATE:
            if given.time() != datetime.time() or given.tzinfo is not None:
                raise ValueError(given)
            return given.date().isoformat()
        return given.isoformat()
    if isinstance(given, datetime.date):
        if type_ is ParameterType.DATE:
            return given.isoformat()
        return datetime.datetime(given.year, given.month, given.day).isoformat()
    raise ValueError(given)


def value(type_: ParameterType, text: str) -> Any:
    """The object that a text of `plain` stands for."""
    if type_ is ParameterType.PATH:
        return Path(text)
    if type_ is ParameterType.DATE:
        return datetime.date.fromisoformat(text)
    if type_ is ParameterType.DATETIME:
        return datetime.datetime.fromisoformat(text)
    import pandas

    return pandas.Timestamp(text)


def source(type_: ParameterType, text: str) -> str:
    """Python that makes the object, where the module of MODULES is imported."""
    if type_ is ParameterType.PATH:
        return f"pathlib.Path({text!r})"
    if type_ is ParameterType.TIMESTAMP:
        return f"pandas.Timestamp({text!r})"
    made = value(type_, text)
    if isinstance(made, datetime.datetime) and made.tzinfo is not None:
        return f"datetime.datetime.fromisoformat({text!r})"
    return repr(made)
