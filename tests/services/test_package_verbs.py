"""Packages from one machine to another through Debian's docker-registry, by the verbs alone."""

from __future__ import annotations

import io
import json
import pickle
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbmlops import api
from nbmlops.errors import DeniedError, IntegrityError, NotFoundError, UsageError
from nbmlops.package.trust.provenance import Facts, Material, write
from tests.services import servers
from tests.unit.package.kits import FILES, KITFILE, folder_of

pytestmark = pytest.mark.skipif(
    shutil.which("docker-registry") is None,
    reason="docker-registry is not installed. On Debian, as root: apt-get install docker-registry",
)


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setenv("NBMLOPS_KEY_PASSWORD", "between tests")
    monkeypatch.delenv("REGISTRY_AUTH_FILE", raising=False)
    monkeypatch.chdir(tmp_path)
    on(monkeypatch, tmp_path / "maker")


def on(monkeypatch: pytest.MonkeyPatch, machine: Path) -> None:
    """From here on, packages are kept there: another machine."""
    monkeypatch.setenv("KITOPS_HOME", str(machine))


@pytest.fixture
def host(tmp_path: Path) -> Iterator[str]:
    server, host = servers.registry(tmp_path / "registry")
    server.start()
    try:
        yield host
    finally:
        server.stop()


