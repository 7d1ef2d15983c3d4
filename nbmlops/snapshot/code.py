"""The code of a session as entries: the notebook as it was executed, its environment, local modules it imported."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nbmlops.lib.digest import digest_bytes
from nbmlops.lib.redact import redact
from nbmlops.model.cell import Execution
from nbmlops.model.environment import Environment
from nbmlops.model.snapshot import Entry

EXECUTED = "executed.ipynb"
LOCK = "requirements.lock"


def executed_notebook(
    executions: Sequence[Execution],
    *,
    kernel: str = "python3",
    outputs: Mapping[str, Sequence[dict[str, Any]]] | None = None,
) -> bytes:
    """What ran, in the order in which it ran, as a notebook; with what it showed, where `outputs` has it.

    Without outputs, equal executions give equal bytes: neither times nor ids of executions are in it.
    """
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "execution_count": execution.count,
            "id": f"executed-{number}",
            "metadata": {"nbmlops": {"cell": execution.cell_id, "outcome": execution.outcome}},
            "outputs": list((outputs or {}).get(execution.id, ())),
            "source": redact(execution.source),
        }
        for number, execution in enumerate(executions, start=1)
    ]
    metadata = {"kernelspec": {"name": kernel, "display_name": kernel}, "language_info": {"name": "python"}}
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, sort_keys=True, ensure_ascii=False, indent=1).encode()


def code_entries(
    notebook: str, executions: Sequence[Execution], modules: Iterable[Entry], environment: Environment | None = None
) -> tuple[tuple[Entry, ...], dict[str, bytes]]:
    """Entries of a code snapshot, and the bytes of those that are not files.

    The executed notebook takes the notebook's own place in the tree, with `.executed` before its ending, so
    that restoring never lands on what the user is editing. Beside it lies the lock of the environment.
    """
    stem = notebook.removesuffix(".ipynb") + "." if notebook else ""
    contents = {stem + EXECUTED: executed_notebook(executions)}
    if environment is not None:
        contents[stem + LOCK] = environment.lock().encode()
    made = [Entry(path=path, digest=digest_bytes(data), size=len(data)) for path, data in contents.items()]
    entries = {entry.path: entry for entry in (*modules, *made)}
    return tuple(entries[name] for name in sorted(entries)), contents
