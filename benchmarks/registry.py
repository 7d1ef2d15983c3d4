"""Packages to Debian's docker-registry on loopback and back; skopeo is the peer. Start-up of both clients counts."""

from __future__ import annotations

import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.table import Row
from nbmlops.package.layout import Layout
from nbmlops.package.reference import parse
from nbmlops.package.registry.client import Registry
from nbmlops.package.registry.transfer import push
from tests.services import servers
from tests.unit.package.registry.packages import package

MB = 1_000_000
ROUNDS = 5
PULL = """\
import sys
from pathlib import Path
from nbmlops.package.layout import Layout
from nbmlops.package.reference import parse
from nbmlops.package.registry.client import Registry
from nbmlops.package.registry.transfer import pull
reference = parse(sys.argv[1])
with Registry(reference.registry) as registry:
    pull(registry, reference, Layout(Path(sys.argv[2])))
"""


def measure() -> tuple[Row, ...]:
    missing = [name for name in ("docker-registry", "skopeo") if shutil.which(name) is None]
    if missing:
        print(f"registry: not measured, {' and '.join(missing)} not installed", file=sys.stderr)
        return ()
    with tempfile.TemporaryDirectory() as folder:
        server, host = servers.registry(Path(folder) / "registry")
        server.start()
        try:
            layout = Layout(Path(folder) / "layout")
            return _push(layout, host), _pull(layout, host, Path(folder))
        finally:
            server.stop()


def _push(layout: Layout, host: str) -> Row:
    generator = random.Random(1)
    large = [generator.randbytes(100 * MB) for _ in range(10)]
    seconds = []
    for tag in ("v1", "v2"):
        name = f"{host}/bench/kit:{tag}"
        package(layout, name, [*large, generator.randbytes(MB)])
        with Registry(host) as registry:
            began = time.perf_counter()
            push(layout, parse(name), registry)
            seconds.append(time.perf_counter() - began)
    first, changed = seconds
    return Row(
        what="push of one changed layer (1 MB of 1 GB)", ours=changed, peer=first, value=changed / first, bar=0.1
    )


def _pull(layout: Layout, host: str, folder: Path) -> Row:
    name = f"{host}/bench/model:v1"
    package(layout, name, [random.Random(2).randbytes(200 * MB)])
    with Registry(host) as registry:
        push(layout, parse(name), registry)
    target, copied = folder / "target", folder / "copied"
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(_timed([sys.executable, "-c", PULL, name, str(target)]))
        skopeo = ["skopeo", "--insecure-policy", "copy", "-q", "--src-tls-verify=false"]
        theirs.append(_timed([*skopeo, f"docker://{name}", f"oci:{copied}:v1"]))
        shutil.rmtree(target)
        shutil.rmtree(copied)
    own, peer = statistics.median(ours), statistics.median(theirs)
    return Row(what="pull of 200 MB against skopeo copy", ours=own, peer=peer, value=own / peer, bar=1.25)


def _timed(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began
