"""A registry in memory, on loopback, that fails as it is told to."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import re
import ssl
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

PIECE = 1 << 16


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@dataclass
class Seen:
    method: str
    path: str
    """With its query."""
    headers: dict[str, str]


@dataclass
class Rule:
    """What is done, `times` times, to requests whose `METHOD path` has a match."""

    pattern: str
    act: Callable[[Handler], None]
    times: int = 1_000_000


@dataclass
class Faulty:
    port: int = 0
    scheme: str = "http"
    blobs: dict[tuple[str, str], bytes] = field(default_factory=dict)
    """(repository, digest) -> bytes; nothing checks them."""
    manifests: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    """(repository, tag or digest) -> media type, bytes."""
    uploads: dict[str, bytearray] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    has_referrers: bool = False
    basic: str = ""
    """NAME:PASSWORD that every request needs."""
    bearer: bool = False
    """Every request needs a token that has been given out for its scope."""
    tokens: dict[str, str] = field(default_factory=dict)
    """Token -> scopes."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def rule(self, pattern: str, act: Callable[[Handler], None], times: int = 1_000_000) -> None:
        self.rules.append(Rule(pattern, act, times))

    def count(self, pattern: str) -> int:
        return len([each for each in self.seen if re.search(pattern, f"{each.method} {each.path}")])


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    faulty: Faulty

    def log_message(self, *words: object) -> None:
        pass

    # Answers

    def answer(self, status: int, body: bytes = b"", **headers: object) -> None:
        self.drain()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def error(self, status: int, code: str, message: str = "", **headers: object) -> None:
        body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
        self.answer(status, body, Content_Type="application/json", **headers)

    def cut(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(2)

    def drain(self) -> bytes:
        data = b"".join(self.incoming())
        return data

    def incoming(self) -> Iterator[bytes]:
        while self.left:
            piece = self.rfile.read1(min(PIECE, self.left))  # type: ignore[attr-defined]
            if not piece:
                self.left = 0
                return
            self.left -= len(piece)
            yield piece

    # Requests

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return self.serve
        raise AttributeError(name)

    def serve(self) -> None:
        self.left = int(self.headers.get("Content-Length") or 0)
        with contextlib.suppress(ConnectionError):
            self._serve()

    def _serve(self) -> None:
        faulty = self.faulty
        with faulty.lock:
            faulty.seen.append(Seen(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
            line = f"{self.command} {self.path}"
            rule = next((each for each in faulty.rules if each.times and re.search(each.pattern, line)), None)
            if rule is not None:
                rule.times -= 1
        if rule is not None:
            rule.act(self)
            return
        if self.path.startswith("/token"):
            self._token()
            return
        if not self._may():
            return
        match = re.fullmatch(r"/v2/(.+?)/(manifests|blobs|tags|referrers)/(.*)", self.path.partition("?")[0])
        if match is None:
            self.answer(200 if self.path == "/v2/" else 404)
            return
        repo, kind, rest = match.groups()
        getattr(self, f"_{kind}")(repo, rest)

    def _may(self) -> bool:
        given = self.headers.get("Authorization", "")
        faulty = self.faulty
        if faulty.basic and not faulty.bearer and given != "Basic " + base64.b64encode(faulty.basic.encode()).decode():
            self.error(401, "UNAUTHORIZED", "who are you", WWW_Authenticate='Basic realm="x"')
            return False
        if faulty.bearer:
            repo = re.match(r"/v2/(.+?)/(manifests|blobs|tags|referrers)/", self.path)
            wanted = {"GET": "pull", "HEAD": "pull", "DELETE": "delete"}.get(self.command, "push")
            scopes = faulty.tokens.get(given.removeprefix("Bearer "), None)
            if scopes is None or (repo and not re.search(rf"repository:{repo[1]}:[a-z,]*{wanted}", scopes)):
                scope = f',scope="repository:{repo[1]}:{wanted}"' if repo else ""
                realm = f'Bearer realm="{faulty.scheme}://{faulty.host}/token",service="faulty"{scope}'
                self.error(401, "UNAUTHORIZED", "who are you", WWW_Authenticate=realm)
                return False
        return True

    def _token(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        form = parse_qs(self.drain().decode())
        given = self.headers.get("Authorization", "")
        expected = "Basic " + base64.b64encode(self.faulty.basic.encode()).decode()
        # With tokens `basic` is what the token server wants to know.
        if self.faulty.basic and given != expected and form.get("refresh_token") != ["refresh-me"]:
            self.error(401, "UNAUTHORIZED", "wrong password")
            return
        token = f"token-{uuid.uuid4().hex}"
        self.faulty.tokens[token] = " ".join(query.get("scope", []) + form.get("scope", []))
        self.answer(200, json.dumps({"token": token}).encode())

    def _manifests(self, repo: str, ref: str) -> None:
        manifests = self.faulty.manifests
        if self.command in ("GET", "HEAD"):
            if (repo, ref) not in manifests:
                self.error(404, "MANIFEST_UNKNOWN", "manifest unknown")
                return
            kind, data = manifests[repo, ref]
            self.answer(200, data, Content_Type=kind, Docker_Content_Digest=digest_of(data))
        elif self.command == "PUT":
            data = self.drain()
            document = json.loads(data)
            needed = [*(document.get("layers") or ()), *filter(None, [document.get("config")])]
            if any((repo, each["digest"]) not in self.faulty.blobs for each in needed):
                self.error(404, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry")
                return
            for name in (ref, digest_of(data)):
                manifests[repo, name] = (self.headers.get("Content-Type", ""), data)
            subject = (document.get("subject") or {}).get("digest")
            extra = {"OCI_Subject": subject} if subject and self.faulty.has_referrers else {}
            self.answer(201, Docker_Content_Digest=digest_of(data), **extra)
        elif (repo, ref) in manifests:
            del manifests[repo, ref]
            self.answer(202)
        else:
            self.error(404, "MANIFEST_UNKNOWN")

    def _tags(self, repo: str, rest: str) -> None:
        names = sorted(ref for name, ref in self.faulty.manifests if name == repo and ":" not in ref)
        query = parse_qs(urlsplit(self.path).query)
        last, most = query.get("last", [""])[0], min(2, int(query.get("n", ["2"])[0]))
        page = [name for name in names if name > last][:most]
        more = page and page[-1] != names[-1]
        link = {"Link": f'</v2/{repo}/tags/list?n={most}&last={page[-1]}>; rel="next"'} if more else {}
        self.answer(200, json.dumps({"name": repo, "tags": page}).encode(), **link)

    def _referrers(self, repo: str, digest: str) -> None:
        if not self.faulty.has_referrers:
            self.answer(404, b"404 page not found")
            return
        found = []
        for (name, ref), (kind, data) in list(self.faulty.manifests.items()):
            document = json.loads(data)
            if name == repo and ":" in ref and (document.get("subject") or {}).get("digest") == digest:
                artifact_type = document.get("artifactType") or document["config"]["mediaType"]
                found.append({"mediaType": kind, "digest": ref, "size": len(data), "artifactType": artifact_type})
        index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": found}
        self.answer(200, json.dumps(index).encode(), Content_Type=index["mediaType"])

    def _blobs(self, repo: str, rest: str) -> None:
        if rest.startswith("uploads/"):
            self._upload(repo, rest.removeprefix("uploads/"))
            return
        data = self.faulty.blobs.get((repo, rest))
        if data is None:
            self.error(404, "BLOB_UNKNOWN", "blob unknown")
            return
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if match and int(match[1]) < len(data):
            start = int(match[1])
            self.answer(206, data[start:], Content_Range=f"bytes {start}-{len(data) - 1}/{len(data)}")
        else:
            self.answer(200, data)

    def _upload(self, repo: str, name: str) -> None:
        query = parse_qs(urlsplit(self.path).query)
        uploads = self.faulty.uploads
        place = f"/v2/{repo}/blobs/uploads/"
        if self.command == "POST":
            mount, source = query.get("mount", [""])[0], query.get("from", [""])[0]
            if (source, mount) in self.faulty.blobs:
                self.faulty.blobs[repo, mount] = self.faulty.blobs[source, mount]
                self.answer(201, Location=f"/v2/{repo}/blobs/{mount}")
                return
            name = uuid.uuid4().hex
            uploads[name] = bytearray()
            self.answer(202, Location=place + name, Range="0-0")
            return
        if name not in uploads:
            self.error(404, "BLOB_UPLOAD_UNKNOWN", "no such upload")
            return
        upload = uploads[name]
        come = {"Location": place + name, "Range": f"0-{max(0, len(upload) - 1)}"}
        if self.command == "GET":
            self.answer(204, **come)
        elif self.command == "DELETE":
            del uploads[name]
            self.answer(204)
        elif self.command == "PATCH":
            if self.headers["Content-Range"].partition("-")[0] != str(len(upload)):
                self.error(416, "BLOB_UPLOAD_INVALID", "another place", **come)
                return
            for piece in self.incoming():
                upload += piece
            self.answer(202, Location=place + name, Range=f"0-{len(upload) - 1}")
        else:
            upload += self.drain()
            data, digest = bytes(upload), query["digest"][0]
            del uploads[name]
            if digest_of(data) != digest:
                self.error(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
                return
            self.faulty.blobs[repo, digest] = data
            self.answer(201, Location=f"/v2/{repo}/blobs/{digest}", Docker_Content_Digest=digest)


def status(code: int, kind: str = "UNKNOWN", message: str = "", **headers: object) -> Callable[[Handler], None]:
    return lambda handler: handler.error(code, kind, message, **headers)


def redirect(url: str, code: int = 307) -> Callable[[Handler], None]:
    return lambda handler: handler.answer(code, Location=url)


def closing(after: int, data: bytes, *, start: int = 0) -> Callable[[Handler], None]:
    """Promise all of the data, send some of it, and hang up."""

    def act(handler: Handler) -> None:
        extra: dict[str, Any] = {}
        if start:
            extra["Content_Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        handler.answer(206 if start else 200, data[start : start + after], Content_Length=len(data) - start, **extra)
        handler.cut()

    return act


def swallowing(after: int) -> Callable[[Handler], None]:
    """Keep some bytes of an upload, and hang up."""

    def act(handler: Handler) -> None:
        name = handler.path.partition("?")[0].rpartition("/")[2]
        come = 0
        for piece in handler.incoming():
            kept = piece[: after - come]
            come += len(kept)
            handler.faulty.uploads[name] += kept
            if come == after:
                break
        handler.cut()

    return act


@contextlib.contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Faulty]:
    faulty = Faulty(scheme="https" if tls else "http")
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"faulty": faulty}))
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    # A client that hangs up is what these tests are about.
    server.handle_error = lambda request, address: None  # type: ignore[method-assign]
    faulty.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield faulty
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
