"""What cells show, read off the messages that the kernel sends to its front end.

    log = OutputLog(shell)        # a shell without a kernel has no messages: everything below is then empty
    log.install()
    log.begin(execution_id)       # in pre_run_cell
    log.taken(execution_id)       # nbformat's outputs so far
    log.forget(execution_id)      # when the next cell begins: what comes later is in the front end only

Messages are tied to a cell by the request that they answer.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
from typing import Any

from nbmlops.lib.redact import redact

LARGEST_BYTES = 8_000_000
"""Of one cell. What is more is left out, and counted."""
_HEARD = frozenset({"stream", "display_data", "execute_result", "error", "update_display_data", "clear_output"})
logger = logging.getLogger("nbmlops")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class OutputLog:
    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._session: Any = getattr(getattr(shell, "kernel", None), "session", None)
        self._send: Any = None
        self._is_on = False
        self._lock = threading.Lock()
        self._cells: dict[str, _Cell] = {}
        """By the id of the request that they answer."""
        self._requests: dict[str, str] = {}
        """Request by execution."""

    def install(self) -> None:
        if self._session is not None and not self._is_on:
            self._is_on = True
            self._send = self._session.send
            self._session.send = self._heard

    def uninstall(self) -> None:
        """Somebody who has wrapped us meanwhile stays in place; we then only pass on."""
        if self._session is not None and self._session.__dict__.get("send") == self._heard:
            del self._session.send
        self._is_on = False
        self._cells.clear()

    def patched(self) -> tuple[str, ...]:
        return ("the kernel's session.send",) if self._is_on else ()

    def begin(self, execution: str) -> None:
        if not self._is_on:
            return
        request = self._request()
        if request:
            with self._lock:
                self._cells[request] = _Cell()
                self._requests[execution] = request

    def taken(self, execution: str) -> tuple[tuple[dict[str, Any], ...], int]:
        """Outputs of an execution and how many bytes of them were left out."""
        if self._requests.get(execution) == self._request():
            # The cell is still running: what it has printed waits in the kernel's buffers.
            sys.stdout.flush()
            sys.stderr.flush()
        with self._lock:
            cell = self._cells.get(self._requests.get(execution, ""))
            return cell.outputs() if cell is not None else ((), 0)

    def forget(self, execution: str) -> None:
        with self._lock:
            self._cells.pop(self._requests.pop(execution, ""), None)

    def _request(self) -> str:
        try:
            return str(self._shell.kernel.get_parent("shell")["header"]["msg_id"])
        except (AttributeError, KeyError, TypeError):
            return ""

    def _heard(self, *arguments: Any, **more: Any) -> Any:
        try:
            self._note(*arguments[1:4])
        except Exception:
            logger.debug("a message could not be read", exc_info=True)
        return self._send(*arguments, **more)

    def _note(self, message: Any, content: Any = None, parent: Any = None) -> None:
        if isinstance(message, dict):
            kind, content, parent = message.get("msg_type"), message.get("content"), message.get("parent_header")
        else:
            kind = message
            parent = parent.get("header", parent) if isinstance(parent, dict) else None
        if kind not in _HEARD or not isinstance(content, dict) or not parent:
            return
        with self._lock:
            cell = self._cells.get(parent.get("msg_id", ""))
            if kind == "update_display_data":
                wanted = (content.get("transient") or {}).get("display_id")
                for each in self._cells.values():
                    each.update(wanted, content)
            elif cell is not None:
                cell.add(kind, content)


class _Cell:
    def __init__(self) -> None:
        self.found: list[dict[str, Any]] = []
        self.display_ids: list[str | None] = []
        self.size = 0
        self.left_out = 0
        self.clears_next = False

    def add(self, kind: str, content: dict[str, Any]) -> None:
        if kind == "clear_output":
            self.clears_next = bool(content.get("wait"))
            if not self.clears_next:
                self._clear()
            return
        if self.clears_next:
            self.clears_next = False
            self._clear()
        size = _size(content)
        if self.size + size > LARGEST_BYTES:
            self.left_out += size
            return
        self.size += size
        last = self.found[-1] if self.found else None
        if kind == "stream" and last is not None and last.get("name") == content["name"]:
            last["text"] += content["text"]
            return
        self.found.append(_output(kind, content))
        self.display_ids.append((content.get("transient") or {}).get("display_id"))

    def update(self, display_id: str | None, content: dict[str, Any]) -> None:
        for output, known in zip(self.found, self.display_ids, strict=True):
            if display_id is not None and known == display_id:
                output["data"], output["metadata"] = content["data"], content.get("metadata") or {}

    def outputs(self) -> tuple[tuple[dict[str, Any], ...], int]:
        return tuple(_storable(output) for output in self.found), self.left_out

    def _clear(self) -> None:
        self.found.clear()
        self.display_ids.clear()
        self.size = self.left_out = 0


def _output(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    if kind == "stream":
        return {"output_type": "stream", "name": content["name"], "text": content["text"]}
    if kind == "error":
        return {
            "output_type": "error",
            "ename": content["ename"],
            "evalue": content["evalue"],
            "traceback": list(content["traceback"]),
        }
    output: dict[str, Any] = {
        "output_type": kind,
        "data": dict(content["data"]),
        "metadata": dict(content.get("metadata") or {}),
    }
    if kind == "execute_result":
        output["execution_count"] = content.get("execution_count")
    return output


def _storable(output: dict[str, Any]) -> dict[str, Any]:
    """Secrets taken out; of a line that was overwritten (a progress bar), what was seen last."""
    kind = output["output_type"]
    if kind == "stream":
        return {**output, "text": _plain(_settled(output["text"]))}
    if kind == "error":
        return {
            **output,
            "evalue": _plain(output["evalue"]),
            "traceback": [_plain(_COLOUR.sub("", line)) for line in output["traceback"]],
        }
    data = {
        kind: _plain(value) if isinstance(value, str) and not kind.startswith("image/") else value
        for kind, value in output["data"].items()
    }
    return {**output, "data": data}


def _settled(text: str) -> str:
    if "\r" not in text:
        return text
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)


def _plain(text: str) -> str:
    return redact(text).encode("utf-8", "backslashreplace").decode("utf-8")


def _size(content: dict[str, Any]) -> int:
    if "text" in content:
        return len(content["text"])
    return sum(len(value) if isinstance(value, str) else 256 for value in (content.get("data") or {}).values())
