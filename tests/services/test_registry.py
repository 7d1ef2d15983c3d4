"""Debian's docker-registry: packages there and back, killed in the middle, and read by skopeo."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbmlops.errors import DeniedError, ExternalError, IntegrityError, NotFoundError
from nbmlops.lib import failpoints
from nbmlops.model.oci import Descriptor
from nbmlops.package.layout import Layout
from nbmlops.package.reference import parse
from nbmlops.package.registry import upload
from nbmlops.package.registry.client import Registry
from nbmlops.package.registry.credentials import Login
from nbmlops.package.registry.login import login, logout
from nbmlops.package.registry.referrers import attach, referrers
from nbmlops.package.registry.transfer import pull, push
from tests.services import servers
from tests.unit.package.registry.packages import DATA, package, signature

pytestmark = pytest.mark.skipif(
    shutil.which("docker-registry") is None,
    reason="docker-registry is not installed. On Debian, as root: apt-get install docker-registry",
)
needs_skopeo = pytest.mark.skipif(
    shutil.which("skopeo") is None, reason="skopeo is not installed. On Debian, as root: apt-get install skopeo"
)
MODEL = random.Random(1).randbytes(3_000_000)
PUSH = """\
import sys
from pathlib import Path
from nbmlops.package.layout import Layout
from nbmlops.package.reference import parse
from nbmlops.package.registry import upload
from nbmlops.package.registry.client import Registry
from nbmlops.package.registry.transfer import pull, push
what, root, name = sys.argv[1:]
upload.CHUNKED_BYTES, upload.CHUNK_BYTES = 1_000_000, 500_000
reference = parse(name)
with Registry(reference.registry) as registry:
    if what == "push":
        push(Layout(Path(root)), reference, registry)
    else:
        pull(registry, reference, Layout(Path(root)))
