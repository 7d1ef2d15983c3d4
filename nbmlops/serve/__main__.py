"""`python -m nbmlops.serve MODEL`: what an image starts. Options have variables, for whoever only has these.

| option | variable | |
| --- | --- | --- |
| MODEL | NBMLOPS_MODEL | folder of an MLflow model |
| --name | NBMLOPS_NAME | what it is called in addresses |
| --host | NBMLOPS_HOST | 127.0.0.1 |
| --port | NBMLOPS_PORT | 8080 |
| --uds | NBMLOPS_UDS | a socket, in place of host and port |
| --revision | NBMLOPS_REVISION | number that each answer carries |
| --seconds | NBMLOPS_SECONDS | 60: that a request may take to come, and the model to answer it |
| --log-requests | NBMLOPS_LOG_REQUESTS=1 | a line of JSON for each prediction, without what is in it |
| --keep-requests | NBMLOPS_KEEP_REQUESTS | folder in which what was asked and answered is kept |
| --keep-share | NBMLOPS_KEEP_SHARE | 1: of the requests |
| --keep-without | NBMLOPS_KEEP_WITHOUT | columns, with commas between them, whose values are left out |
| --keep-bytes | NBMLOPS_KEEP_BYTES | 1 GiB: of that folder; the oldest go first |
| --contract | NBMLOPS_CONTRACT | file with what rows have to be, as `deploy` writes it |
| --on-breach | NBMLOPS_ON_BREACH | warn: or reject, or quarantine, which keeps such requests apart |
| | NBMLOPS_TOKEN | what callers must send; made and printed where there is none |
| --no-token | NBMLOPS_NO_TOKEN=1 | whoever reaches it may ask |
| --token-in-front | NBMLOPS_TOKEN_IN_FRONT=1 | whoever stands in front asks for a token: `/openapi.json` says so |
"""

from __future__ import annotations

import argparse
import logging
import os
import secrets
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import uvicorn

from nbmlops.errors import ExternalError, MissingDependencyError, NbmlopsError, UsageError
from nbmlops.serve.app import service
from nbmlops.serve.limits import SECONDS, Limits
from nbmlops.serve.model import load_model
from nbmlops.serve.slot import Slot

if TYPE_CHECKING:
    from nbmlops.quality.door import Door
    from nbmlops.serve.model import ServedModel
    from nbmlops.serve.request_log.log import RequestLog

PORT = 8080
APART = "quarantine"
"""Folder of requests that break the contract, among those that are kept."""
_WAYS = ("warn", "reject", "quarantine")
_GRACE_SECONDS = 20
_PARENT_SECONDS = 1.0


