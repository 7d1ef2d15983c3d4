"""`packages`: list the packages on this machine."""

from __future__ import annotations

from typing import Annotated

import msgspec

from nbmlops.ops.call import Call
from nbmlops.ops.fields import positional
from nbmlops.ops.package_store import PackageView, listed, store
from nbmlops.package.reference import parse


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, positional("Only those of this name, whatever their tag.")] = ""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    packages: tuple[PackageView, ...]
    place: str
    """Folder that holds them, shared with `kit`."""


def packages(call: Call, request: Request) -> Result:
    """Raises UsageError for a name that is none."""
    layout = store()
    repos = (parse(request.name).repo,) if request.name else layout.repos()
    return Result(packages=tuple(each for repo in repos for each in listed(layout, repo)), place=str(layout.root))
