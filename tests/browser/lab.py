"""JupyterLab or Notebook 7 as a process on loopback, below a base URL that is not the root."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

from tests.isolation import environment
from tests.services.servers import Server, free_port

BASE = "/user/ana/"
MODULES = {"lab": "jupyterlab", "notebook": "notebook"}
OVERRIDES = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension:plugin": {"autosaveInterval": 3600},
}


class Lab:
    """One server. Its folder is where projects are made; pages know its token."""

    def __init__(self, place: Path, cache: Path, *, app: str = "lab", extensions: bool = True) -> None:
        self.root = place / "root"
        self.root.mkdir(parents=True)
        self.token = secrets.token_hex(16)
        self.app = app
        self.port = free_port()
        self.packages = place / "kitops"
        """Where its packages are kept."""
        self.environment = {
            **environment(place / "home", cache),
            "KITOPS_HOME": str(self.packages),
            # Where it stood when it crashed is written into its log.
            "PYTHONFAULTHANDLER": "1",
        }
        self._configure(extensions)
        self._server = Server(
            self._command(),
            place / "jupyter.log",
            health=f"{self.address}api?token={self.token}",
            seconds=60.0,
            env=self.environment,
        )

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}{BASE}"

    @property
    def pid(self) -> int:
        return self._server.pid

    def start(self) -> None:
        self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def revive(self) -> str:
        """Starts it again if it has ended by itself; then gives its last words, and otherwise none."""
        words = self._server.last_words
        if words is not None:
            self._server.start()
        return words or ""

    def switch_on(self) -> None:
        """The server half of nbmlops, from the next start on."""
        self._configure(True)

    def nbmlops(self, *words: str, folder: Path) -> str:
        """The command line in that folder, as somebody uses it beside the page; what it prints."""
        command = [sys.executable, "-m", "nbmlops", *words]
        done = subprocess.run(
            command, cwd=folder, env=self.environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def page_of(self, path: str, workspace: str = "") -> str:
        """The address of a notebook's page; each workspace begins with the default layout."""
        if self.app == "notebook":
            return f"{self.address}notebooks/{path}?token={self.token}"
        name = workspace or f"w{secrets.token_hex(4)}"
        tail = f"tree/{path}" if path else ""
        return f"{self.address}lab/workspaces/{name}/{tail}?token={self.token}"

    def _command(self) -> list[str]:
        lab = ["--LabApp.expose_app_in_browser=True"] if self.app == "lab" else []
        return [
            sys.executable,
            "-m",
            # Not `jupyter lab`: that takes the first one on the PATH, which may be of another Python.
            MODULES[self.app],
            "--no-browser",
            "--ServerApp.allow_root=True",
            "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={self.port}",
            "--ServerApp.port_retries=0",
            f"--ServerApp.base_url={BASE}",
            f"--ServerApp.root_dir={self.root}",
            *lab,
        ]

    def _configure(self, extensions: bool) -> None:
        """The token is not shown in the list of processes; nothing is fetched from elsewhere."""
        config = Path(self.environment["JUPYTER_CONFIG_DIR"])
        settings: dict[str, object] = {"IdentityProvider": {"token": self.token}}
        if not extensions:
            settings["ServerApp"] = {"jpserver_extensions": {"nbmlops": False}}
        (config / "jupyter_server_config.json").write_text(json.dumps(settings))
        os.chmod(config / "jupyter_server_config.json", 0o600)
        # A file in the user's own folder is taken before what the application ships.
        overrides = config / "labconfig" / "default_setting_overrides.json"
        overrides.parent.mkdir(parents=True, exist_ok=True)
        overrides.write_text(json.dumps(OVERRIDES))
