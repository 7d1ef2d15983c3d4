"""Logins in the files and helpers of others."""

from __future__ import annotations

import base64
import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from nbmlops.errors import ExternalError, MissingDependencyError
from nbmlops.package.registry.credentials import Login, docker_file, erase, find, store

ALICE = Login(username="alice", password="se:cret")
HELPER = """\
import json, pathlib, sys
place = pathlib.Path(__file__).with_name("kept.json")
kept = json.loads(place.read_text()) if place.exists() else {}
said = sys.stdin.read()
if sys.argv[1] == "store":
    entry = json.loads(said)
    kept[entry["ServerURL"]] = entry
elif sys.argv[1] == "get":
    if said not in kept:
        print("credentials not found in native keychain")
        sys.exit(1)
    print(json.dumps(kept[said]))
elif kept.pop(said, None) is None:
    sys.exit(1)
place.write_text(json.dumps(kept))
"""


def write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def entry(name: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{name}:{password}".encode()).decode()}


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program docker-credential-box; gives the file of what it keeps."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "docker-credential-box"
    program.write_text(f"#!{sys.executable}\n{HELPER}")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder / "kept.json"


@pytest.mark.parametrize("key", ["reg.example:5000", "https://reg.example:5000", "https://reg.example:5000/v2/"])
def test_a_login_in_dockers_file(key: str) -> None:
    write(docker_file(), {"auths": {"other.example": entry("bob", "x"), key: entry("alice", "se:cret")}})
    assert find("reg.example:5000").login == ALICE
    assert find("reg.example").login is None


@pytest.mark.parametrize("host", ["docker.io", "registry-1.docker.io", "index.docker.io"])
def test_docker_hub_has_many_names(host: str) -> None:
    write(docker_file(), {"auths": {"https://index.docker.io/v1/": entry("alice", "se:cret")}})
    assert find(host).login == ALICE


def test_tokens_in_a_file() -> None:
    write(docker_file(), {"auths": {"a.example": {"identitytoken": "i"}, "b.example": {"registrytoken": "r"}}})
    assert find("a.example").login == Login(identity_token="i")
    assert find("b.example").login == Login(registry_token="r")


def test_other_programs_files_are_asked_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Path.home()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "runtime"))
    places = [
        home / ".config/containers/auth.json",
        tmp_path / "runtime/containers/auth.json",
        docker_file(),
        home / ".local/share/kitops/credentials.json",
        tmp_path / "named.json",
    ]
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(places[-1]))
    for number, place in enumerate(places):
        write(place, {"auths": {"a.example": entry(f"user{number}", "x")}})
        login = find("a.example").login
        assert login is not None
        assert login.username == f"user{number}"


def test_a_helper_keeps_gives_and_forgets(helper: Path) -> None:
    write(docker_file(), {"credsStore": "box", "proxies": {"a": 1}})
    assert find("reg.example").login is None
    assert store("reg.example", ALICE) == "docker-credential-box"
    assert "se:cret" not in docker_file().read_text()
    assert json.loads(docker_file().read_text()) == {
        "credsStore": "box",
        "proxies": {"a": 1},
        "auths": {"reg.example": {}},
    }
    assert find("reg.example").login == ALICE
    assert erase("reg.example")
    assert json.loads(helper.read_text()) == {}
    assert find("reg.example").login is None
    assert not erase("reg.example")


def test_a_helper_for_one_host_and_an_identity_token(helper: Path) -> None:
    write(docker_file(), {"credHelpers": {"reg.example": "box"}, "auths": {"b.example": entry("bob", "x")}})
    store("reg.example", Login(identity_token="id"))
    assert json.loads(helper.read_text())["reg.example"]["Username"] == "<token>"
    assert find("reg.example").login == Login(identity_token="id")
    bob = find("b.example").login
    assert bob is not None
    assert bob.username == "bob"


def test_a_missing_helper_is_no_reason_to_fail_before_a_login_is_needed() -> None:
    write(docker_file(), {"credsStore": "nowhere", "auths": {"a.example": entry("alice", "se:cret")}})
    assert find("a.example").login == ALICE
    assert find("b.example").problems == ("docker-credential-nowhere is not installed.",)
    with pytest.raises(MissingDependencyError, match="docker-credential-nowhere"):
        store("b.example", ALICE)


def test_the_name_of_a_helper_is_no_path() -> None:
    write(docker_file(), {"credsStore": "../../tmp/evil"})
    (problem,) = find("a.example").problems
    assert "no name of a credential helper" in problem


def test_what_a_broken_helper_prints_is_not_shown(helper: Path) -> None:
    program = helper.with_name("docker-credential-box")
    program.write_text("#!/bin/sh\necho hunter2; echo hunter2 >&2; exit 1\n")
    write(docker_file(), {"credsStore": "box"})
    with pytest.raises(ExternalError) as caught:
        store("a.example", Login(username="alice", password="hunter2"))
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in " ".join(find("a.example").problems)


def test_a_login_is_kept_for_its_owner_only_and_nothing_else_changes(tmp_path: Path) -> None:
    real = tmp_path / "elsewhere.json"
    write(real, {"detachKeys": "ctrl-e", "auths": {"b.example": entry("bob", "x")}})
    real.chmod(0o644)
    docker_file().parent.mkdir(parents=True)
    docker_file().symlink_to(real)
    assert store("a.example", ALICE) == str(docker_file())
    assert docker_file().is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
    assert json.loads(real.read_text()) == {
        "detachKeys": "ctrl-e",
        "auths": {"b.example": entry("bob", "x"), "a.example": entry("alice", "se:cret")},
    }
    assert find("a.example").login == ALICE
    assert erase("a.example")
    assert not erase("a.example")
    assert json.loads(real.read_text())["auths"] == {"b.example": entry("bob", "x")}


@pytest.mark.parametrize("content", ["{", "[]", '{"auths": 3}', "\x00"])
def test_a_file_that_cannot_be_read_is_named_and_never_overwritten(content: str) -> None:
    docker_file().parent.mkdir(parents=True)
    docker_file().write_text(content)
    (problem,) = find("a.example").problems
    assert str(docker_file()) in problem
    with pytest.raises(ExternalError, match="cannot be read"):
        store("a.example", ALICE)
    assert docker_file().read_text() == content


@pytest.mark.parametrize("bad", [{"auth": "%%%"}, {"auth": "gICA"}, 3, None, {"auth": 7}])
def test_an_entry_that_cannot_be_read_is_none(bad: object) -> None:
    write(docker_file(), {"auths": {"a.example": bad}})
    assert find("a.example").login is None


def test_a_login_does_not_show_its_secrets() -> None:
    assert "se:cret" not in repr(ALICE)
    assert "se:cret" not in f"{ALICE}"
