"""What lies in a layer, without unpacking it."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbmlops.errors import IntegrityError
from nbmlops.lib.digest import digest_bytes
from nbmlops.package.layer_files import tree, write_out
from nbmlops.package.layout import Layout
from nbmlops.package.opened import PackageLayer, open_package
from tests.unit.package.kits import kit_of, tar_of


def layer_of(layout: Layout, data: bytes) -> PackageLayer:
    return open_package(layout, kit_of(layout, data, compression="gzip")).layers[0]


def test_files_with_their_digests_and_without_folders(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layer = layer_of(layout, tar_of(("model", None), ("model/b", b"two"), ("model/a", b"one")))
    found = tree(layout, layer)
    assert [(each.path, each.digest, each.size) for each in found] == [
        ("model/a", digest_bytes(b"one"), 3),
        ("model/b", digest_bytes(b"two"), 3),
    ]


def test_only_what_is_asked_for_is_written_and_only_where_it_is_asked_for(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "layout")
    layer = layer_of(layout, tar_of(("model/a", b"one"), ("model/b", b"two")))
    place = tmp_path / "scratch" / "0"
    write_out(layout, layer, {"model/b": place})
    assert place.read_bytes() == b"two"
    assert [path.name for path in place.parent.iterdir()] == ["0"]


@pytest.mark.parametrize("path", ["../evil", "/evil", ".git/hooks/post-checkout"])
def test_an_archive_that_leads_out_is_refused(path: str, tmp_path: Path) -> None:
    layout = Layout(tmp_path / "layout")
    layer = layer_of(layout, tar_of(("model/a", b"one"), (path, b"evil")))
    with pytest.raises(IntegrityError):
        tree(layout, layer)
    with pytest.raises(IntegrityError):
        write_out(layout, layer, {path: tmp_path / "scratch" / "0"})
    assert not (tmp_path / "scratch").exists()


def test_a_layer_that_was_changed_is_refused(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layer = open_package(layout, kit_of(layout, tar_of(("model/a", b"one")))).layers[0]
    blob = layout.path(layer.descriptor.digest)
    blob.write_bytes(blob.read_bytes().replace(b"one", b"two"))
    with pytest.raises(IntegrityError, match="damaged"):
        tree(layout, layer)