def main(words: list[str] | None = None) -> int:
    """Until SIGTERM or SIGINT; what is being answered then is answered."""
    # As the first process of a container, it would not hear SIGTERM before uvicorn listens to it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    options = _options(words)
    # It writes what callers have sent that a model does not take.
    logging.getLogger("mlflow.models.utils").setLevel(logging.ERROR)
    token = "" if options.no_token else os.environ.get("NBMLOPS_TOKEN") or _new_token()
    if package := os.environ.get("NBMLOPS_PACKAGE"):
        # A model may need modules that lie beside it.
        sys.path.append(package)
    if options.ends_with_parent:
        threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    try:
        kept = _request_log(options)
        door = _door(options)
        apart = _apart(options) if kept is not None and door is not None and door.way == "quarantine" else None
    except NbmlopsError as error:
        print(error, file=sys.stderr)
        return 1
    slot = Slot(options.name)
    config = uvicorn.Config(
        service(
            slot,
            token=token,
            is_token_in_front=options.token_in_front,
            revision=options.revision,
            log_requests=options.log_requests,
            kept=kept,
            apart=apart,
            door=door,
        ),
        host=options.host,
        port=options.port,
        uds=options.uds or None,
        headers=[("x-nbmlops-revision", options.revision)] if options.revision else [],
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    server = uvicorn.Server(config)
    failures: list[str] = []

    def load() -> None:
        try:
            model = load_model(Path(options.model), options.name, Limits(seconds=options.seconds))
            if kept is not None:
                _keep_probabilities(kept, model)
            slot.put(msgspec.structs.replace(model, door=door))
        except NbmlopsError as error:
            failures.append(str(error))
            server.should_exit = True
        else:
            _say(f"{options.name} answers on {options.uds or f'http://{options.host}:{options.port}'}")

    threading.Thread(target=load, name="load", daemon=True).start()
    try:
        # It ends by the signal that it was sent.
        server.run()
    finally:
        for log in (kept, apart):
            if log is not None:
                log.close()
        if slot.is_at_work:
            # Python would wait for the threads of a model that hangs.
            os._exit(0)
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


def _options(words: list[str] | None) -> Any:
    told = os.environ.get
    parser = argparse.ArgumentParser(prog="python -m nbmlops.serve", description="Serve an MLflow model over HTTP.")
    model = told("NBMLOPS_MODEL", "")
    parser.add_argument("model", nargs="?" if model else None, default=model, metavar="MODEL", help="its folder")
    parser.add_argument("--name", default=told("NBMLOPS_NAME", ""), help="default: the folder's")
    parser.add_argument("--host", default=told("NBMLOPS_HOST", "127.0.0.1"))
    parser.add_argument("--port", type=int, default=told("NBMLOPS_PORT", str(PORT)))
    parser.add_argument("--uds", default=told("NBMLOPS_UDS", ""))
    parser.add_argument("--revision", default=told("NBMLOPS_REVISION", ""))
    parser.add_argument("--seconds", type=_seconds, default=told("NBMLOPS_SECONDS", str(SECONDS)))
    parser.add_argument("--log-requests", action="store_true", default=_is_on("NBMLOPS_LOG_REQUESTS"))
    parser.add_argument("--keep-requests", default=told("NBMLOPS_KEEP_REQUESTS", ""))
    parser.add_argument("--keep-share", type=float, default=told("NBMLOPS_KEEP_SHARE", "1"))
    parser.add_argument("--keep-without", default=told("NBMLOPS_KEEP_WITHOUT", ""))
    parser.add_argument("--keep-bytes", type=int, default=told("NBMLOPS_KEEP_BYTES", str(1 << 30)))
    parser.add_argument("--contract", default=told("NBMLOPS_CONTRACT", ""))
    parser.add_argument("--on-breach", choices=_WAYS, default=told("NBMLOPS_ON_BREACH", "warn"))
    parser.add_argument("--ends-with-parent", action="store_true", help="when whoever has started it ends")
    parser.add_argument("--no-token", action="store_true", default=_is_on("NBMLOPS_NO_TOKEN"))
    parser.add_argument("--token-in-front", action="store_true", default=_is_on("NBMLOPS_TOKEN_IN_FRONT"))
    options = parser.parse_args(words)
    options.name = options.name or Path(options.model).resolve().name
    return options


def _keep_probabilities(kept: RequestLog, model: ServedModel) -> None:
    from nbmlops.serve.request_log.probabilities import Probabilities

    kept.probabilities = Probabilities(model.long_way.estimator)


def _door(options: Any) -> Door | None:
    """Raises ExternalError for a contract that cannot be had, UsageError for what is none."""
    if not options.contract:
        return None
    from nbmlops.quality.door import Door, read_contract

    if options.on_breach == "quarantine" and not options.keep_requests:
        raise UsageError("What is kept apart needs --keep-requests.", kind="request-log-folder")
    try:
        data = Path(options.contract).read_bytes()
    except OSError as error:
        raise ExternalError(
            f"The contract {options.contract} cannot be read: {error.strerror or error}.", kind="contract-unreadable"
        ) from error
    return Door(read_contract(data), options.on_breach)


def _apart(options: Any) -> RequestLog | None:
    """For requests that break the contract: all of them, in a folder of their own."""
    options.keep_requests = str(Path(options.keep_requests) / APART)
    options.keep_share = 1.0
    return _request_log(options)


def _request_log(options: Any) -> RequestLog | None:
    """Raises MissingDependencyError without Arrow, ExternalError for a folder that cannot be had."""
    if not options.keep_requests:
        return None
    try:
        from nbmlops.serve.request_log.log import RequestLog, Wanted
    except ImportError as error:
        raise MissingDependencyError(
            "Requests are kept with pyarrow, which is not here.", kind="arrow-missing", hint="pip install pyarrow"
        ) from error
    wanted = Wanted(
        folder=Path(options.keep_requests),
        share=options.keep_share,
        redacted=frozenset(name.strip() for name in options.keep_without.split(",") if name.strip()),
        most_bytes=options.keep_bytes,
    )
    try:
        return RequestLog(wanted, revision=options.revision)
    except OSError as error:
        raise ExternalError(
            f"Requests cannot be kept in {wanted.folder}: {error.strerror or error}.", kind="request-log-folder"
        ) from error


def _seconds(text: str) -> float:
    if not 0 < (found := float(text)) < float("inf"):
        raise ValueError
    return found


def _is_on(variable: str) -> bool:
    return os.environ.get(variable, "") not in ("", "0")


def _end_with_parent() -> None:
    """Whoever watched over it may be killed outright; then nobody would know of it."""
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(_PARENT_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def _new_token() -> str:
    token = secrets.token_urlsafe(24)
    _say(f"Callers send: Authorization: Bearer {token}")
    return token


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
