"""The end of the demo: its newest run as a package, to a registry and back.

Where Debian's docker-registry is installed, one is started on loopback for as long as it takes; elsewhere the package
stays in the local list.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import msgspec

from nbmlops.ops import pack as pack_verb
from nbmlops.ops import push as push_verb
from nbmlops.ops import unpack as unpack_verb
from nbmlops.ops.call import Call, Progress
from nbmlops.package.layout import Layout
from nbmlops.package.opened import open_package
from nbmlops.package.reference import parse
from nbmlops.package.registry.client import Registry
from nbmlops.package.registry.transfer import pull
from nbmlops.package.unpack import unpack as unpack_files

NAME = "nbmlops-demo/wine"
FOLDER = "unpacked"
PROGRAM = "docker-registry"
_START_SECONDS = 15.0


class DemoPackage(msgspec.Struct, frozen=True, kw_only=True):
    reference: str
    digest: str
    bytes: int
    registry: str
    """Where it was sent and fetched from; empty: no registry is installed."""
    folder: str
    """Where it was unpacked."""


def package(call: Call, root: Path, run: str) -> DemoPackage:
    """Pack a run, send it, and unpack what came back beside it."""
    inside = Call(root, progress=call.progress)
    reference = f"{NAME}:latest"
    packed = pack_verb.pack(inside, pack_verb.Request(source=run, tag=reference))
    call.progress(Progress(task="pack", state="done", note=f"{reference}, {packed.files} files"))
    target = root / FOLDER
    shutil.rmtree(target, ignore_errors=True)
    with registry() as host:
        if host:
            source = f"{host}/{reference}"
            push_verb.push(inside, push_verb.Request(package=reference, to=source))
            call.progress(Progress(task="push", state="done", note=source))
            _unpack_from(source, target)
        else:
            unpack_verb.unpack(inside, unpack_verb.Request(package=reference, dir=str(target)))
    call.progress(Progress(task="unpack", state="done", note=str(target)))
    return DemoPackage(
        reference=reference,
        digest=packed.package.digest,
        bytes=packed.package.bytes,
        registry=host,
        folder=str(target),
    )


def _unpack_from(source: str, target: Path) -> None:
    """As on another machine: by way of a layout that has nothing yet."""
    reference = parse(source)
    with tempfile.TemporaryDirectory() as folder, Registry(reference.registry) as there:
        layout = Layout(Path(folder))
        unpack_files(layout, open_package(layout, pull(there, reference, layout).descriptor), target)


@contextlib.contextmanager
def registry() -> Iterator[str]:
    """Host and port of a registry on loopback that lives as long as the block; empty where none can be started."""
    if shutil.which(PROGRAM) is None:
        yield ""
        return
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{probe.getsockname()[1]}"
        probe.close()
        config = Path(folder) / "config.yml"
        settings = {
            "version": "0.1",
            "log": {"level": "error"},
            "storage": {"filesystem": {"rootdirectory": folder}},
            "http": {"addr": host},
        }
        config.write_text(json.dumps(settings))  # JSON is YAML
        process = subprocess.Popen(
            [PROGRAM, "serve", str(config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
        )
        try:
            yield host if _answers(process, host) else ""
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _answers(process: subprocess.Popen[bytes], host: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError):
            opener.open(f"http://{host}/v2/", timeout=2).close()
            return True
        time.sleep(0.05)
    return False
