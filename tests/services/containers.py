"""podman with settings and storage of its own, and root file systems made from what this machine has."""

from __future__ import annotations

import contextlib
import ctypes.util
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

BUSYBOX = Path("/bin/busybox")
STORAGE = '[storage]\ndriver = "overlay"\nrunroot = "{place}/run"\ngraphroot = "{place}/graph"\n'
# For machines without systemd and journald, where no networks are made, and for a root that may not raise limits.
# Its locks are its own, too.
SETTINGS = """\
[engine]
tmp_dir = "{place}/run/libpod"
static_dir = "{place}/graph/libpod"
lock_type = "file"
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
[containers]
log_driver = "k8s-file"
netns = "host"
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
"""
OF_EVERY_BASE = ("pthread", "rt", "dl", "m", "util", "gcc_s", "stdc++", "c", "z")
LEFT_OUT = ("test", "idlelib", "tkinter", "turtledemo", "ensurepip", "lib2to3", "site-packages", "__pycache__")


def why_not() -> str:
    """Why no container can run here; empty where one can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "Containers are tried as root on Linux."
    missing = [name for name in ("podman", "runc") if shutil.which(name) is None]
    if missing:
        return f"{', '.join(missing)} is not installed. On Debian, as root: apt-get install podman runc"
    return ""


class Podman:
    def __init__(self, place: Path) -> None:
        (place / "run").mkdir(parents=True)
        (place / "storage.conf").write_text(STORAGE.format(place=place))
        (place / "containers.conf").write_text(SETTINGS.format(place=place))
        (place / "registries.conf").write_text("")
        self.env = {
            **os.environ,
            "CONTAINERS_STORAGE_CONF": str(place / "storage.conf"),
            "CONTAINERS_CONF": str(place / "containers.conf"),
            "CONTAINERS_REGISTRIES_CONF": str(place / "registries.conf"),
            "XDG_RUNTIME_DIR": str(place / "run"),
        }

    def why_not(self, place: Path) -> str:
        """Why not even the least of containers runs: a machine may forbid mounts. Empty where one does."""
        if not BUSYBOX.exists():
            return f"{BUSYBOX} is missing. On Debian, as root: apt-get install busybox-static"
        (place / "bin").mkdir(parents=True)
        shutil.copy2(BUSYBOX, place / "bin" / "busybox")
        try:
            self("run", "--rm", "--network=none", "--rootfs", str(place), "/bin/busybox", "true")
        except AssertionError as error:
            return f"podman runs no container on this machine: {str(error).strip().splitlines()[-1][:300]}"
        return ""

    def __call__(self, *words: str, seconds: float = 120) -> str:
        """What it writes."""
        done = subprocess.run(
            ["podman", *words],
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            # A container's own errors are among its logs.
            stderr=subprocess.STDOUT if words[0] == "logs" else subprocess.PIPE,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert done.returncode == 0, f"podman {' '.join(words)}: {done.stderr[-3000:]}"
        return done.stdout


def python_root(place: Path) -> Path:
    """The running Python, its standard library and the libraries that they need, as a root file system."""
    binary = Path(sys.executable).resolve()
    minor = f"python{sys.version_info.major}.{sys.version_info.minor}"
    library = place / "usr" / "lib" / minor
    shutil.copytree(sysconfig.get_path("stdlib"), library, ignore=shutil.ignore_patterns(*LEFT_OUT, "config-3*", "*.a"))
    target = place / "usr" / "bin" / minor
    target.parent.mkdir(parents=True)
    shutil.copy2(binary, target)
    (target.parent / "python3").symlink_to(minor)
    for program in (binary, *library.glob("lib-dynload/*.so")):
        for source in _libraries(program):
            # The loader is named by its full path; all else is found in the folder where it looks first.
            goes = place / (source.relative_to("/") if source.name.startswith("ld-") else f"usr/lib/{source.name}")
            goes.parent.mkdir(parents=True, exist_ok=True)
            if not goes.exists():
                shutil.copy(source, goes)
    for name in OF_EVERY_BASE:
        # What wheels take for granted (PEP 600), wherever this machine has it.
        found = ctypes.util.find_library(name)
        for folder in map(Path, ("/lib", "/usr/lib", f"/lib/{platform.machine()}-linux-gnu")) if found else ():
            source = folder / found
            if source.exists() and not (place / "usr" / "lib" / found).exists():
                shutil.copy(source.resolve(), place / "usr" / "lib" / found)
    for name in ("tmp", "etc", "proc", "sys", "dev"):
        (place / name).mkdir(exist_ok=True)
    return place


@contextlib.contextmanager
def running(podman: Podman, name: str, *words: str) -> Iterator[None]:
    podman("run", "--detach", "--name", name, "--network=host", *words)
    try:
        yield
    finally:
        podman("rm", "--force", "--time", "1", name)


def answer(podman: Podman, name: str, address: str) -> bytes:
    """What a container answers, once it does."""
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(address, timeout=20) as reply:
                return reply.read()
        except OSError:
            state = podman("inspect", "--format", "{{.State.Status}}", name).strip()
            assert state in ("created", "running"), podman("logs", name)
            assert time.monotonic() < deadline, "the app did not answer"
            time.sleep(0.1)


def _libraries(program: Path) -> list[Path]:
    output = subprocess.run(["ldd", str(program)], capture_output=True, text=True, timeout=30, check=False).stdout
    words = [word for line in output.splitlines() for word in line.split() if word.startswith("/")]
    return [Path(word) for word in words if Path(word).exists()]


def machine() -> str:
    """This one's architecture, as images name it."""
    name = platform.machine()
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(name, name)
