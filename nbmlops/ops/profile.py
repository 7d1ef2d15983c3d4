"""`profile`: a small summary of a table, a column at a time.

profile data/train.parquet
profile 4f2a91:data/train.csv -o train.json
profile tuned
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import msgspec

from nbmlops.lib.files import refusing_disk_errors, write_atomic
from nbmlops.model.profile import Profile
from nbmlops.ops.call import Call
from nbmlops.ops.fields import option, positional


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    data: Annotated[
        str,
        positional(
            "A table (.csv, .parquet, .jsonl), SNAPSHOT:path or RUN:path, an address; or a run or package: what its "
            "model was trained on."
        ),
    ]
    output: Annotated[str, option("Write the profile there, as JSON.", short="o", metavar="FILE")] = ""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    profile: Profile
    outputs: Profile | None = None
    """Of a model's answers to what it was trained on."""
    written: str = ""


def profile(call: Call, request: Request) -> Result:
    """Raises NotFoundError for what is not there, UsageError for what is no table."""
    from nbmlops.ops.table_source import find_kept

    with tempfile.TemporaryDirectory(prefix="nbmlops-profile-") as scratch:
        kept = find_kept(call, request.data, Path(scratch))
        found = kept.profiled(call)
    written = ""
    if request.output:
        path = call.path(request.output)
        with refusing_disk_errors(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, msgspec.json.encode(found))
        written = str(path)
    return Result(profile=found, outputs=kept.outputs, written=written)
