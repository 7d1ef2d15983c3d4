"""Images that were built without a daemon run in a real container, and others read them as we do."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nbmlops.model.image import platform_of
from nbmlops.model.oci import Descriptor
from nbmlops.package.image.archive import save_archive
from nbmlops.package.image.base import Base, open_base
from nbmlops.package.image.build import build
from nbmlops.package.image.load import load
from nbmlops.package.image.modelcar import BUSYBOX, modelcar
from nbmlops.package.image.target import Target
from nbmlops.package.image.wheel_list import pinned
from nbmlops.package.image.wheels import wheels_layer
from nbmlops.package.layout import Layout
from nbmlops.package.opened import Opened
from tests.services.containers import Podman, answer, machine, python_root, running, why_not
from tests.services.servers import free_port
from tests.unit.package.image.things import package, wheel_in

PLATFORM = platform_of("linux", machine())
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
APP = """\
import json, os, pathlib, signal, sys, threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import demo

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        model = pathlib.Path(os.environ["NBMLOPS_MODEL"])
        said = {
            "user": os.getuid(),
            "wheel": demo.__file__,
            "model": {each.name: each.read_text() for each in model.iterdir()},
            "folder": os.getcwd(),
        }
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(said).encode())

server = HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
"""
KSERVE_ASKS = '[ -d /models ] && [ "$(ls -A /models)" ]'
KSERVE_LINKS = "ln -sf /proc/$$/root/models /mnt/models && ls /mnt/models/ && sleep 0"


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    return Layout(tmp_path_factory.mktemp("images") / "layout")


@pytest.fixture(scope="module")
def opened(layout: Layout, tmp_path_factory: pytest.TempPathFactory) -> Opened:
    return package(layout, tmp_path_factory.mktemp("kit"))


@pytest.fixture(scope="module")
def python_base(layout: Layout, tmp_path_factory: pytest.TempPathFactory) -> Base:
    if sys.platform != "linux" or shutil.which("ldd") is None:
        pytest.skip("The running Python is made into a base on Linux only, with ldd.")
    root = python_root(tmp_path_factory.mktemp("base") / "root")
    return open_base(f"rootfs:{root}", layout, PLATFORM, epoch=0, level=1)


@pytest.fixture(scope="module")
def image(layout: Layout, opened: Opened, python_base: Base, tmp_path_factory: pytest.TempPathFactory) -> Descriptor:
    place = tmp_path_factory.mktemp("image")
    target = Target(platform=PLATFORM, python=PYTHON)
    wheel_in(place / "wheels", "demo", {"demo.py": b""})
    wheels = wheels_layer(layout, pinned(["demo==1.0"], target), target, epoch=0, folder=place / "wheels")
    (place / "app").mkdir()
    (place / "app" / "main.py").write_text(APP)
    return build(
        layout,
        opened,
        python_base,
        wheels=wheels,
        app=place / "app",
        epoch=0,
        command=["python3", "main.py"],
        env={"PYTHONHOME": "/usr"},
    )


def test_an_app_answers_from_a_container(
    podman: Podman, layout: Layout, image: Descriptor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in podman.env.items():
        monkeypatch.setenv(name, value)
    load(layout, image, "wine-app:v1", "podman", seconds=300)
    port, name = free_port(), "nbmlops-test-wine-app"
    with running(podman, name, "--read-only", "--cap-drop=ALL", "localhost/wine-app:v1", str(port)):
        assert json.loads(answer(podman, name, f"http://127.0.0.1:{port}/")) == {
            "user": 10001,
            "wheel": f"/opt/nbmlops/lib/python{PYTHON}/site-packages/demo.py",
            "model": {"MLmodel": "flavors: {}\n", "model.skops": "weights"},
            "folder": "/opt/nbmlops/app",
        }
        podman("stop", "--time", "30", name)
        # Ended by itself upon SIGTERM, not killed.
        assert podman("inspect", "--format", "{{.State.ExitCode}}", name).strip() == "0"


def test_a_modelcar_does_what_kserve_asks(podman: Podman, layout: Layout, opened: Opened, tmp_path: Path) -> None:
    if not BUSYBOX.exists():
        pytest.skip(f"{BUSYBOX} is missing. On Debian, as root: apt-get install busybox-static")
    car = modelcar(layout, opened, platform=PLATFORM, epoch=0)
    save_archive(layout, car, tmp_path / "car.tar", "wine-car:v1")
    podman("pull", f"oci-archive:{tmp_path / 'car.tar'}")
    run = ("run", "--rm", "--network=none", "localhost/wine-car:v1", "sh", "-c")
    podman(*run, KSERVE_ASKS)
    linked = podman(*run[:2], "--user=0", *run[2:], KSERVE_LINKS)
    assert linked.split() == ["MLmodel", "model.skops"]


def test_skopeo_gives_the_same_digest(layout: Layout, image: Descriptor, tmp_path: Path) -> None:
    if shutil.which("skopeo") is None:
        pytest.skip("skopeo is not installed. On Debian, as root: apt-get install skopeo")
    save_archive(layout, image, tmp_path / "image.tar", "wine-app:v1")
    for kind in ("oci-archive", "docker-archive"):
        done = subprocess.run(
            ["skopeo", "inspect", f"{kind}:{tmp_path / 'image.tar'}"],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        found = json.loads(done.stdout)
        assert (found["Os"], found["Architecture"]) == (PLATFORM.os, PLATFORM.architecture)
        assert len(found["Layers"]) == len(layout.manifest(image).layers or ())
        if kind == "oci-archive":
            assert found["Digest"] == image.digest
            assert found["Layers"] == [layer.digest for layer in layout.manifest(image).layers or ()]


def test_umoci_unpacks_it(layout: Layout, image: Descriptor, tmp_path: Path) -> None:
    if reason := why_not() or ("" if shutil.which("umoci") else "umoci is not installed: apt-get install umoci"):
        pytest.skip(reason)
    save_archive(layout, image, tmp_path / "image.tar", "wine-app:v1")
    (tmp_path / "layout").mkdir()
    shutil.unpack_archive(tmp_path / "image.tar", tmp_path / "layout", "tar", filter="data")
    subprocess.run(
        ["umoci", "unpack", "--image", f"{tmp_path / 'layout'}:localhost/wine-app:v1", str(tmp_path / "bundle")],
        timeout=120,
        check=True,
    )
    root = tmp_path / "bundle" / "rootfs" / "opt" / "nbmlops"
    assert (root / "model" / "model.skops").read_text() == "weights"
    assert (root / "app" / "main.py").read_text() == APP
    config = json.loads((tmp_path / "bundle" / "config.json").read_text())
    assert config["process"]["user"]["uid"] == 10001
    assert config["process"]["args"] == ["python3", "main.py"]
