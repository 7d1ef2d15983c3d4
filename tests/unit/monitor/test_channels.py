"""Events as they reach a webhook, a command and a mailbox: real ones, on this machine."""

from __future__ import annotations

import json
import os
import socketserver
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from nbmlops.model.finding import Event, Finding
from nbmlops.monitor import channels
from nbmlops.monitor.channels import tell
from nbmlops.monitor.rules import Channels, Mail

EVENT = Event(
    time=datetime(2026, 3, 1, 12, tzinfo=UTC),
    deployment="wine",
    finding=Finding(kind="drift", subject="hue", message="hue has drifted: api_key='s3cr3t-s3cr3t'", value=0.4),
)
OVER = Event(time=EVENT.time, deployment="wine", finding=EVENT.finding, is_over=True)


class Hook(HTTPServer):
    """Answers with `answers`, one after the other, the last one for ever."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Posted)
        self.answers = [200]
        self.got: list[Any] = []
        self.wait = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook"


class Posted(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        self.server.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        time.sleep(self.server.wait)
        answers = self.server.answers
        self.send_response(answers.pop(0) if len(answers) > 1 else answers[0])
        self.send_header("Location", self.server.url)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class Mailbox(socketserver.TCPServer):
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Received)
        self.mails: list[str] = []


class Received(socketserver.StreamRequestHandler):
    """As much of SMTP as a message needs."""

    server: Mailbox

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = []
                while (text := self.rfile.readline()) != b".\r\n":
                    lines.append(text)
                self.server.mails.append(b"".join(lines).decode())
            if word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            self.wfile.write(b"250 well\r\n")


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_webhook_gets_all_events_at_once_without_secrets(hook: Hook) -> None:
    assert tell([EVENT, OVER], Channels(webhook=hook.url)) == ()
    (document,) = hook.got
    assert document["deployment"] == "wine"
    assert document["text"].splitlines()[1].startswith("wine: over: hue has drifted")
    assert [each["is_over"] for each in document["events"]] == [False, True]
    assert "s3cr3t" not in json.dumps(document)


def test_a_webhook_that_fails_is_asked_once_more_and_then_told(hook: Hook) -> None:
    hook.answers = [500, 200]
    assert tell([EVENT], Channels(webhook=hook.url)) == ()
    hook.answers = [503]
    (problem,) = tell([EVENT], Channels(webhook=hook.url))
    assert problem == "The webhook of [monitor] has failed twice: it answers 503."
    assert len(hook.got) == 4


def test_a_webhook_is_not_followed_elsewhere_and_may_come_from_the_environment(
    hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook.answers = [307]
    (problem,) = tell([EVENT], Channels(webhook=hook.url))
    assert "it answers 307" in problem
    assert len(hook.got) == 2
    hook.answers = [200]
    monkeypatch.setenv("HOOK", hook.url)
    assert tell([EVENT], Channels(webhook="env:HOOK")) == ()
    (problem,) = tell([EVENT], Channels(webhook="env:ABSENT"))
    assert problem == "The webhook of [monitor] is not sent: ABSENT holds no address."


def test_nobody_there_and_somebody_who_does_not_answer_are_told(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    (problem,) = tell([EVENT], Channels(webhook="http://127.0.0.1:9/hook?token=abcdef"))
    assert "refused" in problem
    assert "abcdef" not in problem
    monkeypatch.setattr(channels, "WEBHOOK_SECONDS", 0.1)
    hook.wait = 0.4
    (problem,) = tell([EVENT], Channels(webhook=hook.url))
    assert "timed out" in problem


def test_a_command_gets_them_on_its_standard_input_and_no_shell(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert tell([EVENT], Channels(command=("tee", str(out)))) == ()
    assert json.loads(out.read_text())["events"][0]["finding"]["kind"] == "drift"
    assert tell([EVENT], Channels(command=("test", "$HOME;", "=", "$HOME;"))) == ()


def test_a_command_that_fails_hangs_or_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (failed,) = tell([EVENT], Channels(command=("sh", "-c", "echo no such room >&2; exit 3")))
    assert failed == "The command sh of [monitor] ended with 3: no such room"
    (absent,) = tell([EVENT], Channels(command=("/absent/notify",)))
    assert absent == "The command /absent/notify of [monitor] cannot be run: No such file or directory."
    assert tell([EVENT] * 5000, Channels(command=("true",))) == ()
    monkeypatch.setattr(channels, "COMMAND_SECONDS", 0.3)
    pid = tmp_path / "pid"
    (slow,) = tell([EVENT], Channels(command=("sh", "-c", f"sleep 60 & echo $! > {pid}; wait")))
    assert "took more than 0.3 s and was ended" in slow
    child = int(pid.read_text())
    for _ in range(100):
        if not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text().split()[2]:
            break
        time.sleep(0.02)
    else:
        os.kill(child, 9)
        pytest.fail("what it has started goes on")


def test_a_mailbox_gets_a_message(mailbox: Mailbox) -> None:
    mail = Mail(host="127.0.0.1", port=mailbox.server_address[1], to=("team@example.org", "me@example.org"))
    assert tell([EVENT], Channels(mail=mail)) == ()
    assert tell([EVENT, OVER], Channels(mail=mail)) == ()
    one, two = mailbox.mails
    assert "To: team@example.org, me@example.org" in one
    assert "Subject: wine: hue has drifted" in one
    assert "2026-03-01 12:00:00 UTC  wine: hue has drifted" in one
    assert "Subject: wine: 2 events" in two
    assert "s3cr3t" not in one + two


def test_one_that_fails_does_not_keep_the_others_from_being_told(hook: Hook) -> None:
    problems = tell([EVENT], Channels(webhook=hook.url, mail=Mail(host="127.0.0.1", port=9, to="x@example.org")))
    assert len(hook.got) == 1
    assert len(problems) == 1
    assert problems[0].startswith("The mail of [monitor] has failed")


def test_without_events_nobody_is_told(hook: Hook) -> None:
    assert tell([], Channels(webhook=hook.url)) == ()
    assert hook.got == []
