"""`python -m nbmlops.serve MODEL`: what an image starts. Options have variables, for whoever only has these.

| option | variable | |
| --- | --- | --- |
| MODEL | NBMLOPS_MODEL | folder of an MLflow model |
| --name | NBMLOPS_NAME | what it is called in addresses |
| --host | NBMLOPS_HOST | 127.0.0.1 |
| --port | NBMLOPS_PORT | 8080 |
| | NBMLOPS_TOKEN | what callers must send; made and printed where there is none |
| --no-token | NBMLOPS_NO_TOKEN=1 | whoever reaches it may ask |
"""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import uvicorn

from nbmlops.errors import NbmlopsError
from nbmlops.serve.app import service
from nbmlops.serve.model import load_model
from nbmlops.serve.slot import Slot

PORT = 8080
_GRACE_SECONDS = 20


def main(words: list[str] | None = None) -> int:
    """Until SIGTERM or SIGINT; what is being answered then is answered."""
    # As the first process of a container, it would not hear SIGTERM before uvicorn listens to it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    options = _options(words)
    token = "" if options.no_token else os.environ.get("NBMLOPS_TOKEN") or _new_token()
    if package := os.environ.get("NBMLOPS_PACKAGE"):
        # A model may need modules that lie beside it.
        sys.path.append(package)
    slot = Slot(options.name)
    config = uvicorn.Config(
        service(slot, token=token),
        host=options.host,
        port=options.port,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    server = uvicorn.Server(config)
    failures: list[str] = []

    def load() -> None:
        try:
            slot.put(load_model(Path(options.model), options.name))
        except NbmlopsError as error:
            failures.append(str(error))
            server.should_exit = True
        else:
            _say(f"{options.name} answers on http://{options.host}:{options.port}")

    threading.Thread(target=load, name="load", daemon=True).start()
    server.run()
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
    parser.add_argument("--no-token", action="store_true", default=told("NBMLOPS_NO_TOKEN", "") not in ("", "0"))
    options = parser.parse_args(words)
    options.name = options.name or Path(options.model).resolve().name
    return options


def _new_token() -> str:
    token = secrets.token_urlsafe(24)
    _say(f"Callers send: Authorization: Bearer {token}")
    return token


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
