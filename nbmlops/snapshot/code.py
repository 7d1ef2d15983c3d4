"""The code of a session as entries: the notebook as it was executed, and the local modules it imported."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from nbmlops.lib.digest import digest_bytes
from nbmlops.lib.redact import redact
from nbmlops.model.cell import Execution
from nbmlops.model.snapshot import Entry

EXECUTED = "executed.ipynb"


def executed_notebook(executions: Sequence[Execution], *, kernel: str = "python3") -> bytes:
    """What ran, in the order in which it ran, as a notebook without outputs.

    Equal executions give equal bytes: neither times nor ids of executions are in it.
    """
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "execution_count": execution.count,
            "id": f"executed-{number}",
            "metadata": {"nbmlops": {"cell": execution.cell_id, "outcome": execution.outcome}},
            "outputs": [],
            "source": redact(execution.source),
        }
        for number, execution in enumerate(executions, start=1)
    ]
    metadata = {"kernelspec": {"name": kernel, "display_name": kernel}, "language_info": {"name": "python"}}
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, sort_keys=True, ensure_ascii=False, indent=1).encode()


def code_entries(
    notebook: str, executions: Sequence[Execution], modules: Iterable[Entry]
) -> tuple[tuple[Entry, ...], dict[str, bytes]]:
    """Entries of a code snapshot, and the bytes of those that are not files.

    The executed notebook takes the notebook's own place in the tree, with `.executed` before its ending, so
    that restoring never lands on what the user is editing.
    """
    stem = notebook.removesuffix(".ipynb") if notebook else ""
    path = f"{stem}.{EXECUTED}" if stem else EXECUTED
    content = executed_notebook(executions)
    executed = Entry(path=path, digest=digest_bytes(content), size=len(content))
    entries = {entry.path: entry for entry in (*modules, executed)}
    return tuple(entries[name] for name in sorted(entries)), {path: content}
