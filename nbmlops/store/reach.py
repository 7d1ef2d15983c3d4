"""Folders, buckets and servers by URL through fsspec, with errors that a person can act on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from nbmlops.errors import DeniedError, MissingDependencyError, NbmlopsError, UnavailableError
from nbmlops.lib.redact import redact

EXTRAS = {
    "s3": "s3",
    "s3a": "s3",
    "gs": "gcs",
    "gcs": "gcs",
    "az": "azure",
    "abfs": "azure",
    "abfss": "azure",
}
"""Scheme of a URL -> extra of this package that brings its client. In these stores a file appears when it is whole."""
_S3 = {"connect_timeout": 5, "read_timeout": 60, "retries": {"max_attempts": 2}}
_DENIED = ("AccessDenied", "Forbidden", "InvalidAccessKeyId", "SignatureDoesNotMatch", "NoCredentials", "Unauthorized")


def scheme_of(url: str) -> str:
    return urlsplit(url).scheme if "://" in url else ""


def open_url(what: str, url: str, *, endpoint: str = "", **options: Any) -> tuple[Any, str]:
    """The file system of a URL or path, and the path in it. `what` it is goes into the errors.

    Raises MissingDependencyError and UnavailableError.
    """
    from fsspec.core import url_to_fs

    scheme = scheme_of(url)
    options |= {"use_listings_cache": False, "skip_instance_cache": True}
    if EXTRAS.get(scheme) == "s3":
        options["config_kwargs"] = _S3
        if endpoint:
            options["client_kwargs"] = {"endpoint_url": endpoint}
    try:
        fs, path = url_to_fs(url, **options)
    except ImportError as error:
        extra = EXTRAS.get(scheme)
        raise MissingDependencyError(
            f"{what} needs a package that is not installed: {str(error).rstrip('.')}.",
            kind="extra-missing",
            hint=f"pip install 'nbmlops[{extra}]'" if extra else "Install what fsspec needs for this address.",
        ) from error
    except ValueError as error:
        raise UnavailableError(
            f"{what} cannot be opened: {redact(str(error)).rstrip('.')}.",
            kind="remote-unreachable",
            hint="Correct its address.",
        ) from error
    return fs, path


@contextlib.contextmanager
def reaching(what: str) -> Iterator[None]:
    """Around every use. What the client complains of becomes one line; each has its own family of exceptions."""
    try:
        yield
    except NbmlopsError:
        raise
    except Exception as error:
        text = " ".join(redact(str(error)).split())[:300].rstrip(".") or type(error).__name__
        named = f"{type(error).__name__} {text}"
        if isinstance(error, PermissionError) or any(word in named for word in _DENIED):
            raise DeniedError(
                f"{what} refuses: {text}.",
                kind="remote-denied",
                hint="Credentials are read where its client reads them: the environment or its own files.",
            ) from error
        raise UnavailableError(
            f"{what} cannot be used: {text}.",
            kind="remote-unreachable",
            hint="Try again: what has arrived stays, only the rest is moved.",
        ) from error