def test_packed_signed_pushed_pulled_verified_unpacked(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(FILES, tmp_path / "wine")
    packed = api.pack(source=str(folder), tag="wine:v1")
    signed = api.sign(package="wine:v1", new_key=True, folder=tmp_path)
    assert signed.made
    assert api.sign(package="wine:v1", folder=tmp_path).made == 0  # it is signed
    name = f"{host}/team/wine:v1"
    pushed = api.push(package="wine:v1", to=name)
    assert pushed.sent == 5
    assert pushed.attached
    assert not api.push(package="wine:v1", to=name).is_new
    (folder / "README.md").write_text("# Wines\n")
    api.pack(source=str(folder), tag="wine:v2")
    again = api.push(package="wine:v2", to=f"{host}/team/wine:v2")
    assert again.sent == 2  # that layer, and the config

    on(monkeypatch, tmp_path / "user")
    pulled = api.pull(package=name)
    assert pulled.package.digest == packed.package.digest
    assert pulled.attached == pushed.attached
    assert [each.reference for each in api.packages().packages] == [name]
    check = api.verify(package=name, key=("nbmlops.pub",), folder=tmp_path)
    assert check.exit_code == 0
    assert [each.name for each in check.package.signers] == ["nbmlops"]
    api.unpack(package=name, dir=str(tmp_path / "out"))
    assert (tmp_path / "out" / "model" / "model.skops").read_text() == FILES["model/model.skops"]


def test_a_key_that_did_not_sign_and_bytes_that_changed(host: str, tmp_path: Path) -> None:
    api.pack(source=str(folder_of(FILES, tmp_path / "wine")), tag="wine:v1")
    other = tmp_path / "other"
    other.mkdir()
    api.sign(package="wine:v1", new_key=True, folder=other)
    api.pack(source=str(tmp_path / "wine"), tag="plain:v1", compression="gzip")
    api.sign(package="plain:v1", new_key=True, folder=tmp_path)
    check = api.verify(package="wine:v1", key=("nbmlops.pub",), folder=tmp_path)
    assert check.exit_code == 9
    assert check.package.signers == ()
    layer = api.inspect(package="wine:v1").package.layers[0]
    blob = next((tmp_path / "maker").rglob(layer.digest.removeprefix("sha256:")))
    blob.write_bytes(b"x" * blob.stat().st_size)
    damaged = api.verify(package="wine:v1")
    assert damaged.exit_code == 9
    assert damaged.package.damaged == ("model",)


def test_only_what_is_verified_is_kept(host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"{host}/team/wine:v1"
    api.pack(source=str(folder_of(FILES, tmp_path / "wine")), tag=name)
    api.push(package=name)
    (tmp_path / "nbmlops-policy.yaml").write_text("signed: nbmlops.pub\n")
    other = tmp_path / "other"
    other.mkdir()
    api.sign(package=name, new_key=True, folder=other)
    (tmp_path / "nbmlops.pub").write_text((other / "nbmlops.pub").read_text())
    on(monkeypatch, tmp_path / "user")
    with pytest.raises(IntegrityError, match=r"is refused: nbmlops-policy\.yaml:1: signed asks for a signature"):
        api.pull(package=name, verify=True)
    assert api.packages().packages == ()
    on(monkeypatch, tmp_path / "maker")
    api.push(package=name)  # with its signature
    on(monkeypatch, tmp_path / "user")
    assert api.pull(package=name, verify=True).attached
    assert [each.reference for each in api.packages().packages] == [name]


def test_parts_of_a_package_that_is_only_on_the_registry(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"{host}/team/wine:v1"
    api.pack(source=str(folder_of(FILES, tmp_path / "wine")), tag=name)
    api.push(package=name)
    on(monkeypatch, tmp_path / "user")
    api.unpack(package=name, dir=str(tmp_path / "out"), filter=("docs",))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["README.md"]
    assert api.packages().packages == ()
    left = [path for path in (tmp_path / "user" / "storage" / "blobs").rglob("*") if path.is_file()]
    assert left == []
    with pytest.raises(NotFoundError, match="There is no package"):
        api.unpack(package=f"{host}/team/wine:v9", dir=str(tmp_path / "none"))


def test_packages_of_a_registry_are_compared_by_the_layers_that_differ(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(FILES, tmp_path / "wine")
    for version, text in (("v1", "a,b\n1,2\n"), ("v2", "a,b\n1,3\n")):
        (folder / "data" / "train.csv").write_text(text)
        api.pack(source=str(folder), tag=f"{host}/team/wine:{version}")
        api.push(package=f"{host}/team/wine:{version}")
    layers = {layer.path: layer.digest for layer in api.inspect(package=f"{host}/team/wine:v2").package.layers}
    # What nobody asks for is not missed.
    (model,) = (tmp_path / "registry" / "data").rglob(f"{layers['model'].removeprefix('sha256:')}/data")
    model.unlink()
    on(monkeypatch, tmp_path / "user")
    found = api.diff(before=f"{host}/team/wine:v1", after=f"{host}/team/wine:v2")
    assert [each.path for each in found.changes] == ["data/train.csv"]
    assert [column.name for column in found.details[0].table.columns] == ["b"]
    assert not (tmp_path / "user").exists()
    on(monkeypatch, tmp_path / "maker")
    api.tag(package=f"{host}/team/wine:v1", name="mine:v1")
    api.remove(package=f"{host}/team/wine:v2")
    mixed = api.diff(before="mine:v1", after=f"{host}/team/wine:v2")
    assert mixed.changes == found.changes
    with pytest.raises(NotFoundError, match="There is no package"):
        api.diff(before="mine:v1", after=f"{host}/team/wine:v9")


def test_a_package_on_the_registry_is_looked_into_and_nothing_of_it_stays(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"{host}/team/wine:v1"
    said = write(Facts(notebook="wine.ipynb", run="4f2a91c07be3", data=(Material(name="a.csv", digest="0" * 64),)))
    files = {**FILES, "provenance.json": json.dumps(said)}
    folder_of(files, tmp_path / "wine", f"{KITFILE}  - path: provenance.json\n")
    packed = api.pack(source="wine", tag=name)
    signed = api.sign(package=name, new_key=True)
    api.push(package=name)
    here = api.inspect(package=name)
    on(monkeypatch, tmp_path / "user")
    there = api.inspect(package=name, remote=True)
    assert (there.package, there.kitfile, there.manifest) == (here.package, here.kitfile, here.manifest)
    assert there.package.digest == packed.package.digest
    assert there.origin == here.origin
    assert there.origin is not None
    assert (there.origin.notebook, there.origin.run, there.origin.data) == ("wine.ipynb", "4f2a91c07be3", 1)
    assert set(there.claims) == set(here.claims)
    assert sorted((each.what, each.form, each.key) for each in there.claims) == [
        ("provenance", "bundle", signed.key),
        ("signature", "bundle", signed.key),
        ("signature", "tag", ""),
    ]
    assert not (tmp_path / "user").exists()
    with pytest.raises(NotFoundError, match="team/beer"):
        api.inspect(package=f"{host}/team/beer:v1", remote=True)


def test_a_package_without_a_registry_goes_nowhere(tmp_path: Path) -> None:
    api.pack(source=str(folder_of(FILES, tmp_path / "wine")), tag="wine:v1")
    with pytest.raises(UsageError, match="wine:v1 names no registry"):
        api.push(package="wine:v1")


def test_a_login_is_kept_used_and_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server, host = servers.registry(tmp_path / "registry", wants_login=True)
    server.start()
    try:
        name = f"{host}/team/wine:v1"
        api.pack(source=str(folder_of(FILES, tmp_path / "wine")), tag=name)
        username, password = servers.REGISTRY_LOGIN
        with pytest.raises(DeniedError, match="nbmlops login"):
            api.push(package=name)
        monkeypatch.setattr("sys.stdin", io.StringIO("wrong\n"))
        with pytest.raises(DeniedError):
            api.login(registry=host, username=username, password_stdin=True)
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
        api.login(registry=host, username=username, password_stdin=True)
        assert api.push(package=name).is_new
        assert api.logout(registry=host).was_known
        assert not api.logout(registry=host).was_known
        with pytest.raises(DeniedError):
            api.push(package=name, to=f"{host}/team/wine:v2")
    finally:
        server.stop()


def test_data_apart_go_along_and_come_when_asked_for(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = api.pack(source=str(folder_of(FILES, tmp_path / "wine")), tag="wine:v1", data="apart")
    name, tag = f"{host}/team/wine:v1", packed.data.partition(":")[2]
    pushed = api.push(package="wine:v1", to=name)
    assert pushed.data == (f"{host}/team/wine-data:{tag}",)
    on(monkeypatch, tmp_path / "user")
    assert api.pull(package=name).left == (packed.data,)
    api.unpack(package=name, dir=str(tmp_path / "out"), include_remote=True)  # the data from the registry
    assert (tmp_path / "out" / "data" / "train.csv").read_text() == FILES["data/train.csv"]
    pulled = api.pull(package=name, include_remote=True)
    assert pulled.data == pushed.data
    assert {each.reference for each in api.packages().packages} == {name, *pushed.data}
    # From here it goes on to another repository, with what it refers to.
    again = api.push(package=name, to=f"{host}/mirror/wine:v1")
    assert again.data == (f"{host}/mirror/wine-data:{tag}",)
    assert api.push(package=name, to=f"{host}/mirror/wine:v2").data == again.data


def test_data_that_nobody_has_stop_the_push_before_it_begins(host: str, tmp_path: Path) -> None:
    packed = api.pack(source=str(folder_of(FILES, tmp_path / "wine")), tag="wine:v1", data="apart")
    api.remove(package=packed.data)
    name = f"{host}/team/wine:v1"
    with pytest.raises(NotFoundError, match="cannot be reached: neither side has them"):
        api.push(package="wine:v1", to=name)
    api.remove(package="wine:v1")
    with pytest.raises(NotFoundError):
        api.pull(package=name)


def test_other_data_under_the_name_are_refused(host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = api.pack(source=str(folder_of(FILES, tmp_path / "wine")), tag="wine:v1", data="apart")
    name = f"{host}/team/wine:v1"
    there = api.push(package="wine:v1", to=name).data[0]
    other = folder_of({**FILES, "data/train.csv": "other\n"}, tmp_path / "other")
    api.pack(source=str(other), tag="other:v1")
    api.push(package="other:v1", to=there)
    on(monkeypatch, tmp_path / "user")
    for call in (
        lambda: api.unpack(package=name, dir=str(tmp_path / "out"), include_remote=True),
        lambda: api.pull(package=name, include_remote=True),
    ):
        with pytest.raises(IntegrityError, match=f"{packed.data} has other data than the package was made with"):
            call()
    assert not (tmp_path / "out").exists()


def test_a_model_that_passes_through_is_told_of_unless_its_signer_is_trusted(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"{host}/team/wine:v1"
    folder = folder_of(FILES, tmp_path / "wine")
    (folder / "model" / "model.pkl").write_bytes(pickle.dumps([1]))
    api.pack(source=str(folder), tag=name)
    api.sign(package=name, new_key=True, folder=tmp_path)
    api.push(package=name)
    on(monkeypatch, tmp_path / "user")
    monkeypatch.setenv("NBMLOPS_HOME", str(tmp_path / "user"))
    told = api.unpack(package=name, dir=str(tmp_path / "out"), filter=("model",))
    assert told.untrusted == ("model/model.pkl",)
    api.trust(key="nbmlops.pub", folder=tmp_path)
    assert api.unpack(package=name, dir=str(tmp_path / "again"), filter=("model",)).untrusted == ()
    assert api.packages().packages == ()
    left = [path for path in (tmp_path / "user" / "storage" / "blobs").rglob("*") if path.is_file()]
    assert left == []
    assert api.pull(package=name).untrusted == ()
    api.trust(remove="nbmlops")
    assert api.pull(package=name).untrusted == ("model/model.pkl",)
