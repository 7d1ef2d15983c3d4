"""`corrections`: what people have said is true of rows that a deployment answered, as a table to train on.

corrections labels data/corrections.csv --target label
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec

from nbmlops.deploy.folder import folder_of
from nbmlops.errors import ConflictError, StateError, UsageError
from nbmlops.lib.clock import utc_now
from nbmlops.lib.durations import seconds_of
from nbmlops.lib.files import refusing_disk_errors, write_atomic
from nbmlops.ops.call import Call
from nbmlops.ops.fields import option, positional

if TYPE_CHECKING:
    import pyarrow as pa

_FORMATS = (".csv", ".parquet", ".jsonl")


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, positional("The deployment.")]
    output: Annotated[str, positional("The file: .csv, .parquet or .jsonl. It is written anew each time.")]
    target: Annotated[str, option("What the column of labels is called.", metavar="NAME")] = "label"
    since: Annotated[str, option("Only of requests of that long.", metavar="DURATION")] = "365d"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    deployment: str
    file: str
    rows: int
    unknown: int = 0
    """Labels of requests that are not kept."""
    is_new: bool = True
    """False: the file has held the same rows already, and was left as it is."""
    notes: tuple[str, ...] = ()


def corrections(call: Call, request: Request) -> Result:
    """A file that would hold the same is not touched: nothing that goes by its age has to be done again.

    Raises NotFoundError for a deployment that there is not, StateError for one of which nothing is kept or that nobody
    has told a label of, UsageError for a file or a duration that is none.
    """
    path = call.path(request.output)
    if path.suffix.lower() not in _FORMATS:
        raise UsageError(
            f"{path.name} is no table that can be written.",
            kind="data-format",
            hint=f"It ends with one of {' '.join(_FORMATS)}",
        )
    from nbmlops.monitor.corrections import corrected

    folder = folder_of(call.project.layout.folder, request.name)
    spec = folder.spec()
    if not spec.monitored and not folder.requests.exists():
        raise StateError(
            f"Nothing that {request.name} is asked is kept.",
            kind="deployment-unwatched",
            hint="Deploy it with --monitor.",
        )
    now = utc_now()
    found = corrected(folder.requests, now - _since(request.since), now, request.target, redacted=spec.redacted)
    if request.target in found.table.column_names[:-1]:
        raise ConflictError(
            f"{request.name} is asked with a column {request.target}.",
            kind="target-taken",
            hint="Name another --target.",
        )
    if not found.table.num_rows:
        raise StateError(
            f"Nobody has told what is true of what {request.name} was asked.",
            kind="labels-missing",
            hint="Labels are told by POST /labels; docs/monitor.md shows how.",
        )
    data = _encoded(found.table, path)
    is_new = not path.is_file() or path.read_bytes() != data
    if is_new:
        with refusing_disk_errors(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, data)
    return Result(
        deployment=request.name,
        file=call.project.relative(path),
        rows=found.table.num_rows,
        unknown=found.unknown,
        is_new=is_new,
        notes=found.notes,
    )


def _since(text: str) -> timedelta:
    try:
        return timedelta(seconds=seconds_of(text))
    except ValueError:
        raise UsageError(
            f"--since {text[:40]!r} is no duration.", kind="window-malformed", hint="Write it like 6h or 30d."
        ) from None


def _encoded(table: pa.Table, path: Path) -> bytes:
    import io

    out = io.BytesIO()
    if path.suffix.lower() == ".parquet":
        import pyarrow.parquet as parquet

        parquet.write_table(table, out)
    elif path.suffix.lower() == ".jsonl":
        return b"".join(msgspec.json.encode(row) + b"\n" for row in table.to_pylist())
    else:
        out.write(table.to_pandas().to_csv(index=False).encode())
    return out.getvalue()
