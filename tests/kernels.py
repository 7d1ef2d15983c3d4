"""A real IPython kernel, driven as a front end drives it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Self

import msgspec
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Reply(msgspec.Struct, kw_only=True):
    """What one cell gave back."""

    status: str = ""
    text: str = ""
    """What it printed."""
    value: dict[str, Any] = {}
    """The last expression, by media type."""
    displayed: list[dict[str, Any]] = []
    error: str = ""
    """The traceback as shown, without colours; empty when there is none."""

    @property
    def shown(self) -> str:
        return str(self.value.get("text/plain", ""))


class Kernel:
    def __init__(self, folder: Path, variables: dict[str, str], notebook: Path | None = None) -> None:
        if notebook is not None:
            # As Jupyter's server tells its kernels.
            variables = {**variables, "JPY_SESSION_NAME": str(notebook)}
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(cwd=str(folder), env=variables)
        self.client: BlockingKernelClient = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    @property
    def pid(self) -> int:
        return int(self.manager.provisioner.pid)

    def run(self, code: str, *, cell_id: str = "", seconds: float = 90) -> Reply:
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": True,
        }
        message = self.client.session.msg("execute_request", content, metadata={"cellId": cell_id} if cell_id else {})
        self.client.shell_channel.send(message)
        reply = Reply(displayed=[])
        while True:
            heard = self.client.get_iopub_msg(timeout=seconds)
            if heard["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            body = heard["content"]
            match heard["msg_type"]:
                case "stream":
                    reply.text += body["text"]
                case "execute_result":
                    reply.value = body["data"]
                case "display_data":
                    reply.displayed.append(body["data"])
                case "error":
                    reply.error += _COLOUR.sub("", "\n".join(body["traceback"]))
                case "status" if body["execution_state"] == "idle":
                    break
        while True:
            answer = self.client.get_shell_msg(timeout=seconds)
            if answer["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                reply.status = answer["content"]["status"]
                return reply

    def good(self, code: str, *, cell_id: str = "") -> Reply:
        """Run a cell that has to succeed."""
        reply = self.run(code, cell_id=cell_id)
        assert reply.status == "ok", reply.error
        return reply

    def complete(self, code: str) -> list[str]:
        answer = self.client.complete(code, len(code), reply=True, timeout=30)
        return list(answer["content"]["matches"])

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=False)
        self.manager.cleanup_resources()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
