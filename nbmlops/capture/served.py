"""Which notebook a kernel belongs to, as the Jupyter server's list of sessions has it.

Asked where nobody else knows: an older server that tells its kernels nothing, or a notebook renamed since. The servers
of this user leave a file each in Jupyter's runtime folder, with address and token, which only they may read.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nbmlops.lib.process import process_started

ANSWER_SECONDS = 2.0
_KERNEL = re.compile(r"kernel-(?P<id>[^/\\]+)\.json$")


def served_notebook(connection_file: str) -> Path | None:
    """The notebook of the kernel that was started with this connection file; None where no server has it."""
    match = _KERNEL.search(connection_file)
    if match is None:
        return None
    for server in _servers():
        for session in _sessions(server):
            if (session.get("kernel") or {}).get("id") == match["id"]:
                path = Path(server.get("root_dir") or server.get("notebook_dir") or "/", str(session.get("path", "")))
                return path if path.suffix == ".ipynb" else None
    return None


def _servers() -> Iterator[dict[str, Any]]:
    from jupyter_core.paths import jupyter_runtime_dir

    for path in sorted(Path(jupyter_runtime_dir()).glob("jpserver-*.json")):
        try:
            server = json.loads(path.read_text())
        except (OSError, ValueError):
            continue
        # A server that was killed leaves its file behind, and its port may be somebody else's now.
        if isinstance(server, dict) and process_started(int(server.get("pid") or 0)) >= 0:
            yield server


def _sessions(server: dict[str, Any]) -> list[dict[str, Any]]:
    import urllib.request

    request = urllib.request.Request(
        f"{server.get('url', '')}api/sessions", headers={"Authorization": f"token {server.get('token', '')}"}
    )
    try:
        # No proxy: the server is this machine's.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=ANSWER_SECONDS) as answer:
            found = json.loads(answer.read())
    except (OSError, ValueError):
        return []
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def own_connection_file() -> str:
    """That of the kernel we are in; empty outside of one."""
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return os.fspath(getattr(getattr(getattr(shell, "kernel", None), "parent", None), "connection_file", "") or "")
