"""Plays one session: `python -m nbmlops.replay.player SPEC.json`.

A new kernel with tracking on executes the cells one after the other, each from the recorded random states. It reports
CellPlayed as each begins and one SessionPlayed at the end. A cell that fails is followed by the next one: that is how
it was, and the outcomes are compared later.
"""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager

from nbmlops.lib.child import claim_output, end_with_parent
from nbmlops.model.replay import CellPlayed, PlayedSession, SessionPlayed

READY_SECONDS = 120
POLL_SECONDS = 1.0
_STAGE = "__import__('nbmlops.ops.stage').ops.stage"
_PROBE = "__import__('nbmlops.pipeline.handoff').pipeline.handoff.probe"
_CLOSE = "__import__('nbmlops.doors.magics.extension').doors.magics.extension.close_session()"


def main(spec_path: str) -> int:
    spec = msgspec.json.decode(Path(spec_path).read_bytes(), type=PlayedSession)
    report = claim_output()
    end_with_parent()
    try:
        with tempfile.TemporaryDirectory(prefix="nbmlops-") as scratch, _kernel(spec, scratch) as kernel:
            report(_play(spec, kernel, Path(scratch), report))
    except _KernelDied as death:
        report(SessionPlayed(done=False, error=str(death)))
        return 1
    return 0


def _play(spec: PlayedSession, kernel: _Kernel, scratch: Path, report: Callable[[Any], None]) -> SessionPlayed:
    for number, cell in enumerate(spec.cells):
        report(CellPlayed(cell=number, total=len(spec.cells), preview=_first_line(cell.source)))
        states = ""
        if cell.random:
            path = scratch / "random.json"
            path.write_bytes(msgspec.json.encode(cell.random))
            states = str(path)
        kernel.hidden(f"{_STAGE}.before({states!r}, {cell.count!r})")
        kernel.execute(cell.source, cell.cell_id)
        if spec.values and cell.writes:
            place = f"__import__('pathlib').Path({spec.values!r})"
            kernel.hidden(f"{_PROBE}({cell.writes!r}, globals(), {place}, 'cell-{number + 1:04}')")
    numbers: dict[str, float | str] = {}
    if spec.wanted:
        answer = kernel.hidden("None", {"numbers": f"{_STAGE}.numbers({spec.wanted!r}, globals())"})
        numbers = _value(answer, "numbers")
    kernel.hidden(_CLOSE)
    return SessionPlayed(done=True, numbers=numbers)


class _KernelDied(Exception):
    pass


class _Kernel:
    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self.manager = manager
        self.client = client

    def execute(self, source: str, cell_id: str | None) -> None:
        self.client.session.metadata = {"cellId": cell_id} if cell_id else {}
        self._wait(self.client.execute(source, allow_stdin=False, stop_on_error=False))

    def hidden(self, source: str, expressions: dict[str, str] | None = None) -> dict[str, Any]:
        """Run something of ours: neither counted nor recorded."""
        return self._wait(
            self.client.execute(
                source, silent=True, store_history=False, allow_stdin=False, user_expressions=expressions or {}
            )
        )

    def _wait(self, request: str) -> dict[str, Any]:
        while True:
            try:
                reply = self.client.get_shell_msg(timeout=POLL_SECONDS)
            except queue.Empty:
                if not self.manager.is_alive():
                    raise _KernelDied("the kernel died") from None
                continue
            if reply["parent_header"].get("msg_id") == request:
                content: dict[str, Any] = reply["content"]
                return content


@contextlib.contextmanager
def _kernel(spec: PlayedSession, scratch: str) -> Iterator[_Kernel]:
    manager = KernelManager(kernel_name="python3")
    if os.name == "posix":
        # Talk through files that only we may open, not through ports of the machine.
        manager.transport, manager.ip = "ipc", os.path.join(scratch, uuid.uuid4().hex[:8])
    # The kernel's own words go to the player's standard error.
    manager.start_kernel(
        cwd=spec.folder,
        env={**os.environ, **spec.environment, "NBMLOPS_NOTEBOOK": spec.notebook},
        extra_arguments=["--ext=nbmlops"],
    )
    client = manager.client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=READY_SECONDS)
        yield _Kernel(manager, client)
    except RuntimeError as error:
        raise _KernelDied(f"the kernel did not start: {error}") from error
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _value(answer: dict[str, Any], name: str) -> dict[str, float | str]:
    import ast

    told = answer.get("user_expressions", {}).get(name, {})
    text = told.get("data", {}).get("text/plain", "{}")
    with contextlib.suppress(ValueError, SyntaxError):
        return dict(ast.literal_eval(text))
    return {}


def _first_line(source: str) -> str:
    text = source.strip()
    return text.splitlines()[0][:80] if text else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
