"""Wheels become a layer for the image's platform; what is hostile or other than locked does not."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from nbmlops.errors import ExternalError, IntegrityError, MissingDependencyError, NotFoundError, UsageError
from nbmlops.model.image import parse_platform
from nbmlops.package.image.layers import descriptor_of
from nbmlops.package.image.target import Target
from nbmlops.package.image.wheel_list import Pinned, pinned, read_pinned
from nbmlops.package.image.wheels import Wheels, wheels_layer
from nbmlops.package.layout import Layout
from tests.unit.package.image.things import AMD64, ARM64, TARGET, recorded, tar_in, wheel_in

SITE = "opt/nbmlops/lib/python3.11/site-packages"
DEMO = {
    "demo/__init__.py": b"def main():\n    print('hello')\n",
    "demo/__pycache__/x.cpython-311.pyc": b"byte code",
    "demo-1.0.data/scripts/run": b"#!python\nprint(1)\n",
    "demo-1.0.data/scripts/shell": b"#!/bin/sh\n",
    "demo-1.0.data/data/share/demo.txt": b"data",
    "demo-1.0.data/purelib/demo_more.py": b"",
    "demo-1.0.data/headers/demo.h": b"",
    "demo-1.0.dist-info/entry_points.txt": b"[console_scripts]\ndemo = demo:main\n[other]\nx = y\n",
    "demo-1.0.dist-info/direct_url.json": b'{"url": "file:///home"}',
}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "layout")


def files_in(layout: Layout, wheels: Wheels) -> dict[str, tuple[int, bytes]]:
    with tar_in(layout, descriptor_of(wheels.layer, "gzip")) as archive:
        return {
            each.name: (each.mode, file.read()) for each in archive if (file := archive.extractfile(each)) is not None
        }


def test_each_file_lies_where_pip_would_put_it(layout: Layout, tmp_path: Path) -> None:
    wheel = wheel_in(tmp_path / "wheels", "demo", DEMO)
    wheels = wheels_layer(layout, pinned(["demo==1.0"], TARGET), TARGET, epoch=0, folder=wheel.parent)
    found = files_in(layout, wheels)
    assert set(found) == {
        "opt/nbmlops/bin/demo",
        "opt/nbmlops/bin/run",
        "opt/nbmlops/bin/shell",
        "opt/nbmlops/include/python3.11/demo/demo.h",
        "opt/nbmlops/share/demo.txt",
        f"{SITE}/demo/__init__.py",
        f"{SITE}/demo_more.py",
        *(f"{SITE}/demo-1.0.dist-info/{name}" for name in ("INSTALLER", "METADATA", "RECORD", "WHEEL")),
        f"{SITE}/demo-1.0.dist-info/entry_points.txt",
    }
    assert found["opt/nbmlops/bin/run"] == (0o755, b"#!/usr/bin/env python3\nprint(1)\n")
    assert found["opt/nbmlops/bin/shell"] == (0o755, b"#!/bin/sh\n")
    assert found[f"{SITE}/demo-1.0.dist-info/INSTALLER"] == (0o644, b"nbmlops\n")
    rows = list(csv.reader(io.StringIO(found[f"{SITE}/demo-1.0.dist-info/RECORD"][1].decode())))
    listed = {os.path.normpath(f"{SITE}/{path}"): (digest, size) for path, digest, size in rows}
    assert set(listed) == set(found)
    for path, (digest, size) in listed.items():
        data = found[path][1]
        assert (digest, size) == (("", "") if path.endswith("RECORD") else (recorded(data), str(len(data))))
    assert wheels.wheels[0].sha256 == hashlib.sha256(wheel.read_bytes()).hexdigest()


def test_scripts_and_modules_run(layout: Layout, tmp_path: Path) -> None:
    files = {**DEMO, "demo.pth": b"import os; os.environ['STARTED'] = 'yes'\n"}
    files["demo/__init__.py"] = b"import os\ndef main():\n    print('hello', os.environ.get('STARTED'))\n"
    wheel = wheel_in(tmp_path / "wheels", "demo", files)
    wheels = wheels_layer(layout, pinned(["demo==1.0"], TARGET), TARGET, epoch=0, folder=wheel.parent)
    with tar_in(layout, descriptor_of(wheels.layer, "gzip")) as archive:
        archive.extractall(tmp_path / "root", filter="data")
    done = subprocess.run(
        [sys.executable, tmp_path / "root/opt/nbmlops/bin/demo"],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "root" / SITE)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "hello yes\n"


def test_the_same_list_gives_the_same_layer(tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        folder = tmp_path / name
        wheel_in(folder, "b", {"b.py": b"1"})
        wheel_in(folder, "a", {"a.py": b"1"})
        wanted = pinned(["a==1.0", "b==1.0"] if name == "one" else ["B==1", "A==1.0.0"], TARGET)
        found.append(wheels_layer(Layout(folder / "layout"), wanted, TARGET, epoch=5, folder=folder).layer)
    assert found[0] == found[1]


def test_asked_again_nothing_is_written(layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = wheel_in(tmp_path / "wheels", "a", {"a.py": b"1"}).parent
    wanted = pinned(["a==1.0"], TARGET)
    first = wheels_layer(layout, wanted, TARGET, epoch=0, folder=folder)
    with monkeypatch.context() as patch:
        patch.setattr("nbmlops.package.image.wheels.layer_writer", None)
        assert wheels_layer(layout, wanted, TARGET, epoch=0, folder=folder) == first
    wheel_in(folder, "a", {"a.py": b"2"})
    assert wheels_layer(layout, wanted, TARGET, epoch=0, folder=folder).layer != first.layer


def test_wheels_are_chosen_for_the_target(layout: Layout, tmp_path: Path) -> None:
    folder = tmp_path / "wheels"
    tags = [
        "py3-none-any",
        "cp310-cp310-manylinux_2_17_x86_64",
        "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64",
        "cp311-cp311-manylinux_2_34_x86_64",
        "cp311-cp311-manylinux_2_40_x86_64",
        "cp38-abi3-manylinux_2_17_aarch64",
        "cp311-cp311-macosx_11_0_arm64",
        "cp311-cp311-musllinux_1_2_x86_64",
    ]
    for tag in tags:
        wheel_in(folder, "a", {"a.py": tag.encode()}, tag=tag)
    for platform, python, glibc, best in (
        (AMD64, "3.11", (2, 36), tags[3]),
        (AMD64, "3.11", (2, 28), tags[2]),
        (AMD64, "3.10", (2, 28), tags[1]),
        (AMD64, "3.12", (2, 28), tags[0]),
        (ARM64, "3.12", (2, 36), tags[5]),
    ):
        target = Target(platform=platform, python=python, glibc=glibc)
        found = wheels_layer(layout, pinned(["a==1.0"], target), target, epoch=0, folder=folder)
        assert found.wheels[0].file == f"a-1.0-{best}.whl"


def test_builds_and_local_versions(layout: Layout, tmp_path: Path) -> None:
    folder = tmp_path / "wheels"
    for version in ("1.0-2", "1.0-10", "2.0+cpu", "2.0+gpu"):
        public = version.partition("-")[0]
        whole = wheel_in(tmp_path / "made", "a", {"a.py": version.encode()}, version=public)
        folder.mkdir(exist_ok=True)
        whole.rename(folder / f"a-{version}-py3-none-any.whl")
    for line, file in (("a==1", "a-1.0-10-"), ("a==2.0", "a-2.0+cpu-"), ("a==2.0+gpu", "a-2.0+gpu-")):
        found = wheels_layer(layout, pinned([line], TARGET), TARGET, epoch=0, folder=folder)
        assert found.wheels[0].file == f"{file}py3-none-any.whl"


def test_what_is_missing_is_told(layout: Layout, tmp_path: Path) -> None:
    folder = wheel_in(tmp_path / "wheels", "a", {}, tag="cp311-cp311-win_amd64").parent
    with pytest.raises(NotFoundError, match=r"2 wheels are not in .*, first a==1.0 for Python 3.11 on linux/amd64"):
        wheels_layer(layout, pinned(["a==1.0", "b==2.0"], TARGET), TARGET, epoch=0, folder=folder)


def test_pip_brings_what_the_target_needs(layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = tmp_path / "index"
    for tag in ("cp311-cp311-manylinux_2_17_aarch64", "cp311-cp311-manylinux_2_17_x86_64"):
        wheel = wheel_in(index, "a", {"a.py": tag.encode()}, tag=tag)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    target = Target(platform=ARM64, python="3.11")
    wanted = pinned(["a==1.0"], target)
    found = wheels_layer(layout, wanted, target, epoch=0)
    assert found.wheels[0].file == "a-1.0-cp311-cp311-manylinux_2_17_aarch64.whl"

    locked = Pinned(name="a", version="1.0", hashes=(hashlib.sha256(wheel.read_bytes()).hexdigest(),))
    assert wheels_layer(layout, [locked], TARGET, epoch=0).wheels[0].file == wheel.name
    monkeypatch.setattr("nbmlops.package.image.wheel_choice.subprocess.run", None)
    assert wheels_layer(layout, wanted, target, epoch=0) == found
    assert {path.suffix for path in (layout.root / "cache/nbmlops/wheels").glob("*/*")} == {".whl"}


def test_pip_says_what_it_does_not_find(layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(ExternalError, match=r"No matching distribution found for a==1\.0"):
        wheels_layer(layout, pinned(["a==1.0"], TARGET), TARGET, epoch=0)


def test_a_python_without_pip_is_told(layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'No module named pip' >&2\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(python))
    with pytest.raises(MissingDependencyError, match="needs pip"):
        wheels_layer(layout, pinned(["a==1.0"], TARGET), TARGET, epoch=0)


def entry(name: str, mode: int = stat.S_IFREG | 0o644, data: bytes = b"x") -> tuple[zipfile.ZipInfo, bytes]:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info, data


HOSTILE = {
    "up": ([entry("../../../etc/passwd")], "leads elsewhere"),
    "absolute": ([entry("/etc/passwd")], "leads elsewhere"),
    "backslash": ([entry("..\\evil")], "leads elsewhere"),
    "link": ([entry("demo/link", stat.S_IFLNK | 0o777, b"/etc/passwd")], "link or a device"),
    "twice": ([entry("demo/a.py"), entry("demo/a.py")], "stands in it twice"),
    "app": ([entry("demo-1.0.data/data/app/main.py")], "where the app or the model does"),
    "model": ([entry("demo-1.0.data/data/model/MLmodel")], "where the app or the model does"),
    "data up": ([entry("demo-1.0.data/data/../../../evil")], "leads elsewhere"),
    "nowhere": ([entry("demo-1.0.data/elsewhere/x")], "belongs nowhere"),
    "other": ([entry("other-1.0.data/scripts/x")], "another wheel's"),
    "infos": ([entry("other-1.0.dist-info/METADATA")], "or several"),
    "script": ([entry("demo-1.0.dist-info/entry_points.txt", data=b"[console_scripts]\n../x = a:b\n")], "malformed"),
    "code": (
        [entry("demo-1.0.dist-info/entry_points.txt", data=b"[console_scripts]\nx = os;import sys:b\n")],
        "malformed",
    ),
    "whiteout": ([entry("demo/.wh.__init__.py")], "takes away"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_wheels_are_refused(layout: Layout, tmp_path: Path, case: str) -> None:
    members, words = HOSTILE[case]
    # The same name twice is worth a warning to the one who writes it.
    with pytest.warns(UserWarning, match="Duplicate") if case == "twice" else contextlib.nullcontext():
        wheel = wheel_in(tmp_path / "wheels", "demo", {"demo/__init__.py": b""}, members=members)
    with pytest.raises(IntegrityError, match=words):
        wheels_layer(layout, pinned(["demo==1.0"], TARGET), TARGET, epoch=0, folder=wheel.parent)
    assert not list(layout.root.glob("blobs/*/*"))


def test_bytes_that_are_not_recorded_are_refused(layout: Layout, tmp_path: Path) -> None:
    folder = wheel_in(tmp_path, "demo", {"demo.py": b"1"}, record={"demo.py": recorded(b"2")}).parent
    with pytest.raises(IntegrityError, match=r"demo\.py is not what its RECORD says"):
        wheels_layer(layout, pinned(["demo==1.0"], TARGET), TARGET, epoch=0, folder=folder)


def test_a_wheel_that_was_not_locked_is_refused(layout: Layout, tmp_path: Path) -> None:
    folder = wheel_in(tmp_path, "demo", {"demo.py": b"1"}).parent
    wanted = pinned([f"demo==1.0 --hash=sha256:{'0' * 64}"], TARGET)
    with pytest.raises(IntegrityError, match="is not what was locked"):
        wheels_layer(layout, wanted, TARGET, epoch=0, folder=folder)


@pytest.mark.parametrize("data", [b"", b"no zip", None])
def test_damaged_wheels_are_refused(layout: Layout, tmp_path: Path, data: bytes | None) -> None:
    wheel = wheel_in(tmp_path / "wheels", "demo", {"demo.py": b"1" * 5000})
    if data is None:
        blob = bytearray(wheel.read_bytes())
        blob[40] ^= 0xFF
        data = bytes(blob)
    wheel.write_bytes(data)
    with pytest.raises(IntegrityError, match="is refused"):
        wheels_layer(layout, pinned(["demo==1.0"], TARGET), TARGET, epoch=0, folder=wheel.parent)


def test_zeros_without_end_are_refused(layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nbmlops.package.image.wheel_files.FREE_BYTES", 1 << 20)
    folder = wheel_in(tmp_path / "wheels", "demo", {"zeros": bytes(8 << 20)}).parent
    with pytest.raises(IntegrityError, match="200 times"):
        wheels_layer(layout, pinned(["demo==1.0"], TARGET), TARGET, epoch=0, folder=folder)


def test_two_wheels_with_one_file(layout: Layout, tmp_path: Path) -> None:
    folder = tmp_path / "wheels"
    wheel_in(folder, "a", {"shared/__init__.py": b"", "tests/x.py": b"a"})
    wheel_in(folder, "b", {"shared/__init__.py": b"", "tests/x.py": b"b"})
    wheels = wheels_layer(layout, pinned(["a==1.0", "b==1.0"], TARGET), TARGET, epoch=0, folder=folder)
    assert wheels.clashes == (f"{SITE}/tests/x.py",)
    assert files_in(layout, wheels)[f"{SITE}/tests/x.py"][1] == b"b"
    wheel_in(folder, "c", {"shared": b""})
    with pytest.raises(IntegrityError, match="a file of one wheel and a folder of another"):
        wheels_layer(layout, pinned(["a==1.0", "c==1.0"], TARGET), TARGET, epoch=0, folder=folder)


def test_lists_of_requirements(tmp_path: Path) -> None:
    path = tmp_path / "requirements.txt"
    first, second = "a" * 64, "b" * 64
    path.write_text(
        "# made by a tool\n--only-binary=:all:\n"
        f"Some_Package[extra]==1.0.0 \\\n    --hash=sha256:{second} \\\n    --hash=sha256:{first}\n"
        "    # via other\n"
        "win==1 ; sys_platform == 'win32'\nold==2; python_version < '3.12'\nb==1  # why\n"
    )
    assert read_pinned(path, TARGET) == (
        Pinned(name="b", version="1"),
        Pinned(name="old", version="2"),
        Pinned(name="some-package", version="1.0.0", hashes=(first, second)),
    )


def test_lock_files(tmp_path: Path) -> None:
    path = tmp_path / "pylock.toml"
    text = """
        lock-version = "1.0"
        [[packages]]
        name = "a"
        version = "1.0"
        wheels = [{name = "a.whl", hashes = {sha256 = "%s"}}]
        [[packages]]
        name = "w"
        marker = "sys_platform == 'win32'"
        [[packages]]
        name = "c"
        version = "2"
        %s
    """
    path.write_text(text % ("a" * 64, 'wheels = [{name = "c.whl", hashes = {}}]'))
    assert read_pinned(path, TARGET) == (
        Pinned(name="a", version="1.0", hashes=("a" * 64,)),
        Pinned(name="c", version="2"),
    )
    path.write_text(text % ("a" * 64, ""))
    with pytest.raises(UsageError, match=r"'c' cannot be installed .* lists no wheel"):
        read_pinned(path, TARGET)
    for broken in ("a = [", 'lock-version = "1.0"\npackages = [1]', "version = 1"):
        path.write_text(broken)
        with pytest.raises(UsageError):
            read_pinned(path, TARGET)


@pytest.mark.parametrize(
    "line",
    [
        "a",
        "a>=1",
        "a==1.*",
        "a==1,<2",
        "a @ https://example.com/a.whl",
        "./a.whl",
        "-e .",
        "-r other.txt",
        "--index-url https://example.com",
        "a==1 --hash=sha256:12",
        "a==one",
    ],
)
def test_what_is_not_pinned_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "list.txt").write_text(f"{line}\n")
    with pytest.raises(UsageError, match="cannot be installed into an image"):
        read_pinned(tmp_path / "list.txt", TARGET)


def test_two_versions_of_one_package_are_refused() -> None:
    with pytest.raises(UsageError, match="pinned to 1 and to 2"):
        pinned(["a==1", "A==2"], TARGET)


@pytest.mark.parametrize(
    ("platform", "python"), [("windows/amd64", "3.11"), ("linux/riscv64", "3.11"), ("linux/amd64", "3.11.2")]
)
def test_targets_that_have_no_wheels(platform: str, python: str) -> None:
    with pytest.raises(UsageError, match=r"no wheels for|no version of Python"):
        Target(platform=parse_platform(platform), python=python)