"""


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.delenv("REGISTRY_AUTH_FILE", raising=False)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[servers.Server, str]]:
    server, host = servers.registry(tmp_path / "registry")
    server.start()
    try:
        yield server, host
    finally:
        server.stop()


@pytest.fixture
def host(running: tuple[servers.Server, str]) -> str:
    return running[1]


@pytest.fixture
def registry(host: str) -> Iterator[Registry]:
    with Registry(host) as made:
        yield made


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "layout")


def moving(what: str, layout: Layout, name: str, failpoint: str = "") -> subprocess.Popen[bytes]:
    env = {**os.environ, failpoints.VARIABLE: failpoint}
    return subprocess.Popen([sys.executable, "-c", PUSH, what, str(layout.root), name], env=env)


def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "CHUNKED_BYTES", 1_000_000)
    monkeypatch.setattr(upload, "CHUNK_BYTES", 500_000)


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_package_there_and_back(
    host: str, registry: Registry, layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_chunked: bool
) -> None:
    if is_chunked:
        small_chunks(monkeypatch)
    name = parse(f"{host}/team/wine:v1,latest")
    descriptor = package(layout, f"{name.repo}:v1,latest", [MODEL, b"data", b""])
    assert len(push(layout, name, registry).sent) == 4
    assert push(layout, name, registry).sent == ()
    assert sorted(registry.tags("team/wine")) == ["latest", "v1"]
    assert registry.head_manifest("team/wine", "v1") == descriptor
    other = Layout(tmp_path / "other")
    assert pull(registry, name, other).descriptor == descriptor
    manifest = other.manifest(descriptor)
    assert all(other.is_whole(blob) for blob in (manifest.config, *(manifest.layers or ())))


def test_one_changed_layer_and_a_neighbours_blobs(host: str, registry: Registry, layout: Layout) -> None:
    first, second = parse(f"{host}/team/wine:v1"), parse(f"{host}/team/wine:v2")
    package(layout, str(first), [MODEL, b"data"])
    push(layout, first, registry)
    package(layout, str(second), [MODEL, b"other data"])
    assert push(layout, second, registry).size == len(b"other data")
    neighbour = push(layout, parse(f"{host}/team/beer:v1"), registry, source=layout.resolve(second))
    assert (len(neighbour.mounted), neighbour.size) == (3, 0)


def test_filters_fetch_only_what_is_asked_for(host: str, registry: Registry, layout: Layout, tmp_path: Path) -> None:
    name = parse(f"{host}/team/wine:v1")
    package(layout, str(name), [MODEL, b"data"])
    push(layout, name, registry)
    other = Layout(tmp_path / "other")
    part = pull(registry, name, other, wanted=lambda layer: layer.media_type == DATA)
    assert part.size < 100
    assert other.repos() == ()


def test_referrers_go_by_the_fallback_tag(host: str, registry: Registry, layout: Layout) -> None:
    name = parse(f"{host}/team/wine:v1")
    wine = package(layout, str(name), [b"model"])
    push(layout, name, registry)
    made = []
    for number in range(3):
        data = signature(layout, wine, f"signature {number}".encode())
        descriptor = Descriptor(media_type=wine.media_type, digest=layout.put(data), size=len(data))
        push(layout, parse(f"{host}/team/wine@{descriptor.digest}"), registry, source=descriptor)
        made.append(attach(registry, "team/wine", data).digest)
    assert [each.digest for each in referrers(registry, "team/wine", wine.digest)] == made
    assert wine.digest.replace(":", "-") in registry.tags("team/wine")


def test_deleting(host: str, registry: Registry, layout: Layout) -> None:
    name = parse(f"{host}/team/wine:v1")
    wine = package(layout, str(name), [b"model"])
    push(layout, name, registry)
    with pytest.raises(ExternalError, match="deletes no tags"):
        registry.delete("team/wine", "v1")
    registry.delete("team/wine", wine.digest)
    with pytest.raises(NotFoundError):
        registry.manifest("team/wine", "v1")
    with pytest.raises(NotFoundError):
        registry.tags("nobody/knows")


@pytest.mark.parametrize("point", ["kill@1:registry-send", "kill@12:registry-send", "kill@1:registry-tag"])
def test_a_push_that_is_killed_leaves_no_tag_and_is_finished_by_the_next(
    host: str, registry: Registry, layout: Layout, point: str
) -> None:
    name = f"{host}/team/wine:v1"
    package(layout, name, [MODEL, b"data"])
    assert moving("push", layout, name, point).wait(60) == -signal.SIGKILL
    with pytest.raises(NotFoundError):
        registry.manifest("team/wine", "v1")
    assert moving("push", layout, name).wait(60) == 0
    pull(registry, parse(name), Layout(layout.root / "other"))


def test_a_pull_that_is_killed_is_finished_by_the_next(
    host: str, registry: Registry, layout: Layout, tmp_path: Path
) -> None:
    name = f"{host}/team/wine:v1"
    package(layout, name, [MODEL])
    push(layout, parse(name), registry)
    other = Layout(tmp_path / "other")
    assert moving("pull", other, name, "kill@9:registry-fetch").wait(60) == -signal.SIGKILL
    assert other.repos() == ()
    assert sum(path.stat().st_size for path in (other.root / "ingest").iterdir()) > 500_000
    came = pull(registry, parse(name), other)
    assert other.is_whole((came.manifest.layers or ())[0])
    assert list((other.root / "ingest").iterdir()) == []


def test_a_registry_that_is_killed_in_a_push_and_comes_back(
    running: tuple[servers.Server, str], layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_chunks(monkeypatch)
    server, host = running
    name = parse(f"{host}/team/wine:v1")
    package(layout, str(name), [MODEL])
    killed = threading.Event()

    def kill(digest: str, done: int, size: int) -> None:
        if done > 1_200_000 and not killed.is_set():
            killed.set()
            os.killpg(server.pid, signal.SIGKILL)
            threading.Thread(target=again).start()

    def again() -> None:
        server.stop()
        server.start()

    with Registry(host) as registry:
        push(layout, name, registry, told=kill)
        assert killed.is_set()
        pull(registry, name, Layout(layout.root / "other"))


def test_two_pushes_at_once(host: str, registry: Registry, layout: Layout) -> None:
    names = [f"{host}/team/wine:v1", f"{host}/team/wine:v2"]
    package(layout, names[0], [MODEL, b"data"])
    package(layout, names[1], [MODEL, b"other data"])
    both = [moving("push", layout, name) for name in names]
    assert [each.wait(60) for each in both] == [0, 0]
    for name in names:
        pull(registry, parse(name), Layout(layout.root / "other"))


def test_a_damaged_blob_of_ours_is_refused_by_the_registry(host: str, registry: Registry, layout: Layout) -> None:
    name = parse(f"{host}/team/wine:v1")
    descriptor = package(layout, str(name), [MODEL])
    blob = (layout.manifest(descriptor).layers or ())[0]
    layout.path(blob.digest).write_bytes(MODEL[:-1] + b"?")
    with pytest.raises(IntegrityError, match="damaged on this machine"):
        push(layout, name, registry)
    with pytest.raises(NotFoundError):
        registry.manifest("team/wine", "v1")


@needs_skopeo
def test_skopeo_reads_and_writes_the_same(host: str, registry: Registry, layout: Layout, tmp_path: Path) -> None:
    name = parse(f"{host}/team/wine:v1")
    descriptor = package(layout, str(name), [MODEL, b"data"])
    push(layout, name, registry)

    def skopeo(*words: str) -> bytes:
        return subprocess.run(["skopeo", "--insecure-policy", *words], check=True, capture_output=True).stdout

    assert skopeo("inspect", "--tls-verify=false", "--raw", f"docker://{name}") == layout.read(descriptor.digest)
    copied = tmp_path / "copied"
    skopeo("copy", "--src-tls-verify=false", f"docker://{name}", f"oci:{copied}:v1")
    (entry,) = json.loads((copied / "index.json").read_bytes())["manifests"]
    assert entry["digest"] == descriptor.digest
    skopeo("copy", "--dest-tls-verify=false", f"oci:{copied}:v1", f"docker://{host}/team/again:v1")
    again = pull(registry, parse(f"{host}/team/again:v1"), Layout(tmp_path / "other"))
    assert again.descriptor.digest == descriptor.digest


def test_a_registry_that_wants_a_login(tmp_path: Path, layout: Layout) -> None:
    server, host = servers.registry(tmp_path / "registry", wants_login=True)
    server.start()
    try:
        name = parse(f"{host}/team/wine:v1")
        package(layout, str(name), [MODEL])
        with Registry(host) as registry, pytest.raises(DeniedError, match=f"wants a login.*nbmlops login {host}"):
            push(layout, name, registry)
        user, password = servers.REGISTRY_LOGIN
        with pytest.raises(DeniedError, match="refuses the login of alice"):
            login(host, Login(username=user, password="open barley"))
        login(host, Login(username=user, password=password))
        with Registry(host) as registry:
            push(layout, name, registry)
            pull(registry, name, Layout(tmp_path / "other"))
        if shutil.which("skopeo"):
            words = ["skopeo", "inspect", "--tls-verify=false", "--raw", f"docker://{name}"]
            files = {"REGISTRY_AUTH_FILE": str(tmp_path / "docker" / "config.json")}
            done = subprocess.run(words, check=True, capture_output=True, env={**os.environ, **files})
            assert done.stdout == layout.read(layout.resolve(name).digest)
        assert logout(host)
        with Registry(host) as registry, pytest.raises(DeniedError):
            registry.tags("team/wine")
    finally:
        server.stop()
