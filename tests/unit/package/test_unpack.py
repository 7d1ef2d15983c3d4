"""What was packed comes out again; what somebody else packed cannot hurt."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from nbmlops.errors import ConflictError, IntegrityError, NotFoundError
from nbmlops.package.filters import parse_filters
from nbmlops.package.kitfile import parse_kitfile, read_kitfile
from nbmlops.package.layout import Layout
from nbmlops.package.opened import open_package
from nbmlops.package.pack import Options, pack
from nbmlops.package.unpack import unpack
from tests.unit.package.kits import FILES, folder_of, kit_of, tar_of


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "layout")


def files_below(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
@pytest.mark.parametrize("model_pack", [False, True])
def test_it_comes_out_as_it_went_in(layout: Layout, tmp_path: Path, compression, model_pack: bool) -> None:
    folder = folder_of(FILES, tmp_path / "wine")
    kitfile = read_kitfile(folder / "Kitfile")
    packed = pack(folder, kitfile, layout, Options(compression=compression, model_pack=model_pack))
    target = tmp_path / "out"
    done = unpack(layout, open_package(layout, packed.descriptor), target)
    found = files_below(target)
    assert parse_kitfile(found.pop("Kitfile")) == kitfile
    assert found == {name: text.encode() for name, text in FILES.items() if name != "notes.txt"}
    assert set(done.files) == {*found, "Kitfile"}


def test_only_what_is_asked_for(layout: Layout, tmp_path: Path) -> None:
    folder = folder_of(FILES, tmp_path / "wine")
    opened = open_package(layout, pack(folder, read_kitfile(folder / "Kitfile"), layout).descriptor)
    filters = parse_filters(["docs:./README.md", "datasets:train"])
    unpack(layout, opened, tmp_path / "out", layers=filters.chosen(opened), has_kitfile=filters.has_kitfile)
    assert set(files_below(tmp_path / "out")) == {"README.md", "data/train.csv"}
    with pytest.raises(NotFoundError, match="Nothing in the package matches model:tree"):
        parse_filters(["code", "model:tree"]).chosen(opened)


def member(name: str, kind: bytes, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


HOSTILE = {
    "up": (("../evil", b"x"),),
    "up inside": (("model/../../evil", b"x"),),
    "absolute": (("/tmp/nbmlops-evil", b"x"),),
    "symbolic link": (member("model/link", tarfile.SYMTYPE, "/etc/passwd"),),
    "hard link": (member("model/link", tarfile.LNKTYPE, "../../x"),),
    "device": (member("model/null", tarfile.CHRTYPE),),
    "pipe": (member("model/pipe", tarfile.FIFOTYPE),),
    "twice": (("model/a", b"1"), ("model/a", b"2")),
    "file, then folder": (("model", b"1"), ("model/a", b"2")),
    "folder, then file": (("model/a", b"2"), ("model", b"1")),
    "backslash": (("model\\..\\evil", b"x"),),
    "hook of git": ((".git/hooks/pre-commit", b"x"),),
    "memory of a project": (("model/.NBMLOPS/records.db", b"x"),),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_of_a_hostile_archive_is_written(layout: Layout, tmp_path: Path, name: str) -> None:
    opened = open_package(layout, kit_of(layout, tar_of(("model", None), *HOSTILE[name])))
    before = files_below(tmp_path)
    with pytest.raises(IntegrityError, match="refused"):
        unpack(layout, opened, tmp_path / "inner" / "out")
    assert files_below(tmp_path) == before
    assert not Path("/tmp/nbmlops-evil").exists()


def test_a_link_in_the_target_leads_nowhere(layout: Layout, tmp_path: Path) -> None:
    opened = open_package(layout, kit_of(layout, tar_of(("model", None), ("model/a", b"1"))))
    target, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    target.mkdir()
    elsewhere.mkdir()
    (target / "model").symlink_to(elsewhere)
    with pytest.raises(ConflictError, match="a link stands there"):
        unpack(layout, opened, target, existing="overwrite")
    assert not list(elsewhere.iterdir())


def test_zeros_without_end_are_refused(layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nbmlops.package.layer_entries.FREE_BYTES", 1 << 20)
    bomb = tar_of(("model", None), ("model/zeros", bytes(16 << 20)))
    opened = open_package(layout, kit_of(layout, bomb, compression="gzip"))
    assert opened.layers[0].descriptor.size * 200 < len(bomb)
    with pytest.raises(IntegrityError, match="more than 200 times its size"):
        unpack(layout, opened, tmp_path / "out")
    assert not files_below(tmp_path / "out")


@pytest.mark.parametrize("left", [100, 512, 1024, 2000])
def test_an_archive_that_is_cut_short_leaves_nothing(layout: Layout, tmp_path: Path, left: int) -> None:
    whole = tar_of(("model", None), ("model/a", b"1" * 3000))
    opened = open_package(layout, kit_of(layout, whole[:left]))
    with pytest.raises(IntegrityError, match="cut short"):
        unpack(layout, opened, tmp_path / "out")
    assert not files_below(tmp_path / "out")


def test_a_damaged_blob_leaves_nothing(layout: Layout, tmp_path: Path) -> None:
    folder = folder_of(FILES, tmp_path / "wine")
    opened = open_package(layout, pack(folder, read_kitfile(folder / "Kitfile"), layout).descriptor)
    blob = layout.path(opened.layers[-1].descriptor.digest)
    data = bytearray(blob.read_bytes())
    data[600] ^= 1
    blob.write_bytes(data)
    with pytest.raises(IntegrityError, match=r"docs README\.md of the package is damaged"):
        unpack(layout, opened, tmp_path / "out")
    assert not files_below(tmp_path / "out")


def test_files_in_the_way(layout: Layout, tmp_path: Path) -> None:
    folder = folder_of(FILES, tmp_path / "wine")
    opened = open_package(layout, pack(folder, read_kitfile(folder / "Kitfile"), layout).descriptor)
    target = tmp_path / "out"
    (target / "src").mkdir(parents=True)
    (target / "src" / "train.py").write_text("mine")
    with pytest.raises(ConflictError, match=r"train\.py is in the way: it exists and is another"):
        unpack(layout, opened, target)
    assert set(files_below(target)) == {"src/train.py"}
    assert unpack(layout, opened, target, existing="keep").kept == ("src/train.py",)
    assert (target / "src" / "train.py").read_text() == "mine"
    unpack(layout, opened, target, existing="overwrite")
    assert (target / "src" / "train.py").read_text() == FILES["src/train.py"]
    assert unpack(layout, opened, target).files == ()  # all of it is there already


def test_a_package_that_contradicts_itself(layout: Layout, tmp_path: Path) -> None:
    folder = folder_of(FILES, tmp_path / "wine")
    packed = pack(folder, read_kitfile(folder / "Kitfile"), layout)
    other = kit_of(layout, tar_of(("model", None)), kitfile=packed.kitfile)
    with pytest.raises(IntegrityError, match="its Kitfile lists 4 layers, its manifest 1"):
        open_package(layout, other)
