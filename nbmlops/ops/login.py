"""`login`: keep a name and a password for a registry, where Docker and its friends find them."""

from __future__ import annotations

import getpass
import os
import sys
from typing import Annotated

import msgspec

from nbmlops.errors import UsageError
from nbmlops.ops.call import Call
from nbmlops.ops.fields import option, positional
from nbmlops.ops.registries import CA, INSECURE, PLAIN_HTTP
from nbmlops.package.registry.credentials import Login
from nbmlops.package.registry.login import login as keep

VARIABLE = "NBMLOPS_REGISTRY_PASSWORD"


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    registry: Annotated[str, positional("The registry: ghcr.io, 127.0.0.1:5000.")]
    username: Annotated[str, option("The name there.", short="u", metavar="NAME")] = ""
    password_stdin: Annotated[bool, option("Read the password or token from standard input.")] = False
    plain_http: Annotated[bool, option(PLAIN_HTTP)] = False
    ca: Annotated[str, option(CA, metavar="FILE")] = ""
    insecure: Annotated[bool, option(INSECURE)] = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    registry: str
    username: str
    place: str
    """File or helper that keeps it."""


def login(call: Call, request: Request) -> Result:
    """Raises DeniedError where the registry does not take it; then nothing is kept."""
    username = request.username or _asked("Name: ", "--username")
    given = Login(username=username, password=_password(request))
    verify = str(call.path(request.ca)) if request.ca else not request.insecure
    place = keep(request.registry, given, plain_http=request.plain_http or None, verify=verify)
    return Result(registry=request.registry, username=username, place=place)


def _password(request: Request) -> str:
    if request.password_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if VARIABLE in os.environ:
        return os.environ[VARIABLE]
    if not sys.stdin.isatty():
        raise UsageError(
            "The password is missing, and nobody is here to type it.",
            kind="password-missing",
            hint=f"Give it by --password-stdin or in the variable {VARIABLE}.",
        )
    return getpass.getpass(f"Password for {request.registry}: ")


def _asked(prompt: str, option: str) -> str:
    if not sys.stdin.isatty():
        raise UsageError("The name is missing.", kind="username-missing", hint=f"Give it by {option}.")
    return input(prompt).strip()
