"""What a registry's refusal means for us, in one line with its own words, shortened and without secrets."""

from __future__ import annotations

import contextlib
import email.utils
import time
from collections.abc import Iterable, Mapping

from nbmlops.errors import (
    DeniedError,
    ExternalError,
    IntegrityError,
    NbmlopsError,
    NotFoundError,
    UnavailableError,
    UsageError,
)
from nbmlops.lib.redact import redact
from nbmlops.lib.said import in_a_line
from nbmlops.package.registry.replies import json_of, number_of

MARK = "[redacted]"
_MOST_SAID = 200
_PASSING = (408, 425, 429, 500, 502, 503, 504, 507)
_DAMAGED = ("DIGEST_INVALID", "SIZE_INVALID")
_UNNAMED = ("NAME_INVALID", "TAG_INVALID")


def refusal(
    host: str, what: str, status: int, headers: Mapping[str, str], body: bytes, secrets: Iterable[str] = ()
) -> NbmlopsError:
    """The error for an answer that was not hoped for. `what` was asked of the host, as in `push to team/wine`."""
    codes, said = _said(body, secrets)
    tail = f": {said}" if said else ""
    if status in (401, 403):
        return DeniedError(
            f"{host} does not allow to {what}{tail}.",
            kind="registry-denied",
            hint=f"Log in as somebody who may: nbmlops login {host}",
            status=status,
        )
    if status == 404:
        return NotFoundError(
            f"{host} did not find what it takes to {what}{tail}.",
            kind="package-missing",
            hint="Check the name and the tag; a registry may also hide what needs a login.",
            status=status,
        )
    if status in _PASSING:
        seconds = retry_after(headers)
        return UnavailableError(
            f"{host} could not {what} now (HTTP {status}){tail}.",
            kind="registry-busy" if status == 429 else "registry-failed",
            hint=f"Try again in {seconds:.0f} s." if seconds else "Try again later: what has arrived is kept.",
            status=status,
            retry_after=seconds,
        )
    if any(code in _DAMAGED for code in codes):
        return IntegrityError(
            f"What {host} received to {what} is not what was announced{tail}.",
            kind="blob-damaged",
            hint="The package is damaged on this machine, or on its way: pack it again, or try again.",
            status=status,
        )
    if any(code in _UNNAMED for code in codes):
        return UsageError(
            f"{host} refuses the name to {what}{tail}.", kind="reference-malformed", hint="Choose another."
        )
    if status == 405 or "UNSUPPORTED" in codes:
        return ExternalError(
            f"{host} does not offer to {what}{tail}.",
            kind="registry-unsupported",
            hint="Its administrator may be able to switch it on.",
            status=status,
        )
    return ExternalError(
        f"{host} did not {what} (HTTP {status}){tail}.",
        kind="registry-refused",
        hint="What it says is all that is known; its logs may say more.",
        status=status,
    )


def scrubbed(text: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        if secret:
            text = text.replace(secret, MARK)
    return redact(text)


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that the registry wants to be left alone; 0 where it does not say."""
    text = headers.get("Retry-After", "")
    if (seconds := number_of(text)) is not None:
        return float(seconds)
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    return 0.0


def _said(body: bytes, secrets: Iterable[str]) -> tuple[tuple[str, ...], str]:
    """Codes of the registry's errors, and the words of the first that has some."""
    codes: list[str] = []
    words: list[str] = []
    with contextlib.suppress(TypeError, AttributeError):
        for error in json_of(body).get("errors", ()):
            codes.append(str(error.get("code", "")))
            detail = error.get("detail")
            words += [str(error.get("message") or ""), detail if isinstance(detail, str) else ""]
    # Only what can be printed: a registry's text ends up in a terminal.
    return tuple(codes), in_a_line(next(filter(None, words), ""), *secrets, most=_MOST_SAID)


def status_of(error: NbmlopsError) -> int:
    """The HTTP status that a refusal was made of; 0 for other errors."""
    return int(error.facts.get("status", 0))
