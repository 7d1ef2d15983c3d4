"""Pull requests of GitHub, and of GitHub Enterprise where `address` names its API.

    GitHub(remote="git@github.com:team/wine.git")
    GitHub(remote="https://git.example.org/team/wine.git", address="https://git.example.org/api/v3")

Source: docs.github.com/rest/pulls, version 2022-11-28.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from nbmlops.errors import ConflictError, ExternalError, NotFoundError, UsageError
from nbmlops.forges.hosted import hosted
from nbmlops.forges.wire import Wire
from nbmlops.model.reconciler import ProposalState

VERSION = "2022-11-28"
_METHODS = ("merge", "squash", "rebase")
_MOST_TITLE, _MOST_BODY = 250, 65_000
_PAGE = "30"


class GitHub:
    """`method` is how it merges: merge, squash or rebase."""

    def __init__(self, *, remote: str = "", repository: str = "", address: str = "", method: str = "merge") -> None:
        where = hosted(
            "GitHub",
            remote=remote,
            repository=repository,
            address=address,
            own_host="github.com",
            own_address="https://api.github.com",
        )
        if where.repository.count("/") != 1:
            raise UsageError(
                f"{where.repository} is no repository of GitHub.", kind="forge-repository", hint="It is OWNER/NAME."
            )
        if method not in _METHODS:
            raise UsageError(
                f"GitHub does not merge by {method[:40]!r}.",
                kind="forge-method",
                hint=f"It does by {', '.join(_METHODS)}.",
            )
        self._owner = where.repository.partition("/")[0]
        self._repository = where.repository
        self._pulls = f"/repos/{where.repository}/pulls"
        self._method = method
        self._wire = Wire("GitHub", where.address, variable="GITHUB_TOKEN", headers=_headers)

    def open(self, *, branch: str, target: str, title: str, body: str) -> str:
        title, body = title[:_MOST_TITLE], body[:_MOST_BODY]
        if found := self._newest(branch, target=target, state="open"):
            return self._updated(found, title, body)
        asked = {"title": title, "head": branch, "base": target, "body": body}
        try:
            made = self._wire.ask("POST", self._pulls, to="open a pull request", body=asked)
        except ConflictError:
            # Somebody may have been quicker.
            if found := self._newest(branch, target=target, state="open"):
                return self._updated(found, title, body)
            raise
        return _address(made)

    def state(self, request: str) -> ProposalState:
        try:
            found = self._one(request)
        except NotFoundError as error:
            if error.kind != "request-missing":
                raise
            return ProposalState.GONE
        if _is_merged(found):
            return ProposalState.MERGED
        return ProposalState.OPEN if found.get("state") == "open" else ProposalState.REJECTED

    def close(self, request: str, why: str = "") -> None:
        found = self._one(request)
        if _is_merged(found):
            raise ConflictError(
                f"{_address(found)} is merged, and cannot be closed.", kind="request-merged", hint="Revert it there."
            )
        if found.get("state") != "open":
            return
        number = _number(found)
        if why:
            comments = f"/repos/{self._repository}/issues/{number}/comments"
            self._wire.ask("POST", comments, to="comment on a pull request", body={"body": why[:_MOST_BODY]})
        self._wire.ask("PATCH", f"{self._pulls}/{number}", to="close a pull request", body={"state": "closed"})

    def merge(self, request: str, commit: str = "") -> None:
        found = self._one(request)
        if _is_merged(found):
            return
        if found.get("state") != "open":
            raise ConflictError(
                f"{_address(found)} is closed, and cannot be merged.",
                kind="request-closed",
                hint="Open it again there.",
            )
        asked = {"merge_method": self._method, **({"sha": commit} if commit else {})}
        self._wire.ask("PUT", f"{self._pulls}/{_number(found)}/merge", to="merge a pull request", body=asked)

    def _one(self, request: str) -> Mapping[str, Any]:
        if "://" not in request:
            if found := self._newest(request, state="all"):
                return found
            raise NotFoundError(
                f"No pull request of {self._repository} is for {request}.", kind="request-missing", hint="Open one."
            )
        match = re.search(rf"/{re.escape(self._repository)}/pull/([1-9][0-9]{{0,17}})/?$", request, re.IGNORECASE)
        if match is None:
            raise UsageError(
                f"{request[:200]!r} is no pull request of {self._repository}.",
                kind="request-malformed",
                hint="Give its address, or its branch.",
            )
        return _document(self._wire.ask("GET", f"{self._pulls}/{match[1]}", to="see a pull request"))

    def _newest(self, branch: str, *, state: str, target: str = "") -> Mapping[str, Any] | None:
        query = {"head": f"{self._owner}:{branch}", "state": state, "sort": "created", "direction": "desc"}
        if target:
            query["base"] = target
        found = self._wire.list(self._pulls, to="list pull requests", query={**query, "per_page": _PAGE})
        # What it does not understand in `head` it leaves out, and answers with those of all branches.
        for each in found:
            if _branch(each, "head") == branch and (not target or _branch(each, "base") == target):
                return _document(each)
        return None

    def _updated(self, found: Mapping[str, Any], title: str, body: str) -> str:
        if (found.get("title"), found.get("body") or "") != (title, body):
            place = f"{self._pulls}/{_number(found)}"
            self._wire.ask("PATCH", place, to="change a pull request", body={"title": title, "body": body})
        return _address(found)


def _headers(token: str) -> Mapping[str, str]:
    return {
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": VERSION,
        "Authorization": f"Bearer {token}",
    }


def _is_merged(found: Mapping[str, Any]) -> bool:
    # Lists have the time only.
    return bool(found.get("merged") or found.get("merged_at"))


def _document(answer: Any) -> Mapping[str, Any]:
    if isinstance(answer, dict) and isinstance(answer.get("number"), int) and isinstance(answer.get("html_url"), str):
        return answer
    raise ExternalError("GitHub answers with something that is no pull request.", kind="forge-refused")


def _branch(found: Any, end: str) -> str:
    """At its `head` or `base`."""
    part = found.get(end) if isinstance(found, dict) else None
    return str(part.get("ref", "")) if isinstance(part, dict) else ""


def _number(found: Mapping[str, Any]) -> int:
    return int(_document(found)["number"])


def _address(found: Any) -> str:
    return str(_document(found)["html_url"])
