"""Who is told of a finding that begins or ends: a webhook, a command, a mailbox.

    [monitor]
    webhook = "env:HOOK"                    # POST of JSON: the address, or the variable that holds it
    command = ["notify-send", "nbmlops"]    # no shell; the same JSON on its standard input
    [monitor.mail]
    host = "smtp.example.org"
    to = ["team@example.org"]

A channel that fails is told, and stops nothing. Secrets are taken out of what is sent.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from email.message import EmailMessage

import msgspec

from nbmlops.lib.redact import redact, redact_address
from nbmlops.model.finding import Event
from nbmlops.monitor.rules import Channels, Mail

WEBHOOK_SECONDS, COMMAND_SECONDS, MAIL_SECONDS = 5.0, 30.0, 10.0
_TRIES = 2


def tell(events: Sequence[Event], channels: Channels) -> tuple[str, ...]:
    """What went wrong, a sentence each."""
    if not events:
        return ()
    problems = []
    for name, is_wanted, send in (
        ("webhook", bool(channels.webhook), lambda: _post(events, channels.webhook)),
        ("command", bool(channels.command), lambda: _run(events, channels.command)),
        ("mail", channels.mail is not None, lambda: _mail(events, channels.mail)),
    ):
        if is_wanted and (problem := _tried(name, send)):
            problems.append(problem)
    return tuple(problems)


def body_of(events: Sequence[Event]) -> bytes:
    """One JSON document with all of them; `text` is what chat programs show."""
    text = "\n".join(sentence(each) for each in events)
    document = {"text": text, "deployment": events[0].deployment, "events": [msgspec.to_builtins(e) for e in events]}
    return msgspec.json.encode(_clean(document))


def sentence(event: Event) -> str:
    return f"{event.deployment}: {'over: ' if event.is_over else ''}{event.finding.message}"


def _clean(value: object) -> object:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: _clean(each) for key, each in value.items()}
    return [_clean(each) for each in value] if isinstance(value, list) else value


def _tried(name: str, send: Callable[[], str]) -> str:
    try:
        return send()
    except Exception as error:  # noqa: BLE001  whatever a channel does, looking goes on
        return redact_address(f"The {name} of [monitor] has failed: {str(error)[:200] or type(error).__name__}.")


def _post(events: Sequence[Event], address: str) -> str:
    if address.startswith("env:"):
        variable = address.removeprefix("env:")
        address = os.environ.get(variable, "")
        if not address.startswith(("http://", "https://")):
            return f"The webhook of [monitor] is not sent: {variable} holds no address."
    asked = urllib.request.Request(address, body_of(events), {"Content-Type": "application/json"}, method="POST")
    why = ""
    for _ in range(_TRIES):
        try:
            with _opener().open(asked, timeout=WEBHOOK_SECONDS) as reply:
                reply.read(1 << 16)
            return ""
        except urllib.error.HTTPError as error:
            why = f"it answers {error.code}"
            error.close()
        except OSError as error:
            why = str(getattr(error, "reason", None) or error) or type(error).__name__
    return redact_address(f"The webhook of [monitor] has failed twice: {why[:200]}.")


def _opener() -> urllib.request.OpenerDirector:
    """One that does not carry what is told to another address."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *args: object, **more: object) -> None:
            return None

    return urllib.request.build_opener(Stay)


def _run(events: Sequence[Event], command: Sequence[str]) -> str:
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        return f"The command {command[0]} of [monitor] cannot be run: {error.strerror or error}."
    with process:
        try:
            _, said = process.communicate(body_of(events), timeout=COMMAND_SECONDS)
        except subprocess.TimeoutExpired:
            _end(process)
            return f"The command {command[0]} of [monitor] took more than {COMMAND_SECONDS:g} s and was ended."
        except BaseException:
            _end(process)
            raise
    if process.returncode:
        last = said.decode("utf-8", "replace").strip().splitlines()[-1:]
        told = f": {redact(last[0])[:200]}" if last else "."
        return f"The command {command[0]} of [monitor] ended with {process.returncode}{told}"
    return ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """With whatever it has started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


def _mail(events: Sequence[Event], mail: Mail | None) -> str:
    import smtplib

    assert mail is not None
    to = (mail.to,) if isinstance(mail.to, str) else mail.to
    message = EmailMessage()
    subject = redact(sentence(events[0])) if len(events) == 1 else f"{events[0].deployment}: {len(events)} events"
    message["Subject"] = " ".join(subject.split())[:200]
    message["From"], message["To"] = mail.sender, ", ".join(to)
    message.set_content("\n".join(redact(f"{each.time:%Y-%m-%d %H:%M:%S} UTC  {sentence(each)}") for each in events))
    with smtplib.SMTP(mail.host, mail.port, timeout=MAIL_SECONDS) as server:
        if mail.starttls:
            import ssl

            server.starttls(context=ssl.create_default_context())
        if mail.user:
            server.login(mail.user, os.environ.get(mail.password_variable, ""))
        server.send_message(message)
    return ""
