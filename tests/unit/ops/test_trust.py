"""Loading a pickle runs what its maker put into it: each signer is asked for once, and nobody's own packages are."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest

from nbmlops import api
from nbmlops.errors import ConflictError, IntegrityError, NotFoundError, StateError, UsageError
from nbmlops.ops import trusted_keys
from nbmlops.ops.package_store import opened, store
from nbmlops.ops.trusted_model import require_trust, untrusted_programs
from nbmlops.package.trust.keys import load_public
from tests.unit.package.kits import folder_of

KITFILE = "package: {name: wine}\nmodel: {path: model}\ncode:\n- path: train.py\n"
FILES = {"model/MLmodel": "flavors: {}\n", "train.py": "print(1)\n"}
REFUSED = r"Loading wine:v1 runs code in model/model\.pkl, and nobody"


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KITOPS_HOME", str(tmp_path / "kitops"))
    monkeypatch.setenv("NBMLOPS_HOME", str(tmp_path / "maker"))
    monkeypatch.setenv("NBMLOPS_KEY_PASSWORD", "between tests")
    monkeypatch.chdir(tmp_path)


def packed(place: Path, tag: str = "wine:v1", **more: bytes) -> None:
    folder = folder_of(FILES, place / "wine", KITFILE)
    for name, data in (more or {"model_pkl": pickle.dumps([1])}).items():
        (folder / "model" / name.replace("_", ".")).write_bytes(data)
    api.pack(source=str(folder), tag=tag)


def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on, somebody else has the package."""
    monkeypatch.setenv("NBMLOPS_HOME", str(Path("user").absolute()))


def signed(name: str, tag: str = "wine:v1") -> str:
    """The public key, of a pair of that name."""
    place = Path(name)
    place.mkdir(exist_ok=True)
    api.sign(package=tag, new_key=True, folder=place.absolute())
    return str(Path(shutil.copy(place / "nbmlops.pub", f"{name}.pub")))


def require(name: str = "wine:v1", *, is_trusted: bool = False) -> None:
    layout = store()
    reference, package = opened(layout, name)
    require_trust(layout, reference, package, is_trusted=is_trusted)


def test_what_was_packed_here_loads(tmp_path: Path) -> None:
    packed(tmp_path)
    require()


def test_of_somebody_else_it_does_not_until_the_user_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed(tmp_path)
    elsewhere(monkeypatch)
    with pytest.raises(StateError, match=REFUSED + r" has signed it\. Have its maker sign it"):
        require()
    require(is_trusted=True)
    with pytest.raises(StateError):  # that was for once
        require()


def test_once_per_signer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed(tmp_path)
    packed(tmp_path, "wine:v2", model_pkl=pickle.dumps([2]))
    key = signed("team")
    api.sign(package="wine:v2", key="nbmlops.key", folder=tmp_path / "team")
    elsewhere(monkeypatch)
    with pytest.raises(StateError, match=REFUSED + r" whose key you trust has signed it\. If you know its signer"):
        require()
    added = api.trust(key=key)
    assert (added.is_new, [each.name for each in added.keys]) == (True, ["team"])
    require()
    require("wine:v2")
    assert not api.trust(key=key).is_new
    assert api.trust(remove=added.added[:12]).removed == "team"
    with pytest.raises(StateError, match=REFUSED):
        require()


