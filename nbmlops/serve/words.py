"""What went wrong in a model, in one line."""

from __future__ import annotations

from nbmlops.errors import ExternalError, UnavailableError

_LONGEST = 300


def failed(error: Exception) -> ExternalError:
    return ExternalError(f"The model failed: {type(error).__name__}: {first_line(str(error))}", kind="model-failed")


def too_slow(seconds: float) -> ExternalError:
    return ExternalError(
        f"The model has not answered within {seconds:g} s.", kind="model-slow", hint="Send fewer rows at once."
    )


def hanging() -> UnavailableError:
    return UnavailableError(
        "The model hangs at an earlier request.", kind="model-hanging", hint="The service has to be started again."
    )


def queue_full() -> UnavailableError:
    return UnavailableError("Too many requests are waiting already.", kind="queue-full", hint="Ask again in a moment.")


def first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "it did not say why")[:_LONGEST]
