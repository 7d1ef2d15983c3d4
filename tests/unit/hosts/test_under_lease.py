"""Whoever holds a Lease is alone. The server keeps Leases as Kubernetes does, with versions and conflicts."""

from __future__ import annotations

import ipaddress
import json
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from nbmlops.errors import ConflictError, DeniedError, ExternalError, NotFoundError, StateError, UnavailableError
from nbmlops.hosts import kubernetes
from nbmlops.hosts.lease_client import Leases
from nbmlops.hosts.under_lease import run_under_lease
from tests.unit.hosts.examples import HOSTED, loaded

PATH = "/apis/coordination.k8s.io/v1/namespaces/models/leases/nbmlops-wine"


class ApiServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Api)
        self.lease: dict[str, Any] = loaded(kubernetes.files(HOSTED)["kubernetes/lease.yaml"])
        self.lease["metadata"] |= {"resourceVersion": "1", "namespace": "models", "managedFields": [{"manager": "k"}]}
        self.now = datetime(2031, 5, 1, tzinfo=UTC)
        """Not the time of this machine."""
        self.fault: int | bytes = 0
        self.tokens: set[str] = set()
        self.written: list[dict[str, Any]] = []
        self.lock = threading.Lock()

    @property
    def spec(self) -> dict[str, Any]:
        found: dict[str, Any] = self.lease["spec"]
        return found

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who does not trust the certificate hangs up."""


class _Api(BaseHTTPRequestHandler):
    server: ApiServer

    def do_GET(self) -> None:
        self._answer(None)

    def do_PUT(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _answer(self, body: dict[str, Any] | None) -> None:
        server = self.server
        server.tokens.add(self.headers["Authorization"])
        with server.lock:
            if server.fault:
                status, sent = (server.fault, b"{}") if isinstance(server.fault, int) else (200, server.fault)
            elif self.path != PATH:
                status, sent = 404, b"{}"
            elif (
                body is not None and body["metadata"]["resourceVersion"] != server.lease["metadata"]["resourceVersion"]
            ):
                status, sent = 409, b"{}"
            else:
                if body is not None:
                    server.written.append(body)
                    version = str(int(server.lease["metadata"]["resourceVersion"]) + 1)
                    server.lease = {**body, "metadata": {**body["metadata"], "resourceVersion": version}}
                status, sent = 200, json.dumps(server.lease).encode()
        self.send_response_only(status)
        self.send_header("Date", format_datetime(server.now, usegmt=True))
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)


@pytest.fixture
def api() -> Iterator[ApiServer]:
    with ApiServer() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


@pytest.fixture
def leases(api: ApiServer, tmp_path: Path) -> Leases:
    (tmp_path / "token").write_text("a-token\n")
    return Leases("nbmlops-wine", address=f"http://127.0.0.1:{api.server_port}", namespace="models", account=tmp_path)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_a_command_runs_under_the_lease_and_gives_it_back(leases: Leases, api: ApiServer, tmp_path: Path) -> None:
    assert run_under_lease(leases, "pod-a", python("raise SystemExit(7)")) == 7
    assert api.spec["holderIdentity"] == ""
    assert api.spec["leaseTransitions"] == 1
    assert api.spec["leaseDurationSeconds"] == 60
    assert api.spec["acquireTime"].startswith("2031-05-01T00:00:0")
    for body in api.written:
        kubernetes_validate.validate(body, "1.37", strict=True)
    # What others wrote there is still there.
    assert api.lease["metadata"]["managedFields"] == [{"manager": "k"}]
    assert api.tokens == {"Bearer a-token"}


def test_somebody_elses_lease_is_left_alone(leases: Leases, api: ApiServer, tmp_path: Path) -> None:
    leases.take("pod-a")
    ran = tmp_path / "ran"
    with pytest.raises(ConflictError, match=r"pod-a holds the lease nbmlops-wine for another (60|59) s"):
        run_under_lease(leases, "pod-b", python(f"open({str(ran)!r}, 'w')"))
    assert not ran.exists()
    assert api.spec["holderIdentity"] == "pod-a"


def test_a_lease_that_nobody_renewed_is_taken_over(leases: Leases, api: ApiServer) -> None:
    leases.take("pod-a")
    api.now += timedelta(seconds=59)
    with pytest.raises(ConflictError):
        leases.take("pod-b")
    api.now += timedelta(seconds=2)
    leases.take("pod-b")
    assert api.spec["holderIdentity"] == "pod-b"
    assert api.spec["leaseTransitions"] == 2


def test_of_two_that_take_it_at_once_one_gets_it(leases: Leases, api: ApiServer) -> None:
    held = leases.take("pod-a")
    leases.give_back(held)
    with pytest.raises(ConflictError, match="has just taken"):
        leases.renew(held)


def test_a_lease_is_renewed_while_the_command_runs(leases: Leases, api: ApiServer) -> None:
    assert run_under_lease(leases, "pod-a", python("import time; time.sleep(1)"), seconds=0.3) == 0
    # Taken, given back, and several times renewed.
    assert len(api.written) > 4


def test_a_command_whose_lease_is_lost_is_ended(leases: Leases, api: ApiServer, tmp_path: Path) -> None:
    timer = threading.Timer(0.3, lambda: api.lease["metadata"].update(resourceVersion="99"))
    timer.start()
    with pytest.raises(StateError, match="Somebody else has taken the lease"):
        run_under_lease(leases, "pod-a", python("import time; time.sleep(600)"), seconds=0.3)
    timer.join()


def test_a_command_ends_when_the_server_is_gone_for_too_long(leases: Leases, api: ApiServer) -> None:
    def break_down() -> None:
        api.fault = 503

    timer = threading.Timer(0.2, break_down)
    timer.start()
    with pytest.raises(StateError, match="could not be renewed in time") as raised:
        run_under_lease(leases, "pod-a", python("import time; time.sleep(600)"), seconds=0.6)
    assert "answers 503" in raised.value.hint
    timer.join()


@pytest.mark.parametrize(
    ("fault", "family", "told"),
    [
        (401, DeniedError, "may not get and update"),
        (403, DeniedError, "may not get and update"),
        (404, NotFoundError, "There is no Lease"),
        (409, ConflictError, "has just taken"),
        (429, UnavailableError, "answers 429"),
        (500, UnavailableError, "answers 500"),
        (418, ExternalError, "answers 418"),
        (b"<html>", ExternalError, "answers no JSON"),
        (b"[]", ExternalError, "answers no JSON"),
        (b"{}", ExternalError, "is no Lease"),
        (b'{"metadata": {"name": "x"}, "spec": {"renewTime": 3}}', ExternalError, "is no Lease"),
    ],
)
def test_what_the_server_says_instead_is_told(
    fault: int | bytes, family: type[Exception], told: str, leases: Leases, api: ApiServer
) -> None:
    api.fault = fault
    with pytest.raises(family, match=told):
        leases.take("pod-a")


def test_the_server_is_known_by_the_authority_of_the_pod(api: ApiServer, tmp_path: Path) -> None:
    authority(tmp_path)
    (tmp_path / "token").write_text("a-token")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "ca.crt", tmp_path / "key.pem")
    api.socket = context.wrap_socket(api.socket, server_side=True)
    address = f"https://127.0.0.1:{api.server_port}"
    leases = Leases("nbmlops-wine", address=address, namespace="models", account=tmp_path)
    assert run_under_lease(leases, "pod-a", python("pass")) == 0
    other = tmp_path / "other"
    other.mkdir()
    authority(other)
    (other / "token").write_text("a-token")
    api.tokens.clear()
    with pytest.raises(UnavailableError, match="certificate verify failed"):
        Leases("nbmlops-wine", address=address, namespace="models", account=other).take("pod-a")
    assert api.tokens == set()


def authority(folder: Path) -> None:
    """A certificate for 127.0.0.1 that has signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, folder.name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "ca.crt").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def test_outside_of_a_pod_it_says_so() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nbmlops.hosts.under_lease", "--lease", "x", "--", "true"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "This is no pod with a service account." in done.stderr
    assert "Traceback" not in done.stderr
