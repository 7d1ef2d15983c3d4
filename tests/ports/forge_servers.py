"""Small HTTP servers that keep pull requests and merge requests by the rules that GitHub and GitLab document.

They are not GitHub and GitLab: nothing of ours has been tried against the real ones here. What they check of each
request (method, path, query, headers, body) and what they answer was written from the public documentation of both REST
APIs, and what that leaves open is as unknown to these tests as to their reader.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

TOKEN = "t0ken-that-nobody-may-see"
Answer = tuple[int, dict[str, str], Any]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


class Request(msgspec.Struct, kw_only=True):
    number: int
    branch: str
    target: str
    title: str
    body: str
    state: str = "open"
    comments: list[str] = []


class ForgeServer:
    """What both have in common: branches, requests, and what people do by hand."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.branches = {"main": "a" * 40, "auto-update/wine": "b" * 40}
        self.requests: list[Request] = []
        self.instead: Callable[[Asked], Answer | None] = lambda asked: None
        """What it answers instead; None: as ever."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.host = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def close_server(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def commit(self) -> str:
        return self.branches["auto-update/wine"]

    def push(self) -> str:
        self.branches["auto-update/wine"] = "c" * 40
        return self.commit()

    def merge(self, url: str) -> None:
        self._of(url).state = "merged"

    def close(self, url: str) -> None:
        self._of(url).state = "closed"

    def said(self, url: str) -> tuple[str, str, tuple[str, ...]]:
        found = self._of(url)
        return found.title, found.body, tuple(found.comments)

    def answer(self, asked: Asked) -> Answer:
        raise NotImplementedError

    def is_open(self, branch: str, target: str) -> bool:
        return any((each.branch, each.target, each.state) == (branch, target, "open") for each in self.requests)

    def opened(self, branch: str, target: str, title: str, body: str) -> Request:
        made = Request(number=len(self.requests) + 1, branch=branch, target=target, title=title, body=body)
        self.requests.append(made)
        return made

    def _of(self, url: str) -> Request:
        return self.requests[int(url.rsplit("/", 1)[1]) - 1]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        forge = self

        class Handler(BaseHTTPRequestHandler):
            def handle_all(self) -> None:
                parts = urlsplit(self.path)
                data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                asked = Asked(
                    method=self.command,
                    path=parts.path,
                    query=dict(parse_qsl(parts.query)),
                    headers={name.lower(): value for name, value in self.headers.items()},
                    body=json.loads(data) if data else None,
                )
                forge.asked.append(asked)
                status, headers, body = forge.instead(asked) or forge.answer(asked)
                sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            do_GET = do_POST = do_PUT = do_PATCH = handle_all

            def log_message(self, *args: object) -> None:
                pass

        return Handler


class GitHubServer(ForgeServer):
    """`/repos/team/wine/pulls`."""

    remote = "https://git.example.org/team/wine.git"

    @property
    def address(self) -> str:
        return f"{self.host}/api/v3"

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, {}, {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest"}
        assert asked.headers["accept"] == "application/vnd.github+json"
        assert asked.headers["x-github-api-version"] == "2022-11-28"
        assert asked.headers["user-agent"]
        parts = asked.path.removeprefix("/api/v3/repos/team/wine").strip("/").split("/")
        match asked.method, parts:
            case "GET", ["pulls"]:
                return 200, {}, self._listed(asked.query)
            case "POST", ["pulls"]:
                return self._made(asked.body)
            case "POST", ["issues", number, "comments"]:
                self.requests[int(number) - 1].comments.append(asked.body["body"])
                return 201, {}, {"id": 1, "body": asked.body["body"]}
            case method, ["pulls", number, *rest] if int(number) <= len(self.requests):
                found = self.requests[int(number) - 1]
                if method == "PUT" and rest == ["merge"]:
                    return self._merged(found, asked.body)
                if method == "PATCH":
                    assert set(asked.body) <= {"title", "body", "state", "base", "maintainer_can_modify"}
                    found.title, found.body = asked.body.get("title", found.title), asked.body.get("body", found.body)
                    found.state = asked.body.get("state", found.state)
                return 200, {}, {**self._document(found), "merged": found.state == "merged"}
        return 404, {}, {"message": "Not Found"}

    def _listed(self, query: dict[str, str]) -> list[dict[str, Any]]:
        state = query.get("state", "open")
        found = [each for each in self.requests if state == "all" or (each.state == "open") == (state == "open")]
        if "head" in query and ":" in query["head"]:
            found = [each for each in found if f"team:{each.branch}" == query["head"]]
        if "base" in query:
            found = [each for each in found if each.target == query["base"]]
        found = sorted(found, key=lambda each: each.number, reverse=query.get("direction") == "desc")
        return [self._document(each) for each in found[: int(query.get("per_page", 30))]]

    def _made(self, body: dict[str, Any]) -> Answer:
        assert set(body) <= {"title", "head", "base", "body", "draft", "maintainer_can_modify"}
        if body["head"] not in self.branches or body["base"] not in self.branches:
            error: dict[str, Any] = {"resource": "PullRequest", "field": "head", "code": "invalid"}
        elif self.is_open(body["head"], body["base"]):
            message = f"A pull request already exists for team:{body['head']}."
            error = {"resource": "PullRequest", "code": "custom", "message": message}
        else:
            return 201, {}, self._document(self.opened(body["head"], body["base"], body["title"], body["body"]))
        return 422, {}, {"message": "Validation Failed", "errors": [error]}

    def _merged(self, found: Request, body: dict[str, Any]) -> Answer:
        assert set(body) <= {"commit_title", "commit_message", "sha", "merge_method"}
        if found.state != "open":
            return 405, {}, {"message": "Pull Request is not mergeable"}
        if body.get("sha", self.branches[found.branch]) != self.branches[found.branch]:
            return 409, {}, {"message": "Head branch was modified. Review and try the merge again."}
        found.state = "merged"
        return 200, {}, {"sha": "d" * 40, "merged": True, "message": "Pull Request successfully merged"}

    def _document(self, found: Request) -> dict[str, Any]:
        return {
            "number": found.number,
            "html_url": f"https://git.example.org/team/wine/pull/{found.number}",
            "state": "open" if found.state == "open" else "closed",
            "merged_at": "2026-01-01T00:00:00Z" if found.state == "merged" else None,
            "title": found.title,
            "body": found.body or None,
            "head": {"ref": found.branch, "sha": self.branches.get(found.branch, "")},
            "base": {"ref": found.target},
        }


class GitLabServer(ForgeServer):
    """`/projects/team%2Fmodels%2Fwine/merge_requests`."""

    remote = "git@git.example.org:team/models/wine.git"

    @property
    def address(self) -> str:
        return f"{self.host}/api/v4"

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("private-token") != TOKEN:
            return 401, {}, {"message": "401 Unauthorized"}
        head = "/api/v4/projects/team%2Fmodels%2Fwine/merge_requests"
        if not asked.path.startswith(head):
            return 404, {}, {"message": "404 Project Not Found"}
        parts = [unquote(part) for part in asked.path.removeprefix(head).strip("/").split("/") if part]
        match asked.method, parts:
            case "GET", []:
                return 200, {}, self._listed(asked.query)
            case "POST", []:
                return self._made(asked.body)
            case method, [number, *rest] if int(number) <= len(self.requests):
                found = self.requests[int(number) - 1]
                if method == "POST" and rest == ["notes"]:
                    found.comments.append(asked.body["body"])
                    return 201, {}, {"id": 1, "body": asked.body["body"]}
                if method == "PUT" and rest == ["merge"]:
                    return self._merged(found, asked.body)
                if method == "PUT":
                    assert set(asked.body) <= {"title", "description", "state_event", "target_branch"}
                    found.title = asked.body.get("title", found.title)
                    found.body = asked.body.get("description", found.body)
                    if "state_event" in asked.body:
                        found.state = {"close": "closed", "reopen": "open"}[asked.body["state_event"]]
                return 200, {}, self._document(found)
        return 404, {}, {"message": "404 Not found"}

    def _listed(self, query: dict[str, str]) -> list[dict[str, Any]]:
        documents = [self._document(each) for each in self.requests]
        if (state := query.get("state", "all")) != "all":
            documents = [each for each in documents if each["state"] == state]
        for name in ("source_branch", "target_branch"):
            if name in query:
                documents = [each for each in documents if each[name] == query[name]]
        documents.sort(key=lambda each: each["iid"], reverse=query.get("sort", "desc") == "desc")
        return documents[: int(query.get("per_page", 20))]

    def _made(self, body: dict[str, Any]) -> Answer:
        assert set(body) <= {"source_branch", "target_branch", "title", "description", "remove_source_branch", "squash"}
        branch, target = body["source_branch"], body["target_branch"]
        if self.is_open(branch, target):
            return 409, {}, {"message": ["Another open merge request already exists for this source branch: !1"]}
        if branch not in self.branches:
            return 422, {}, {"message": {"source_branch": ["does not exist"]}}
        return 201, {}, self._document(self.opened(branch, target, body["title"], body["description"]))

    def _merged(self, found: Request, body: dict[str, Any]) -> Answer:
        assert set(body) <= {"sha", "squash", "merge_commit_message", "squash_commit_message"}
        if found.state != "open":
            return 405, {}, {"message": "405 Method Not Allowed"}
        if body.get("sha", self.branches[found.branch]) != self.branches[found.branch]:
            return 409, {}, {"message": "SHA does not match HEAD of source branch"}
        found.state = "merged"
        return 200, {}, self._document(found)

    def _document(self, found: Request) -> dict[str, Any]:
        return {
            "id": 1000 + found.number,
            "iid": found.number,
            "web_url": f"https://git.example.org/team/models/wine/-/merge_requests/{found.number}",
            "state": {"open": "opened"}.get(found.state, found.state),
            "title": found.title,
            "description": found.body,
            "source_branch": found.branch,
            "target_branch": found.target,
            "sha": self.branches.get(found.branch),
        }
