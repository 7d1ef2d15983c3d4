"""`python -m nbmlops.deploy FOLDER`: the router of one deployment and whoever watches over its replicas.

It lives until it is told to stop. What it does is read from the deployment's folder, so that it goes on where it was
when it is started again.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import signal
import socket
import sys
from pathlib import Path

from nbmlops.deploy.control import Order, Reply, listen
from nbmlops.deploy.folder import DeploymentFolder
from nbmlops.deploy.router.caller import Caller
from nbmlops.deploy.router.local import Local
from nbmlops.deploy.router.router import Router
from nbmlops.deploy.supervise.supervisor import Supervisor
from nbmlops.errors import ConflictError, NbmlopsError
from nbmlops.lib.clock import utc_now
from nbmlops.model.deployment import Status

logger = logging.getLogger("nbmlops.router")
BACKLOG = 1024
_GRACE_SECONDS = 30.0


class Daemon:
    def __init__(self, folder: DeploymentFolder) -> None:
        self._folder = folder
        self._router = Router(folder.token())
        self._supervisor = Supervisor(folder, self._router.pools)
        self._callers: set[Caller] = set()
        self._since = utc_now()
        self._stop = asyncio.Event()
        self._address = ""

    async def run(self) -> None:
        """Raises ConflictError where the port is taken."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        spec = self._folder.spec()
        local = Local(self._router.pools, self._folder.gauges)
        port = bound(spec.host, spec.port)
        self._address = f"http://{spec.host}:{spec.port}"
        server = await loop.create_server(
            lambda: Caller(self._router, local, self._callers), sock=port, backlog=BACKLOG
        )
        control = await listen(self._folder.sockets(), self._answer)
        logger.info("%s answers on %s", spec.name, self._address)
        try:
            self._supervisor.apply(spec)
            await self._stop.wait()
        finally:
            server.close()
            control.close()
            for caller in list(self._callers):
                caller.end()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_GRACE_SECONDS):
                    while self._callers:
                        await asyncio.sleep(0.02)
            await self._supervisor.close()
            logger.info("%s has stopped", spec.name)

    async def _answer(self, order: Order) -> Reply:
        try:
            if order.do == "apply":
                self._supervisor.apply(self._folder.spec())
            elif order.do == "stop":
                self._stop.set()
        except NbmlopsError as error:
            return Reply(problem=str(error))
        return Reply(status=self._status())

    def _status(self) -> Status:
        return Status(
            pid=os.getpid(),
            address=self._address,
            since=self._since,
            revisions=self._supervisor.told(),
            problem=self._supervisor.problem,
        )


def bound(host: str, port: int) -> socket.socket:
    """Raises ConflictError."""
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
    except OSError as error:
        found.close()
        raise ConflictError(
            f"Port {port} of {host} cannot be had: {error.strerror or error}.",
            kind="port-taken",
            hint="Choose another one: --port",
        ) from error
    found.setblocking(False)
    return found


def main(words: list[str]) -> int:
    folder = DeploymentFolder(Path(words[0]).resolve())
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO, stream=sys.stdout)
    with (folder.path / "router.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another router of this deployment runs already.", file=sys.stderr)
            return 3
        try:
            asyncio.run(Daemon(folder).run())
        except NbmlopsError as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
