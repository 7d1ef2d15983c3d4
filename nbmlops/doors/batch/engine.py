"""`papermill in.ipynb out.ipynb --engine nbmlops`: a tracked batch run with no edit to the notebook.

The kernel is started with our extension, told through a variable what run it is; so cells that fail are recorded
as in a live notebook. When the cells are done the kernel is asked to finish its session before it is shut down.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty
from typing import Any

import msgspec
import nbformat
from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_core.paths import jupyter_runtime_dir
from nbclient.exceptions import DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine

from nbmlops.capture.place import NOTEBOOK_VARIABLE
from nbmlops.errors import NbmlopsError
from nbmlops.lib.redact import MARK, is_secret_name
from nbmlops.model.run_plan import VARIABLE, RunPlan, plan_from
from nbmlops.pipeline.bounded import Bounds
from nbmlops.pipeline.namespace import VARIABLE as NAMESPACE
from nbmlops.pipeline.plain_defaults import are_plain
from nbmlops.pipeline.warm.nursery import KERNEL_VARIABLE
from nbmlops.project import Project

logger = logging.getLogger("papermill")
KEEP = "from nbmlops.pipeline.namespace import keep_namespace; keep_namespace()"
CLOSE = "from nbmlops.doors.magics.extension import close_session; close_session()"
LONGEST_PARAMETER = 500
LONGEST_SOCKET = 100
"""A Unix socket's path may have about 107 bytes."""
INJECTED = "injected-parameters"
"""How papermill tags the cell with the values that it was given."""

OnCell = Callable[[int, int, str], None]
"""Position (from 0), number of cells, first line of the cell."""


