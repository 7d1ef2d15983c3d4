"""Packages on this machine, at the place and in the form that `kit` has them."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from nbmlops.errors import IntegrityError, NotFoundError, StateError
from nbmlops.package.layout import Layout, default_root
from nbmlops.package.opened import open_package
from nbmlops.package.reference import parse
from tests.unit.package.kits import kit_of, tar_of


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "storage")


def test_the_place_is_kits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KITOPS_HOME", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_root() == tmp_path / "kitops" / "storage"
    monkeypatch.setenv("KITOPS_HOME", str(tmp_path / "own"))
    assert default_root() == tmp_path / "own" / "storage"


def test_the_files_are_kits(layout: Layout) -> None:
    """Names and shapes as in kitops-ml/kitops, pkg/lib/repo/local."""
    package = kit_of(layout, tar_of(("model", None)))
    layout.add("localhost/wine", package, ["v1", "latest"])
    name = base64.urlsafe_b64encode(b"localhost/wine").decode()
    index = json.loads((layout.root / f"{name}-index.json").read_text())
    tags = json.loads((layout.root / f"{name}-tags.json").read_text())
    entry = {"mediaType": package.media_type, "digest": package.digest, "size": package.size}
    assert index["schemaVersion"] == 2
    assert index["manifests"] == [entry]
    assert tags == {"latest": entry, "v1": entry}
    assert json.loads((layout.root / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    assert layout.repos() == ("localhost/wine",)
    assert layout.resolve(parse("wine:v1")) == layout.resolve(parse(f"wine@{package.digest}"))


def test_what_kit_wrote_is_read(layout: Layout) -> None:
    package = kit_of(layout, tar_of(("model", None)))
    name = base64.urlsafe_b64encode(b"ghcr.io/team/wine").decode()
    entry = {"mediaType": package.media_type, "digest": package.digest, "size": package.size}
    (layout.root / f"{name}-index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    (layout.root / f"{name}-tags.json").write_text(json.dumps({"v2": entry}))
    assert open_package(layout, layout.resolve(parse("ghcr.io/team/wine:v2"))).kitfile.model is not None


def test_a_package_with_a_blob_missing_gets_no_name(layout: Layout) -> None:
    package = kit_of(layout, tar_of(("model", None)))
    layer = open_package(layout, package).layers[0].descriptor
    layout.path(layer.digest).write_bytes(b"half")
    with pytest.raises(StateError, match="1 blobs of the package are not here yet"):
        layout.add("localhost/wine", package, ["v1"])
    assert layout.repos() == ()


def test_what_others_need_stays(layout: Layout) -> None:
    shared = tar_of(("model", None), ("model/a", b"a" * 5000))
    first, second = kit_of(layout, shared), kit_of(layout, shared, tar_of(("code1", None)))
    layout.add("localhost/one", first, ["v1"])
    layout.add("localhost/two", second, ["v1"])
    freed = layout.remove("localhost/one", first)
    assert 0 < freed < 5000
    assert layout.repos() == ("localhost/two",)
    assert open_package(layout, layout.resolve(parse("two:v1")))
    assert layout.remove("localhost/two", second) > 5000
    assert not [path for path in (layout.root / "blobs" / "sha256").iterdir()]


def test_a_blob_that_is_interrupted_leaves_nothing(layout: Layout) -> None:
    def interrupted() -> None:
        with layout.incoming() as blob:
            blob.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [path for path in layout.root.rglob("*") if path.is_file() and path.name != "oci-layout"] == []


def test_damage_is_named(layout: Layout) -> None:
    digest = layout.put(b"{}")
    layout.path(digest).write_bytes(b"[]")
    with pytest.raises(IntegrityError, match="is damaged on this machine"):
        layout.read(digest)
    with pytest.raises(IntegrityError, match="is no sha256 digest"):
        layout.path("sha256:../../../etc/passwd")
    with pytest.raises(NotFoundError, match="is not on this machine"):
        layout.read(f"sha256:{'0' * 64}")


def test_an_index_that_cannot_be_read_is_named(layout: Layout) -> None:
    layout.add("localhost/wine", kit_of(layout, tar_of(("model", None))), ["v1"])
    name = base64.urlsafe_b64encode(b"localhost/wine").decode()
    (layout.root / f"{name}-tags.json").write_text("{")
    with pytest.raises(IntegrityError, match="cannot be read"):
        layout.resolve(parse("wine:v1"))


def test_who_is_not_here_is_told_who_is(layout: Layout) -> None:
    layout.add("localhost/wine", kit_of(layout, tar_of(("model", None))), ["v1"])
    with pytest.raises(NotFoundError) as caught:
        layout.resolve(parse("wines:v1"))
    assert str(caught.value) == "There is no package wines:v1 on this machine. There are: wine:v1."
