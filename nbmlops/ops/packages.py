"""`packages`: list the packages on this machine, newest first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec

from nbmlops.lib.clock import utc_now
from nbmlops.ops.call import Call
from nbmlops.ops.fields import positional
from nbmlops.ops.package_store import KeptPackage, listed, store
from nbmlops.package.reference import parse

_NEVER = datetime.fromtimestamp(0, UTC)


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, positional("Only those of this name, whatever their tag.")] = ""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    packages: tuple[KeptPackage, ...]
    place: str
    """Folder that holds them, shared with `kit`."""
    now: datetime


def packages(call: Call, request: Request) -> Result:
    """Raises UsageError for a name that is none."""
    layout = store()
    repos = (parse(request.name).repo,) if request.name else layout.repos()
    found = [each for repo in repos for each in listed(layout, repo)]
    found.sort(key=lambda each: each.came or _NEVER, reverse=True)
    return Result(packages=tuple(found), place=str(layout.root), now=utc_now())
