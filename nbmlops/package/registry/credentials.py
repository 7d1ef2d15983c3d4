"""Who we are to a registry: the files and helpers of Docker, Podman and `kit`, read; Docker's written.

A file holds names and passwords itself (`auths`), or names a program that keeps them (`credHelpers`, `credsStore`).
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.errors import ExternalError, MissingDependencyError
from nbmlops.lib.files import atomic_writer
from nbmlops.package.layout import default_root

DOCKER_HUB = "docker.io"
_HUB_NAMES = ("docker.io", "index.docker.io", "registry-1.docker.io")
_HUB_KEY = "https://index.docker.io/v1/"
_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_HELPER_SECONDS = 60
_IDENTITY = "<token>"
"""The name under which helpers keep an identity token instead of a password."""


class Login(msgspec.Struct, frozen=True, kw_only=True):
    username: str = ""
    password: str = ""
    identity_token: str = ""
    """Gives tokens for work; stands in for name and password."""
    registry_token: str = ""
    """Is itself the token for work."""

    def __repr__(self) -> str:
        return f"Login(username={self.username!r}, ...)"

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.password, self.identity_token, self.registry_token)))


class Found(msgspec.Struct, frozen=True, kw_only=True):
    login: Login | None = None
    problems: tuple[str, ...] = ()
    """Files and helpers that could not be asked."""


def docker_file() -> Path:
    folder = os.environ.get("DOCKER_CONFIG")
    return (Path(folder) if folder else Path.home() / ".docker") / "config.json"


def files() -> tuple[Path, ...]:
    """Where to look, first to last."""
    named = os.environ.get("REGISTRY_AUTH_FILE")
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    config = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    places = [
        Path(named) if named else None,
        default_root().parent / "credentials.json",
        docker_file(),
        Path(runtime) / "containers" / "auth.json" if runtime else None,
        Path(config) / "containers" / "auth.json",
    ]
    return tuple(place for place in places if place is not None)


def find(host: str) -> Found:
    """The first login that a file or its helper knows for this host."""
    problems = []
    for path in files():
        try:
            config = _read(path)
        except ExternalError as error:
            problems.append(error.message)
            continue
        try:
            login = _from_helper(config, host)
        except (ExternalError, MissingDependencyError) as error:
            problems.append(error.message)
            login = None
        login = login or _from_file(config, host)
        if login is not None:
            return Found(login=login)
    return Found(problems=tuple(problems))


def store(host: str, login: Login) -> str:
    """Where it is kept now: a helper's name, or a path. Raises ExternalError and MissingDependencyError."""
    path = docker_file()
    config = _read(path)
    key = _key(host)
    auths = config.setdefault("auths", {})
    if helper := _helper(config, host):
        secret = login.identity_token or login.password
        name = _IDENTITY if login.identity_token else login.username
        _ask(helper, "store", json.dumps({"ServerURL": key, "Username": name, "Secret": secret}))
        # Docker lists its logins by these entries.
        auths[key] = {}
    else:
        pair = base64.b64encode(f"{login.username}:{login.password}".encode()).decode()
        auths[key] = {"auth": pair} | ({"identitytoken": login.identity_token} if login.identity_token else {})
    _write(path, config)
    return f"docker-credential-{helper}" if helper else str(path)


def erase(host: str) -> bool:
    """Whether there was something to forget. Other programs' files (Podman's, `kit`'s) are theirs to change."""
    path = docker_file()
    config = _read(path)
    known = _from_file(config, host) is not None
    if helper := _helper(config, host):
        known = _from_helper(config, host) is not None or known
        if known:
            _ask(helper, "erase", _key(host))
    auths = config.get("auths", {})
    listed = [key for key in auths if _host_of(key) == _host_of(host)]
    for key in listed:
        del auths[key]
    if listed:
        _write(path, config)
    return known


