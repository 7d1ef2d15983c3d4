"""The process that forks steps: `python -m nbmlops.pipeline.warm.nursery FD MODULE...`.

It reads requests from the socket FD until that is closed. A request is the path of a StepSpec, with three descriptors:
a socket over which the step's process id and exit code are told, and the step's standard output and error. For each it
forks two processes: the step, and beside it the kernel, which waits until the step tells it how to begin.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from typing import NoReturn

from nbmlops.lib.lean_imports import forget_lean_imports, lean_imports

LONGEST_REQUEST = 1 << 16
KERNEL_VARIABLE = "NBMLOPS_WARM_KERNEL"
"""In a step's environment: descriptor of the socket to its kernel, the kernel's process id, and descriptor of a pipe
that tells its exit code once it has ended.
"""
QUIET = {"PYDEVD_DISABLE_FILE_VALIDATION": "1"}
"""The debugger, which every kernel imports, would warn on the terminal of Python's own frozen modules."""
OURS = (
    "papermill",
    "IPython.core.completerlib",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "ipykernel.debugger",
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.embed",
    "psutil",
    "tornado.platform.asyncio",
    "tornado.queues",
    "jupyter_client.manager",
    "nbclient",
    "nbmlops.doors.batch.engine",
    "nbmlops.doors.magics.extension",
    "nbmlops.ops.session",
    "nbmlops.pipeline.handoff",
    "nbmlops.pipeline.step",
    "nbmlops.pipeline.step_parameters",
)


def main(descriptor: int, modules: list[str]) -> None:
    if sys.path and sys.path[0] in ("", os.getcwd()):
        del sys.path[0]  # as a kernel's launcher does: IPython puts it back
    # What a kernel would set before it imports matplotlib.
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    with lean_imports():
        os.environ.update(QUIET)
        _import(OURS)
        for name in QUIET:
            del os.environ[name]
    with _as_in_a_kernel():
        _import(modules)
    _look_for_plugins()
    gc.collect()
    gc.freeze()  # pages that only the collector would write to stay shared
    with socket.socket(fileno=descriptor) as requests:
        _Nursery(requests).run()


def _import(names: Iterable[str]) -> None:
    for name in names:
        with contextlib.suppress(Exception):  # the step meets the same trouble, and tells it
            importlib.import_module(name)


def _look_for_plugins() -> None:
    """Which there are, once for all steps. They are loaded by the steps themselves: who knows what they start."""
    from nbmlops.pipeline.formats import plugin_names

    plugin_names()


@contextlib.contextmanager
def _as_in_a_kernel() -> Iterator[None]:
    """pandas decides when it is imported how wide a table may be, by asking for the shell: a terminal, or a kernel."""
    import builtins

    shell = types.SimpleNamespace(kernel=True, config={})
    vars(builtins)["get_ipython"] = lambda: shell
    try:
        yield
    finally:
        delattr(builtins, "get_ipython")


class _Nursery:
    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        self._selector = selectors.DefaultSelector()
        self._steps: dict[int, tuple[int, int]] = {}
        """By pidfd: process id, and a descriptor for its exit code."""

    def run(self) -> None:
        self._selector.register(self._requests, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is not self._requests:
                    self._ended(int(key.fd))
                elif not self._serve():
                    return

    def _serve(self) -> bool:
        """Whether there may be more requests."""
        text, descriptors, _, _ = socket.recv_fds(self._requests, LONGEST_REQUEST, 3)
        if not text:
            return False
        told, out, errors = descriptors
        conversation = socket.socket(fileno=told)
        ours, kernels = socket.socketpair()
        code, told_code = os.pipe()
        kernel = _fork(lambda: _become_kernel(kernels, errors), keep={kernels.fileno(), errors})
        kernels.close()
        step = _fork(
            lambda: _become_step(text.decode(), f"{ours.fileno()}:{kernel}:{code}", out, errors),
            keep={ours.fileno(), code, out, errors},
        )
        ours.close()
        for descriptor in (code, out, errors):
            os.close(descriptor)
        conversation.sendall(json.dumps(step).encode() + b"\n")
        self._watch(step, conversation.detach())
        self._watch(kernel, told_code)
        return True

    def _watch(self, process: int, told: int) -> None:
        descriptor = os.pidfd_open(process)
        self._steps[descriptor] = (process, told)
        self._selector.register(descriptor, selectors.EVENT_READ)

    def _ended(self, descriptor: int) -> None:
        process, told = self._steps.pop(descriptor)
        self._selector.unregister(descriptor)
        os.close(descriptor)
        _, status = os.waitpid(process, 0)
        with contextlib.suppress(OSError):  # nobody waits for it any more
            os.write(told, json.dumps(os.waitstatus_to_exitcode(status)).encode() + b"\n")
        os.close(told)


def _fork(body: Callable[[], None], keep: set[int]) -> int:
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        _close_others(keep)
        _start_anew()
        body()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - a child never returns into its parent's code
        sys.excepthook(*sys.exc_info())
    finally:
        _end(code)
    raise AssertionError("unreachable")


def _end(code: int) -> NoReturn:
    """As an interpreter ends, but for what the parent has registered."""
    import atexit

    with contextlib.suppress(BaseException):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(code)


def _close_others(keep: set[int]) -> None:
    """Descriptors of the nursery and of other steps: whoever holds one keeps its other end waiting."""
    for name in os.listdir("/proc/self/fd"):
        descriptor = int(name)
        if descriptor > 2 and descriptor not in keep:
            with contextlib.suppress(OSError):
                os.close(descriptor)


def _start_anew() -> None:
    """Random numbers of two steps are no twins."""
    import random

    random.seed()
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()
    gc.unfreeze()


def _become_step(spec: str, kernel: str, out: int, errors: int) -> None:
    os.dup2(out, 1)
    os.dup2(errors, 2)
    os.environ[KERNEL_VARIABLE] = kernel
    from nbmlops.pipeline import step

    sys.exit(step.main(spec))


def _become_kernel(steps: socket.socket, errors: int) -> None:
    os.dup2(errors, 1)
    os.dup2(errors, 2)
    with steps.makefile("rb") as lines:
        line = lines.readline()
    if not line:
        return  # the step has ended without a kernel
    told = json.loads(line)
    forget_lean_imports()
    os.environ.clear()
    os.environ.update(told["environment"])
    os.chdir(told["folder"])
    _end_with(steps)
    sys.argv = ["ipykernel_launcher", *told["arguments"]]
    from ipykernel.kernelapp import launch_new_instance

    launch_new_instance(argv=told["arguments"])


def _end_with(steps: socket.socket) -> None:
    """The step holds the other end of the socket as long as it lives."""
    import threading

    def wait() -> None:
        with contextlib.suppress(OSError):
            while steps.recv(1):
                pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
