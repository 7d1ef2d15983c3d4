"""Merge requests of GitLab: gitlab.com, or the server whose API `address` names.

    GitLab(remote="git@gitlab.com:team/models/wine.git")
    GitLab(remote="https://git.example.org/team/wine.git", address="https://git.example.org/api/v4")

Source: docs.gitlab.com/api/merge_requests, API v4.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from nbmlops.errors import ConflictError, DeniedError, ExternalError, NotFoundError, UsageError
from nbmlops.forges.hosted import hosted
from nbmlops.forges.wire import Wire
from nbmlops.model.reconciler import ProposalState

_MOST_TITLE, _MOST_BODY = 250, 1_000_000
_PAGE = "20"


class GitLab:
    """`method` is how it merges: merge or squash."""

    def __init__(self, *, remote: str = "", repository: str = "", address: str = "", method: str = "merge") -> None:
        where = hosted(
            "GitLab",
            remote=remote,
            repository=repository,
            address=address,
            own_host="gitlab.com",
            own_address="https://gitlab.com/api/v4",
        )
        if method not in ("merge", "squash"):
            raise UsageError(
                f"GitLab does not merge by {method[:40]!r}.", kind="forge-method", hint="It does by merge or squash."
            )
        self._repository = where.repository
        self._requests = f"/projects/{quote(where.repository, safe='')}/merge_requests"
        self._method = method
        self._wire = Wire(
            "GitLab", where.address, variable="GITLAB_TOKEN", headers=lambda token: {"PRIVATE-TOKEN": token}
        )

    def open(self, *, branch: str, target: str, title: str, body: str) -> str:
        title, body = title[:_MOST_TITLE], body[:_MOST_BODY]
        if found := self._newest(branch, target=target, state="opened"):
            return self._updated(found, title, body)
        asked = {"source_branch": branch, "target_branch": target, "title": title, "description": body}
        try:
            made = self._wire.ask("POST", self._requests, to="open a merge request", body=asked)
        except ConflictError:
            # Somebody may have been quicker.
            if found := self._newest(branch, target=target, state="opened"):
                return self._updated(found, title, body)
            raise
        return _address(made)

    def state(self, request: str) -> ProposalState:
        try:
            state = self._one(request).get("state")
        except NotFoundError as error:
            if error.kind != "request-missing":
                raise
            return ProposalState.GONE
        if state == "merged":
            return ProposalState.MERGED
        # It is locked for the moment in which it is merged.
        return ProposalState.OPEN if state in ("opened", "locked") else ProposalState.REJECTED

    def close(self, request: str, why: str = "") -> None:
        found = self._one(request)
        if found.get("state") == "merged":
            raise ConflictError(
                f"{_address(found)} is merged, and cannot be closed.", kind="request-merged", hint="Revert it there."
            )
        if found.get("state") == "closed":
            return
        place = f"{self._requests}/{_number(found)}"
        if why:
            self._wire.ask("POST", f"{place}/notes", to="comment on a merge request", body={"body": why[:_MOST_BODY]})
        self._wire.ask("PUT", place, to="close a merge request", body={"state_event": "close"})

    def merge(self, request: str, commit: str = "") -> None:
        found = self._one(request)
        if found.get("state") == "merged":
            return
        if found.get("state") == "closed":
            raise ConflictError(
                f"{_address(found)} is closed, and cannot be merged.",
                kind="request-closed",
                hint="Open it again there.",
            )
        asked: dict[str, Any] = {"squash": self._method == "squash", **({"sha": commit} if commit else {})}
        try:
            self._wire.ask("PUT", f"{self._requests}/{_number(found)}/merge", to="merge a merge request", body=asked)
        except DeniedError as error:
            # It says so also to a token that it knows, but that may not merge.
            raise DeniedError(
                error.message,
                kind=error.kind,
                hint="The token has to be of somebody who may merge there.",
                **error.facts,
            ) from error

    def _one(self, request: str) -> Mapping[str, Any]:
        if "://" not in request:
            if found := self._newest(request, state="all"):
                return found
            raise NotFoundError(
                f"No merge request of {self._repository} is for {request}.", kind="request-missing", hint="Open one."
            )
        match = re.search(
            rf"/{re.escape(self._repository)}/(?:-/)?merge_requests/([1-9][0-9]{{0,17}})/?$", request, re.IGNORECASE
        )
        if match is None:
            raise UsageError(
                f"{request[:200]!r} is no merge request of {self._repository}.",
                kind="request-malformed",
                hint="Give its address, or its branch.",
            )
        return _document(self._wire.ask("GET", f"{self._requests}/{match[1]}", to="see a merge request"))

    def _newest(self, branch: str, *, state: str, target: str = "") -> Mapping[str, Any] | None:
        query = {"source_branch": branch, "state": state, "order_by": "created_at", "sort": "desc", "per_page": _PAGE}
        if target:
            query["target_branch"] = target
        found = self._wire.list(self._requests, to="list merge requests", query=query)
        for each in found:
            if not isinstance(each, dict):
                continue
            if each.get("source_branch") == branch and (not target or each.get("target_branch") == target):
                return _document(each)
        return None

    def _updated(self, found: Mapping[str, Any], title: str, body: str) -> str:
        if (found.get("title"), found.get("description") or "") != (title, body):
            place = f"{self._requests}/{_number(found)}"
            self._wire.ask("PUT", place, to="change a merge request", body={"title": title, "description": body})
        return _address(found)


def _document(answer: Any) -> Mapping[str, Any]:
    if isinstance(answer, dict) and isinstance(answer.get("iid"), int) and isinstance(answer.get("web_url"), str):
        return answer
    raise ExternalError("GitLab answers with something that is no merge request.", kind="forge-refused")


def _number(found: Mapping[str, Any]) -> int:
    return int(_document(found)["iid"])


def _address(found: Any) -> str:
    return str(_document(found)["web_url"])
