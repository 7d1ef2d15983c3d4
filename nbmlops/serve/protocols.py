"""Which protocol a prediction is asked for by."""

from __future__ import annotations

from starlette.types import Scope

_ADDRESSES = (("/invocations", "mlflow"), ("/v2/models/", "open-inference"), ("/v1/models/", "kserve-v1"))


def protocol_of(scope: Scope) -> str:
    """Empty for what is no prediction."""
    if scope["type"] != "http" or scope["method"] != "POST":
        return ""
    return next((name for path, name in _ADDRESSES if scope["path"].startswith(path)), "")
