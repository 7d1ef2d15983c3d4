"""What `batch` keeps while it scores files: what it was asked for, and each part that is finished."""

from __future__ import annotations

from typing import Literal

import msgspec

from nbmlops.model.documents import Document

Format = Literal["csv", "parquet"]
OnError = Literal["fail", "skip", "null"]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that follow each other in one file, scored by one process."""

    number: int
    """From 0, in the order of the rows."""
    file: int
    """Place of its file among the inputs."""
    start: int
    """Of a Parquet file the first row group, of a CSV file the first byte."""
    end: int
    """One past the last."""
    rows: int | None = None
    """None where only reading them tells: CSV."""
    skip: int = 0
    """Rows of the first row group that belong to parts before."""


class InputFile(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    """Absolute, or an address."""
    name: str
    """As it is told."""
    size: int
    digest: str
    """Of its bytes; of an object at an address, of what its store says of it: size, mark and version."""
    columns: tuple[str, ...]
    has_line_ends: bool = False
    """A CSV file that may have line ends inside of values."""


class ScoringPlan(Document, frozen=True, kw_only=True, tag="scoring-plan"):
    """Everything on which the answers rest: an equal plan goes on where another has stopped."""

    model: str
    """Digest of the package."""
    format: Format
    output_format: Format
    inputs: tuple[InputFile, ...]
    keep: tuple[str, ...]
    """Columns of the input that are written as well."""
    on_error: OnError
    parts: tuple[Part, ...]


class BadRow(msgspec.Struct, frozen=True, kw_only=True):
    row: int
    """From 0, in its part."""
    column: str
    reason: str


class ScoredPart(Document, frozen=True, kw_only=True, tag="scored-part"):
    """A part that is finished; its rows lie beside this document."""

    number: int
    read: int
    """Rows of the input."""
    written: int
    failed: int
    size: int
    """Bytes of the file of its rows."""
    bad: BadRow | None = None
    """The first row that could not be scored: then the part has none, and everything is over."""
