"""Rows on their way from a file to the model."""

from __future__ import annotations

import msgspec
import pyarrow as pa

from nbmlops.batch_scoring.columns import Bad


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    count: int
    taken: dict[str, pa.Array]
    """What the model takes, in its order and of its types."""
    kept: pa.Table
    """What is written as well, as it stands in the file."""
    bad: Bad
    """Rows that the model cannot be asked about."""