class PromptClient(AsyncKernelClient):  # type: ignore[misc]
    """Of a kernel that is new and nobody else's: what Jupyter waits for to be sure that it is silent does not come."""

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Raises RuntimeError where the kernel has died or does not answer in time (seconds)."""
        end = time.monotonic() + (timeout or float("inf"))
        while time.monotonic() < end:
            self.kernel_info()
            with contextlib.suppress(Empty):
                answer = await self.get_shell_msg(timeout=1)
                await self.get_iopub_msg(timeout=0.2)  # that channel is connected as well
                self._handle_kernel_info_reply(answer)
                return
            if not await self.is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
        raise RuntimeError(f"Kernel did not respond in {timeout:g} seconds")


class TrackingClient(PapermillNotebookClient):  # type: ignore[misc]
    def __init__(
        self, nb_man: Any, *, on_cell: OnCell | None, is_tracked: bool, prelude: str = "", **options: Any
    ) -> None:
        """`prelude` is executed before the first cell; it is no part of the notebook."""
        super().__init__(nb_man, **options)
        self._on_cell = on_cell
        self._is_tracked = is_tracked
        self._prelude = prelude
        self._bounds = Bounds()

    def create_kernel_manager(self) -> Any:
        """Talk to the kernel through files only we may open, not through TCP ports of the machine."""
        manager = super().create_kernel_manager()
        manager.client_factory = PromptClient
        runtime = jupyter_runtime_dir()
        sockets = os.path.join(runtime, f"kernel-{uuid.uuid4()}-ipc")
        if os.name == "posix" and len(os.fsencode(sockets)) < LONGEST_SOCKET:
            os.makedirs(runtime, mode=0o700, exist_ok=True)
            # Without a name of their own they lie in the current folder, where those of two kernels meet.
            manager.transport, manager.ip = "ipc", sockets
        if KERNEL_VARIABLE in os.environ:
            from nbmlops.pipeline.warm.kernel import use_warm_kernel

            use_warm_kernel(manager)
        return manager

    def execute_cell(self, cell: Any, cell_index: int, *args: Any, **kwargs: Any) -> Any:
        if self._on_cell is not None:
            source = cell.source.strip()
            self._on_cell(cell_index, len(self.nb.cells), source.splitlines()[0][:80] if source else "")
        # As JupyterLab does: the kernel learns which cell it executes.
        self.kc.session.metadata = {"cellId": cell.get("id")}
        try:
            return super().execute_cell(cell, cell_index, *args, **kwargs)
        except DeadKernelError as error:
            # What ended it is known where it was started.
            process = getattr(self.km.provisioner, "process", None)
            error.kernel_code = getattr(process, "returncode", None)
            raise
        finally:
            if note := self._bounds.note(cell_index):
                cell.outputs.append(nbformat.v4.new_output("stream", name="stderr", text=note))

    def output(self, outs: Any, msg: Any, display_id: str | None, cell_index: int) -> Any:
        if not self._bounds.takes(cell_index, msg["msg_type"], msg["content"]):
            return None
        return super().output(outs, msg, display_id, cell_index)

    def clear_output(self, outs: Any, msg: Any, cell_index: int) -> Any:
        self._bounds.forget(cell_index)
        return super().clear_output(outs, msg, cell_index)

    def papermill_execute_cells(self) -> None:
        with self._interruptible():
            try:
                if self._prelude:
                    self._ask(self._prelude)
                super().papermill_execute_cells()
            finally:
                if NAMESPACE in os.environ and self._has_failed():
                    self._ask(KEEP)
                if self._is_tracked:
                    self._ask(CLOSE)

    def _has_failed(self) -> bool:
        return any(
            output.output_type == "error"
            for cell in self.nb.cells
            if cell.cell_type == "code"
            for output in cell.get("outputs", ())
        )

    @contextlib.contextmanager
    def _interruptible(self) -> Iterator[None]:
        """The first Ctrl-C interrupts the cell, as in a live notebook, so that what was done is saved and recorded.

        A second one stops papermill itself.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.getsignal(signal.SIGINT)

        def interrupt(number: int, frame: object) -> None:
            signal.signal(signal.SIGINT, before)
            pid = getattr(self.km.provisioner, "pid", None)
            if pid:
                os.kill(pid, signal.SIGINT)

        signal.signal(signal.SIGINT, interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _ask(self, source: str) -> None:
        """A kernel that has died cannot answer; its scribe ends the run by itself."""
        try:
            self.wait_for_reply(self.kc.execute(source, silent=True, store_history=False))
        except Exception as error:  # noqa: BLE001 - the notebook is executed; only its record may be late
            logger.warning("nbmlops: the kernel did not finish its record: %s", error)


class TrackingEngine(NBClientEngine):  # type: ignore[misc]
    """Registered as the papermill engine `nbmlops`."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        log_output: bool = False,
        stdout_file: Any = None,
        stderr_file: Any = None,
        start_timeout: int = 60,
        execution_timeout: int | None = None,
        on_cell: OnCell | None = None,
        is_tracked: bool = True,
        input_path: str = "",
        prelude: str = "",
        **kwargs: Any,
    ) -> Any:
        _place_parameters(nb_man.nb)
        _name_injected(nb_man.nb)
        environment, arguments = dict(os.environ), list(kwargs.pop("extra_arguments", []))
        if is_tracked:
            is_tracked = _add_tracking(environment, nb_man.nb, input_path)
        if is_tracked:
            arguments.append("--ext=nbmlops")
        client = TrackingClient(
            nb_man,
            on_cell=on_cell,
            is_tracked=is_tracked,
            prelude=prelude,
            timeout=execution_timeout or kwargs.pop("timeout", None),
            startup_timeout=start_timeout,
            kernel_name=kernel_name,
            log=logger,
            log_output=log_output,
            stdout_file=stdout_file,
            stderr_file=stderr_file,
            extra_arguments=arguments,
            **kwargs,
        )
        return client.execute(env=environment)


def _place_parameters(notebook: Any) -> None:
    """Raises UsageError for a misspelt or ill-typed one."""
    given = notebook.metadata.get("papermill", {}).get("parameters") or {}
    defaults = next((each.source for each in notebook.cells if "parameters" in each.metadata.get("tags", ())), None)
    if not given or defaults is None or are_plain(defaults, given):
        return
    from nbmlops.ops.injection import put_in  # it brings the analysis of code along, which takes a while

    put_in(notebook, given)


def _name_injected(notebook: Any) -> None:
    """papermill gives its cell a random id: the record of what was executed would be another at every run."""
    cells = [each for each in notebook.cells if INJECTED in each.metadata.get("tags", ()) and "id" in each]
    if len(cells) == 1 and all(each.get("id") != INJECTED for each in notebook.cells):
        cells[0]["id"] = INJECTED


def _add_tracking(environment: dict[str, str], notebook: Any, input_path: str) -> bool:
    """Tell the kernel what run it is. False, with one line why, when there is no place to keep it."""
    path = Path(input_path)
    is_told = VARIABLE in environment and NOTEBOOK_VARIABLE in environment  # a step: its pipeline has said what it is
    if path.suffix == ".ipynb" and path.is_file() and not is_told:
        environment[NOTEBOOK_VARIABLE] = str(path.absolute())
    folder = Path(environment.get(NOTEBOOK_VARIABLE, "")).parent if NOTEBOOK_VARIABLE in environment else Path.cwd()
    try:
        Project.find_or_init(folder)
    except NbmlopsError as error:
        logger.warning("nbmlops does not track this notebook: %s", error)
        return False
    parameters = notebook.metadata.get("papermill", {}).get("parameters", {})
    plan = plan_from(environment) or RunPlan(name=path.stem or "notebook", kind="batch")
    params = {name: MARK if is_secret_name(name) else _text(value) for name, value in parameters.items()}
    plan = msgspec.structs.replace(plan, params={**plan.params, **params})
    environment[VARIABLE] = plan.to_variable()
    return True


def _text(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text[:LONGEST_PARAMETER]