def test_a_signature_by_another_key_does_not_help(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed(tmp_path)
    signed("stranger")
    packed(tmp_path, "other:v1", model_pkl=pickle.dumps([2]))
    key = signed("team", "other:v1")
    elsewhere(monkeypatch)
    api.trust(key=key)
    require("other:v1")
    with pytest.raises(StateError, match=REFUSED):
        require()


def test_a_signature_over_another_package_does_not_help(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed(tmp_path)
    key = signed("team")
    packed(tmp_path, "evil:v1", model_pkl=pickle.dumps([666]))
    layout = store()
    good, evil = opened(layout, "wine:v1")[1].descriptor.digest, opened(layout, "evil:v1")[1].descriptor.digest
    # The signatures of the good one, laid beside the other under the tag of its own.
    named = layout.tags("localhost/wine")
    tag = f"sha256-{good.removeprefix('sha256:')}.sig"
    layout.add("localhost/evil", named[tag], tags=[f"sha256-{evil.removeprefix('sha256:')}.sig"])
    elsewhere(monkeypatch)
    api.trust(key=key)
    require()
    with pytest.raises(StateError, match="Loading evil:v1 runs code"):
        require("evil:v1")


def test_what_runs_no_code_needs_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed(tmp_path, model_safetensors=b"\x00" * 64)
    elsewhere(monkeypatch)
    require()  # train.py is no part of the model


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("model_pkl", pickle.dumps([1])),
        ("model_joblib", b"\x04\x22\x4d\x18 packed in a way that cannot be looked through"),
        ("loader_py", b"import os\n"),
        ("native_so", b"\x7fELF"),
    ],
)
def test_what_runs_code_is_named(name: str, data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed(tmp_path, **{name: data})
    elsewhere(monkeypatch)
    with pytest.raises(StateError) as caught:
        require()
    assert caught.value.facts["programs"] == [f"model/{name.replace('_', '.')}"]
    assert caught.value.kind == "package-untrusted"


def test_a_model_of_another_package_is_asked_for_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed(tmp_path)
    elsewhere(monkeypatch)
    kitfile = "model: {path: 'wine:v1'}\ncode:\n- path: train.py\n"
    api.pack(source=str(folder_of(FILES, tmp_path / "tuned", kitfile)), tag="tuned:v1")
    with pytest.raises(StateError, match=REFUSED):
        require("tuned:v1")
    api.remove(package="wine:v1")
    with pytest.raises(NotFoundError, match="There is no package wine:v1"):
        require("tuned:v1")


def test_verbs_that_load_nothing_only_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed(tmp_path)
    key = signed("team")
    elsewhere(monkeypatch)
    check = api.verify(package="wine:v1")
    assert (check.exit_code, check.package.untrusted) == (0, ("model/model.pkl",))
    assert api.unpack(package="wine:v1", dir="out").untrusted == ("model/model.pkl",)
    assert api.unpack(package="wine:v1", dir="code", filter=("code",)).untrusted == ()
    api.trust(key=key)
    assert api.verify(package="wine:v1").package.untrusted == ()
    assert api.unpack(package="wine:v1", dir="again").untrusted == ()


def test_a_policy_takes_pickles_of_trusted_signers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed(tmp_path)
    key = signed("team")
    elsewhere(monkeypatch)
    (tmp_path / "nbmlops-policy.yaml").write_text(f"signed: {key}\npickles: trusted\n")
    assert len(api.verify(package="wine:v1").package.findings) == 1
    api.trust(key=key)
    assert api.verify(package="wine:v1").package.findings == ()


def a_key(tmp_path: Path) -> Path:
    packed(tmp_path)
    return Path(signed("team"))


def test_the_list_is_the_users_alone(tmp_path: Path) -> None:
    api.trust(key=str(a_key(tmp_path)))
    path = Path(api.trust().place)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text())["version"] == 1
    path.chmod(0o666)
    with pytest.raises(IntegrityError, match="can be written by others"):
        api.trust()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"kind": "trusted-keys", "version": 9}', "other"])
def test_a_list_that_was_tampered_with_trusts_nobody(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = a_key(tmp_path)
    other = signed("stranger")
    elsewhere(monkeypatch)
    path = Path(api.trust(key=str(key)).place)
    if text == "other":
        found = json.loads(path.read_text())
        found["keys"][0]["pem"] = Path(other).read_text()
        text = json.dumps(found)
    path.write_text(text)
    with pytest.raises(IntegrityError):
        require()
    with pytest.raises(IntegrityError):
        api.trust(key=other)
    assert path.read_text() == text


def test_names_and_keys_that_are_unclear(tmp_path: Path) -> None:
    key = a_key(tmp_path)
    other = signed("stranger")
    api.trust(key=str(key), name="team")
    with pytest.raises(ConflictError, match="team is another key that you trust"):
        api.trust(key=other, name="team")
    assert [each.name for each in api.trust(key=str(key), name="red team").keys] == ["red team"]
    for wrong in ({"key": str(key), "remove": "team"}, {"name": "team"}, {"key": str(key), "name": "a\nb"}):
        with pytest.raises(UsageError):
            api.trust(**wrong)
    with pytest.raises(NotFoundError, match=r"You trust no key team\. There are: red team\."):
        api.trust(remove="team")
    with pytest.raises(IntegrityError, match="not a public key"):
        api.trust(key=str(tmp_path / "team" / "nbmlops.key"))


def test_a_note_of_others_is_none(tmp_path: Path) -> None:
    packed(tmp_path)
    layout = store()
    reference, package = opened(layout, "wine:v1")
    (note,) = (trusted_keys.place().parent / "packed").iterdir()
    assert untrusted_programs(layout, reference, package) == ()
    note.chmod(0o666)
    assert untrusted_programs(layout, reference, package) == ("model/model.pkl",)


def test_a_folder_that_cannot_be_written_does_not_stop_the_packing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "taken").write_text("a file")
    monkeypatch.setenv("NBMLOPS_HOME", str(tmp_path / "taken"))
    packed(tmp_path)
    with pytest.raises(StateError):
        require()


def _add(arguments: tuple[str, str, str]) -> Any:
    home, pem, name = arguments
    os.environ["NBMLOPS_HOME"] = home
    return trusted_keys.add_key(load_public(Path(pem)), name)


def test_two_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    work = []
    for number in range(12):
        public = ec.generate_private_key(ec.SECP256R1()).public_key()
        path = tmp_path / f"{number}.pub"
        path.write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        work.append((str(tmp_path / "maker"), str(path), f"key {number}"))
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert all(pool.map(_add, work, chunksize=1))
    assert {each.name for each in trusted_keys.trusted_keys()} == {f"key {number}" for number in range(12)}
