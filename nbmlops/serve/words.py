"""What went wrong in a model, in one line."""

from __future__ import annotations

from nbmlops.errors import ExternalError

_LONGEST = 300


def failed(error: Exception) -> ExternalError:
    return ExternalError(f"The model failed: {type(error).__name__}: {first_line(str(error))}", kind="model-failed")


def first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "it did not say why")[:_LONGEST]
