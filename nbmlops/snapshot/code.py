"""What of a session's code lies in no file: the notebook as it was executed, and the lock of its environment."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from nbmlops.lib.redact import redact
from nbmlops.model.cell import Execution
from nbmlops.model.environment import Environment
from nbmlops.model.trace import CellOutputs

EXECUTED = "executed.ipynb"
LOCK = "requirements.lock"


def executed_notebook(
    executions: Sequence[Execution],
    *,
    kernel: str = "python3",
    outputs: Mapping[str, CellOutputs] | None = None,
) -> bytes:
    """What ran, in the order in which it ran, as a notebook; with what it showed, by id of execution.

    Without outputs, equal executions give equal bytes: neither times nor ids of executions are in it.
    """
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "execution_count": execution.count,
            "id": f"executed-{number}",
            "metadata": {"nbmlops": {"cell": execution.cell_id, "outcome": execution.outcome}},
            "outputs": _shown((outputs or {}).get(execution.id)),
            "source": redact(execution.source),
        }
        for number, execution in enumerate(executions, start=1)
    ]
    metadata = {"kernelspec": {"name": kernel, "display_name": kernel}, "language_info": {"name": "python"}}
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, sort_keys=True, ensure_ascii=False, indent=1).encode()


def _shown(kept: CellOutputs | None) -> list[dict[str, Any]]:
    """With a line about what is missing. It is no output of the cell: replays do not compare standard error."""
    if kept is None:
        return []
    if not kept.left_out:
        return list(kept.outputs)
    text = f"nbmlops left out {kept.left_out:,} bytes of this cell's output: more than it keeps of one cell.\n"
    return [*kept.outputs, {"output_type": "stream", "name": "stderr", "text": text}]


def code_contents(
    notebook: str, executions: Sequence[Execution], environment: Environment | None = None
) -> dict[str, bytes]:
    """What a code snapshot holds beside files: path -> bytes.

    The executed notebook takes the notebook's own place in the tree, with `.executed` before its ending, so
    that restoring never lands on what the user is editing. Beside it lies the lock of the environment.
    """
    stem = notebook.removesuffix(".ipynb") + "." if notebook else ""
    contents = {stem + EXECUTED: executed_notebook(executions)}
    if environment is not None:
        contents[stem + LOCK] = environment.lock().encode()
    return contents
