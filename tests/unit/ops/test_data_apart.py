"""Data beside their package: in one of their own, in a bucket, or left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbmlops import api
from nbmlops.errors import IntegrityError, NotFoundError, UsageError
from nbmlops.package.layout import Layout, default_root
from nbmlops.package.opened import open_package
from nbmlops.package.reference import parse
from tests.unit.package.kits import FILES, folder_of

DATA = "data/train.csv"


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITOPS_HOME", str(tmp_path / "kitops"))
    monkeypatch.chdir(tmp_path)


def kitfile(reference: str) -> list[tuple[str, str, str]]:
    layout = Layout(default_root())
    package = open_package(layout, layout.resolve(parse(reference)))
    return [(each.path, each.remote_path, each.remote_hash) for each in package.kitfile.datasets]


def files(folder: str) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file()}


def test_data_apart_are_a_package_that_the_other_refers_to(tmp_path: Path) -> None:
    packed = api.pack(source=str(folder_of(FILES, tmp_path / "wine")), tag="wine:v1", data="apart")
    assert packed.data.startswith("wine-data:")
    assert {layer.kind for layer in packed.package.layers} == {"model", "code", "docs"}
    digest = api.inspect(package=packed.data).package.digest
    assert kitfile("wine:v1") == [(DATA, packed.data, digest)]
    assert [layer.path for layer in api.inspect(package=packed.data).package.layers] == [DATA]


def test_the_same_data_are_packed_once_whatever_refers_to_them(tmp_path: Path) -> None:
    one = folder_of(FILES, tmp_path / "one")
    other = folder_of({**FILES, "src/train.py": "print(2)\n"}, tmp_path / "other")
    changed = folder_of({**FILES, DATA: "a,b\n3,4\n"}, tmp_path / "changed")
    first = api.pack(source=str(one), tag="wine:v1", data="apart")
    second = api.pack(source=str(other), tag="wine:v2", data="apart")
    third = api.pack(source=str(changed), tag="wine:v3", data="apart")
    assert first.data == second.data != third.data
    assert len(api.packages(name="wine-data").packages) == 2


def test_unpacking_brings_them_where_it_is_asked_to(tmp_path: Path) -> None:
    packed = api.pack(source=str(folder_of(FILES, tmp_path / "wine")), tag="wine:v1", data="apart")
    plain = api.unpack(package="wine:v1", dir="plain")
    assert DATA not in files("plain")
    assert (plain.left, plain.data) == ((packed.data,), ())
    full = api.unpack(package="wine:v1", dir="full", include_remote=True)
    assert (tmp_path / "full" / DATA).read_text() == FILES[DATA]
    assert (full.left, full.data) == ((), (packed.data,))
    api.unpack(package="wine:v1", dir="some", include_remote=True, filter=("datasets:train",))
    assert files("some") == {DATA}
    code = api.unpack(package="wine:v1", dir="code", include_remote=True, filter=("code",))
    assert (files("code"), code.data) == ({"src/train.py"}, ())


def test_data_may_be_left_out(tmp_path: Path) -> None:
    packed = api.pack(source=str(folder_of(FILES, tmp_path / "wine")), tag="wine:v1", data="none")
    assert packed.data == ""
    assert kitfile("wine:v1") == []


def test_a_package_without_data_has_none_apart(tmp_path: Path) -> None:
    folder = folder_of(FILES, tmp_path / "wine", "model: {path: model}\n")
    assert api.pack(source=str(folder), tag="wine:v1", data="apart").data == ""


def test_data_that_are_gone_are_told_in_one_line(tmp_path: Path) -> None:
    packed = api.pack(source=str(folder_of(FILES, tmp_path / "wine")), tag="wine:v1", data="apart")
    api.remove(package=packed.data)
    with pytest.raises(NotFoundError, match=r"The data of wine:v1 are in wine-data:.* go on without --include-remote"):
        api.unpack(package="wine:v1", dir="out", include_remote=True)
    assert not Path("out").exists()
    api.unpack(package="wine:v1", dir="out")


def test_a_name_that_leads_to_other_data_by_now(tmp_path: Path) -> None:
    packed = api.pack(source=str(folder_of(FILES, tmp_path / "wine")), tag="wine:v1", data="apart")
    other = folder_of({**FILES, DATA: "other\n"}, tmp_path / "other")
    api.pack(source=str(other), tag=packed.data)
    with pytest.raises(NotFoundError, match="The data of wine:v1"):
        api.unpack(package="wine:v1", dir="out", include_remote=True)


def referring(name: str, to: str, place: Path, *, path: str = DATA) -> None:
    text = f"code:\n- path: src\ndatasets:\n- {{name: train, path: {path}, remotePath: '{to}'}}\n"
    api.pack(source=str(folder_of(FILES, place / name, text)), tag=f"{name}:v1")


def test_references_are_followed_within_bounds(tmp_path: Path) -> None:
    api.pack(source=str(folder_of(FILES, tmp_path / "wine")), tag="base:v1")
    referring("d0", "base:v1", tmp_path)
    for number in range(1, 12):
        referring(f"d{number}", f"d{number - 1}:v1", tmp_path)
    api.unpack(package="d3:v1", dir="near", include_remote=True)
    assert (tmp_path / "near" / DATA).read_text() == FILES[DATA]
    with pytest.raises(IntegrityError, match="over too many others"):
        api.unpack(package="d11:v1", dir="far", include_remote=True)


def test_packages_that_refer_to_each_other_are_refused(tmp_path: Path) -> None:
    referring("one", "other:v1", tmp_path)
    referring("other", "one:v1", tmp_path)
    with pytest.raises(IntegrityError, match="takes its data from a package that takes its own from it"):
        api.unpack(package="one:v1", dir="out", include_remote=True)


def test_data_of_a_foreign_package_come_with_their_own_paths(tmp_path: Path) -> None:
    api.pack(source=str(folder_of(FILES, tmp_path / "wine")), tag="base:v1")
    referring("one", "base:v1", tmp_path, path="elsewhere.csv")
    api.unpack(package="one:v1", dir="out", include_remote=True)
    assert DATA in files("out")


def test_an_object_without_a_hash_could_be_anything(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="have no remoteHash"):
        referring("one", "s3://bucket/train.csv", tmp_path)


@pytest.mark.parametrize("place", ["file:///etc/hostname", "http://127.0.0.1:9/train.csv", "memory://train.csv"])
def test_a_package_may_not_ask_for_what_is_in_no_bucket(place: str, tmp_path: Path) -> None:
    text = f"model: {{path: model}}\ndatasets:\n- {{path: {DATA}, remotePath: '{place}', remoteHash: '{'0' * 32}'}}\n"
    api.pack(source=str(folder_of(FILES, tmp_path / "wine", text)), tag="wine:v1")
    with pytest.raises(IntegrityError, match="is in no bucket: the package may not ask for it"):
        api.unpack(package="wine:v1", dir="out", include_remote=True)
    assert not Path("out").exists() or not files("out")


@pytest.mark.parametrize("data", ["embed", "apart", "none"])
def test_no_other_layer_takes_the_data(data: str, tmp_path: Path) -> None:
    text = f"code:\n- path: .\ndatasets:\n- path: {DATA}\n"
    packed = api.pack(source=str(folder_of(FILES, tmp_path / "wine", text)), tag="wine:v1", data=data)
    api.unpack(package="wine:v1", dir="code", filter=("code",))
    assert "src/train.py" in files("code")
    assert DATA not in files("code")
    if packed.data:
        api.unpack(package=packed.data, dir="data", filter=("datasets",))
        assert files("data") == {DATA}
