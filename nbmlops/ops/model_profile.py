"""The profile of what a model was trained on: made of the rows that the kernel has put aside, kept among its files."""

from __future__ import annotations

import pickle
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbmlops.model.run import Tags

if TYPE_CHECKING:
    from nbmlops.model.profile import ModelProfile
    from nbmlops.track.writer import Writer


def record_profile(writer: Writer, run: str | None, body: dict[str, Any]) -> dict[str, str] | None:
    """A message of the scribe's: body `path` is a pickle of this kernel's with (inputs, predictions)."""
    from nbmlops.profile.model_file import FILE, dump

    path = Path(str(body.get("path", "")))
    if run is None or not path.is_file():
        return None  # written by the scribe before us, which removed it
    try:
        model = str(writer.client.get_run(run).data.tags.get(Tags.MODEL, ""))
        found = None if not model or model.startswith("skipped") else _profiled(*pickle.loads(path.read_bytes()))
        if found is not None:
            with tempfile.TemporaryDirectory(prefix="nbmlops-") as scratch:
                file = Path(scratch) / FILE
                file.write_bytes(dump(found))
                writer.client.log_model_artifact(model, str(file))
    finally:
        path.unlink(missing_ok=True)
    return None


def _profiled(inputs: Any, answers: Any) -> ModelProfile | None:
    """None for what is no table: images, sparse matrices, texts one by one."""
    import numpy as np

    from nbmlops.model.profile import ModelProfile
    from nbmlops.profile.table import profile_of

    table = _table(inputs)
    if table is None:
        return None
    said = _table(np.asarray(answers)) if not hasattr(answers, "columns") else _table(answers)
    if said is not None and said.shape[1] == 1:
        said.columns = ["prediction"]
    return ModelProfile(
        inputs=profile_of(table, source="training"),
        outputs=profile_of(said, source="training") if said is not None else None,
        rows=len(table),
    )


def _table(values: Any) -> Any:
    import numpy as np
    import pandas as pd

    if isinstance(values, pd.DataFrame):
        return values.set_axis([str(each) for each in values.columns], axis=1)
    if isinstance(values, pd.Series):
        return values.to_frame()
    if isinstance(values, list):
        try:
            values = np.asarray(values)
        except ValueError:
            return None
    if not isinstance(values, np.ndarray) or values.ndim not in (1, 2):
        return None
    return pd.DataFrame(values.reshape(len(values), -1)).rename(columns=str)
