"""Servers on loopback for tests: PostgreSQL, S3 (moto), `mlflow server`, a registry. Each is stopped by its pid."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

BUCKET = "mlf"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(address: str) -> bool:
    try:
        urllib.request.urlopen(address, timeout=2).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


class Server:
    """A process and its log, which is shown when it does not come up."""

    def __init__(
        self, command: list[str], log: Path, *, health: str, seconds: float, env: Mapping[str, str] | None = None
    ) -> None:
        self._command = command
        self._log = log
        self._health = health
        self._seconds = seconds
        self._env = {**os.environ, **(env or {})}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def last_words(self) -> str | None:
        """How it has ended, if it has without being told to, and what it said last."""
        code = None if self._process is None else self._process.poll()
        return None if code is None else f"{self._command[:4]} ended with {code}:\n{self._log.read_text()[-6000:]}"

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self._env, start_new_session=True
            )
        self._await(lambda: answers(self._health))

    def _await(self, is_up: Callable[[], bool]) -> None:
        assert self._process is not None
        deadline = time.monotonic() + self._seconds
        while not is_up():
            # A server that has ended by itself would otherwise be waited for in vain.
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise AssertionError(f"{self._command[:4]} did not come up:\n{self._log.read_text()[-3000:]}")
            time.sleep(0.1)

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(20)


@contextlib.contextmanager
def s3(log: Path) -> Iterator[tuple[Server, str]]:
    """moto, in memory; an empty bucket named BUCKET. Gives its address too."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    server = Server(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], log, health=address, seconds=60
    )
    server.start()
    try:
        urllib.request.urlopen(urllib.request.Request(f"{address}/{BUCKET}", method="PUT"), timeout=20).close()
        yield server, address
    finally:
        server.stop()


def aws(address: str) -> dict[str, str]:
    """Variables by which boto3, s3fs and MLflow find that S3."""
    return {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": address,
        "MLFLOW_S3_ENDPOINT_URL": address,
    }


def postgresql_programs() -> Path | None:
    """The folder of initdb and pg_ctl; Debian keeps them out of the PATH."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return folders[-1].parent if folders else None


@contextlib.contextmanager
def postgresql(programs: Path) -> Iterator[str]:
    """An empty cluster with a database named mlflow, without fsync; gives SQLAlchemy's address of it."""
    # Not below pytest's folder: PostgreSQL refuses to run as root, and another user may not enter there.
    folder = Path(tempfile.mkdtemp(prefix="nbmlops-postgresql-"))
    prefix: list[str] = []
    if os.getuid() == 0:
        user = _unprivileged()
        os.chown(folder, user.pw_uid, user.pw_gid)
        prefix = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    data, port = folder / "data", free_port()

    def run(program: str, *words: str) -> None:
        # Into a file: the server that pg_ctl starts would hold a pipe open.
        with (folder / "output").open("ab") as output:
            done = subprocess.run(
                [*prefix, str(programs / program), *words], cwd=folder, stdout=output, stderr=output, check=False
            )
        assert done.returncode == 0, (folder / "output").read_text()[-2000:]

    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} "
    options += "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"
    try:
        run("initdb", "-D", str(data), "-U", "nb", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8")
        run("pg_ctl", "-D", str(data), "-w", "-t", "60", "-l", str(folder / "log"), "-o", options, "start")
        try:
            run("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "nb", "mlflow")
            # Named in full: SQLAlchemy takes plain postgresql:// for another driver.
            yield f"postgresql+psycopg2://nb@127.0.0.1:{port}/mlflow"
        finally:
            run("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise AssertionError("there is no user postgres or nobody to run PostgreSQL as")


REGISTRY_LOGIN = ("alice", "open sesame")
_HTPASSWD = "alice:$2b$04$CoNfRJkC8Rck7laAUlqozuj.m3btoTJvKq6lC5Wvdc4uh/Zqs68gi\n"
"""That login, as bcrypt keeps it."""


def registry(folder: Path, *, wants_login: bool = False) -> tuple[Server, str]:
    """Debian's docker-registry with its data below `folder`, not started yet; its host and port too."""
    folder.mkdir(parents=True, exist_ok=True)
    host = f"127.0.0.1:{free_port()}"
    config = {
        "version": "0.1",
        "log": {"level": "warn"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}, "delete": {"enabled": True}},
        "http": {"addr": host},
    }
    if wants_login:
        (folder / "htpasswd").write_text(_HTPASSWD)
        config["auth"] = {"htpasswd": {"realm": "test", "path": str(folder / "htpasswd")}}
    # JSON is YAML.
    (folder / "config.yml").write_text(json.dumps(config))
    command = ["docker-registry", "serve", str(folder / "config.yml")]
    return Server(command, folder / "log", health=f"http://{host}/v2/", seconds=60), host


def mlflow_server(
    backend: str, artifacts: str, log: Path, env: Mapping[str, str], *, port: int | None = None
) -> tuple[Server, str]:
    """Not started yet, so that it can be stopped and started again at the same address, which is given too."""
    port = port or free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", backend, "--artifacts-destination", artifacts]
    address = f"http://127.0.0.1:{port}"
    # Seven processes more, which score traces of agents: each of them imports MLflow.
    env = {**env, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    return Server(command, log, health=f"{address}/health", seconds=240, env=env), address