def _read(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        config = None
    sections = ("auths", "credHelpers")
    if not isinstance(config, dict) or any(not isinstance(config.get(each, {}), dict) for each in sections):
        raise ExternalError(
            f"The logins in {path} cannot be read.",
            kind="credentials-unreadable",
            hint="Correct the file, or move it away and log in again.",
            path=str(path),
        )
    return config


def _write(path: Path, config: dict[str, Any]) -> None:
    # What a link leads to is replaced, not the link.
    with atomic_writer(path.resolve(), mode=0o600) as file:
        file.write(json.dumps(config, indent="\t", ensure_ascii=False).encode() + b"\n")


def _from_file(config: dict[str, Any], host: str) -> Login | None:
    for key, entry in config.get("auths", {}).items():
        if _host_of(key) != _host_of(host) or not isinstance(entry, dict):
            continue
        given = {name: str(entry.get(name) or "") for name in entry}
        name, password = given.get("username", ""), given.get("password", "")
        if pair := given.get("auth"):
            with contextlib.suppress(binascii.Error, UnicodeDecodeError):
                name, _, password = base64.b64decode(pair).decode().rstrip("\0").partition(":")
        login = Login(
            username=name,
            password=password,
            identity_token=given.get("identitytoken", ""),
            registry_token=given.get("registrytoken", ""),
        )
        if login.secrets:
            return login
    return None


def _from_helper(config: dict[str, Any], host: str) -> Login | None:
    helper = _helper(config, host)
    if not helper:
        return None
    for key in _keys(host):
        answer = _ask(helper, "get", key)
        if answer is not None:
            name, secret = answer
            return Login(identity_token=secret) if name == _IDENTITY else Login(username=name, password=secret)
    return None


def _helper(config: dict[str, Any], host: str) -> str:
    helpers = config.get("credHelpers", {})
    own = next((name for key, name in helpers.items() if _host_of(key) == _host_of(host)), "")
    return str(own or config.get("credsStore") or "")


def _ask(helper: str, what: str, said: str) -> tuple[str, str] | None:
    """Name and secret, or nothing where the helper knows none. What it prints is never shown: it may be a secret."""
    program = f"docker-credential-{helper}"
    if not _HELPER.fullmatch(helper):
        raise ExternalError(
            f"{helper!r} is no name of a credential helper.",
            kind="credentials-helper",
            hint=f"Correct credsStore or credHelpers in {docker_file()}.",
        )
    try:
        done = subprocess.run(
            [program, what], input=said.encode(), capture_output=True, timeout=_HELPER_SECONDS, check=False
        )
    except FileNotFoundError:
        raise MissingDependencyError(
            f"{program} is not installed.",
            kind="credentials-helper",
            hint=f"Install it, or take it out of {docker_file()}.",
        ) from None
    except (OSError, subprocess.TimeoutExpired):
        raise ExternalError(
            f"{program} did not answer.", kind="credentials-helper", hint=f"Try it: {program} list"
        ) from None
    if done.returncode == 0 and what != "get":
        return None
    if done.returncode == 0:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            answer = json.loads(done.stdout)
            return str(answer["Username"]), str(answer["Secret"])
    elif b"not found" in done.stdout + done.stderr or what == "erase":
        return None
    raise ExternalError(
        f"{program} could not {what} the login for {_host_of(said) if what == 'get' else 'this registry'}.",
        kind="credentials-helper",
        hint=f"Try it: {program} list",
    )


def _keys(host: str) -> Iterator[str]:
    yield _key(host)
    if _key(host) == host:
        yield f"https://{host}"


def _key(host: str) -> str:
    """What Docker files a host under."""
    return _HUB_KEY if host in _HUB_NAMES else host


def _host_of(key: str) -> str:
    host = key.partition("://")[2] or key
    host = host.removesuffix("/").removesuffix("/v1").removesuffix("/v2")
    return DOCKER_HUB if host in _HUB_NAMES else host
