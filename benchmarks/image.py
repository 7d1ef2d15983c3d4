"""An image built again after its model has changed: packed, and written on a base that is there already."""

from __future__ import annotations

import os
import tempfile
import time
import zipfile
from pathlib import Path

from benchmarks.table import Row
from nbmlops.model.image import parse_platform
from nbmlops.model.kitfile import Model
from nbmlops.package.image.base import open_base
from nbmlops.package.image.build import build
from nbmlops.package.image.target import Target
from nbmlops.package.image.wheel_list import pinned
from nbmlops.package.image.wheels import wheels_layer
from nbmlops.package.kitfile import new_kitfile
from nbmlops.package.layout import Layout
from nbmlops.package.opened import open_package
from nbmlops.package.pack import pack

MODEL_BYTES = 200 << 20
BASE_BYTES = 100 << 20
WHEEL_BYTES = 50 << 20
ROUNDS = 3
_PIECE = 1 << 20


def measure() -> tuple[Row, ...]:
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        _laid_out(place)
        first = _seconds(place)
        again = []
        for _ in range(ROUNDS):
            _fill(place / "kit" / "model" / "weights", MODEL_BYTES)
            again.append(_seconds(place))
        # What was written this lately is read once more before it is believed.
        _seconds(place)
        same = _seconds(place)
    ours = sorted(again)[ROUNDS // 2]
    size = f"{MODEL_BYTES >> 20} MiB"
    return (
        Row(what=f"image of a model of {size}, base and wheels of {BASE_BYTES + WHEEL_BYTES >> 20} MiB, the first time",
            ours=first, value=first, bar=None),
        Row(what="the same after the model has changed", ours=ours, value=ours, bar=3.0),
        Row(what="the same when nothing has changed", ours=same, value=same, bar=None),
    )  # fmt: skip


def _seconds(place: Path) -> float:
    """From files to a manifest, the package's included."""
    started = time.perf_counter()
    layout, platform = Layout(place / "layout"), parse_platform("linux/amd64")
    target = Target(platform=platform, python="3.11")
    packed = pack(place / "kit", new_kitfile(package={}, model=Model(path="model")), layout)
    build(
        layout,
        open_package(layout, packed.descriptor),
        open_base(f"rootfs:{place / 'root'}", layout, platform, epoch=0),
        wheels=wheels_layer(layout, pinned(["big==1.0"], target), target, epoch=0, folder=place / "wheels"),
        app=place / "app",
        epoch=0,
        command=["python3", "main.py"],
    )
    return time.perf_counter() - started


def _laid_out(place: Path) -> None:
    for folder in ("kit/model", "root/usr", "wheels", "app"):
        (place / folder).mkdir(parents=True)
    _fill(place / "kit" / "model" / "weights", MODEL_BYTES)
    _fill(place / "root" / "usr" / "library", BASE_BYTES)
    (place / "app" / "main.py").write_text("print('ready')\n")
    with zipfile.ZipFile(place / "wheels" / "big-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("big/library.so", os.urandom(WHEEL_BYTES))
        wheel.writestr("big-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\n")
        wheel.writestr("big-1.0.dist-info/RECORD", "")
    time.sleep(0.2)  # files that are this new are not believed to be known


def _fill(path: Path, size: int) -> None:
    with path.open("wb") as file:
        for _ in range(size // _PIECE):
            file.write(os.urandom(_PIECE))
