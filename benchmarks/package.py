"""Packing 200 MB: the peer reads, frames and hashes the same files with `tar c | sha256sum`; nothing is compressed."""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.table import Row
from nbmlops.package.kitfile import parse_kitfile
from nbmlops.package.layout import Layout
from nbmlops.package.pack import pack

MB = 1_000_000
FILES = 20
ROUNDS = 5
MOST_RATIO = 1.3
MOST_AGAIN = 0.05
KITFILE = b"manifestVersion: 1.0.0\nmodel: {path: model}\n"


def measure() -> tuple[Row, ...]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _weights(folder / "kit" / "model")
        kitfile = parse_kitfile(KITFILE)
        ours, again, theirs = [], [], []
        for number in range(ROUNDS):
            layout = Layout(folder / f"layout{number}")
            began = time.perf_counter()
            first = pack(folder / "kit", kitfile, layout)
            ours.append(time.perf_counter() - began)
            began = time.perf_counter()
            second = pack(folder / "kit", kitfile, layout)
            again.append(time.perf_counter() - began)
            assert second.descriptor == first.descriptor
            assert second.layers[0].is_known
            began = time.perf_counter()
            subprocess.run(["sh", "-c", f"tar c -C {folder}/kit model | sha256sum"], check=True, capture_output=True)
            theirs.append(time.perf_counter() - began)
            os.sync()
    taken, peer = statistics.median(ours), statistics.median(theirs)
    unchanged = statistics.median(again)
    print(f"200 MB: packed in {taken:.2f} s, again {unchanged:.4f} s; tar | sha256sum {peer:.2f} s", file=sys.stderr)
    return (
        Row(what="pack 200 MB against tar c | sha256sum", ours=taken, peer=peer, value=taken / peer, bar=MOST_RATIO),
        Row(
            what="pack 200 MB that have not changed, against the first time",
            ours=unchanged,
            peer=taken,
            value=unchanged / taken,
            bar=MOST_AGAIN,
        ),
    )


def _weights(folder: Path) -> None:
    generator = random.Random(1)
    folder.mkdir(parents=True)
    for number in range(FILES):
        (folder / f"part{number:02}.bin").write_bytes(generator.randbytes(200 * MB // FILES))
    time.sleep(0.5)  # what was written a moment ago is not trusted to be unchanged
