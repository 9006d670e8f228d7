"""The checkpoint's way by HTTPS: a server of our own with a certificate of our own, good and bad."""

import datetime as dt
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.utils import timezone

from core.actor import Actor
from core.tenancy import mar_scope
from reporting.models import CheckpointDelivery
from reporting.rules.checkpoint import read_file
from reporting.services import checkpoints
from tests.factories import make_mar

pytestmark = pytest.mark.django_db
TOKEN = "token-of-the-receiver"


def _certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Return a self-signed certificate for 127.0.0.1 and its key, as files."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return certificate, secret


@dataclass
class Receiver:
    """A server that notes what it was sent, and answers as it is told."""

    port: int = 0
    status: int = 201
    location: str = ""
    seen: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"https://127.0.0.1:{self.port}/checkpoints?{TOKEN}"


@pytest.fixture
def receiver(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    certificate, secret = _certificate(tmp_path, "receiver")
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.seen.append((self.path, dict(self.headers), body))
            self.send_response(found.status)
            self.send_header("X-Receipt", "R-7")
            if found.location:
                self.send_header("Location", found.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            """Say nothing."""

    class Quiet(HTTPServer):
        def handle_error(self, *_args: Any) -> None:
            """A client that refuses the certificate is what the test wants."""

    server = Quiet(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, secret)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    found.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    settings.CHECKPOINT_FOLDER, settings.CHECKPOINT_MAIL, settings.CHECKPOINT_HOOK = "", [], found.address
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


def _deliver() -> CheckpointDelivery:
    with mar_scope():
        delivery = CheckpointDelivery.objects.get()
        checkpoints.deliver(delivery.pk, at=timezone.now())
        return CheckpointDelivery.objects.select_related("checkpoint").get()


@pytest.fixture(autouse=True)
def made(receiver: Receiver) -> None:
    make_mar()
    with mar_scope():
        checkpoints.make_checkpoint(by=Actor.system("checkpoint"), at=timezone.now())


def test_a_good_server_gets_the_file_once_and_its_receipt_is_kept(receiver: Receiver) -> None:
    delivery = _deliver()
    (path, headers, body) = receiver.seen[0]
    assert path == f"/checkpoints?{TOKEN}"
    assert body == checkpoints.file_of(delivery.checkpoint)
    assert read_file(body, public_key=checkpoints.public_key())
    assert headers["Idempotency-Key"] == delivery.checkpoint.sha256
    assert (delivery.receipt, delivery.problem, delivery.attempts) == ("201 R-7", "", 1)
    assert delivery.delivered_at is not None
    _deliver()
    assert len(receiver.seen) == 1


def test_a_certificate_of_somebody_else_gets_nothing(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, _key = _certificate(tmp_path, "other")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
    delivery = _deliver()
    assert receiver.seen == []
    assert (delivery.delivered_at, delivery.problem) == (None, "SSLError")


@pytest.mark.parametrize(("status", "problem"), [(403, "answered 403"), (500, "answered 500"), (204, "")])
def test_only_a_yes_counts_as_delivered(receiver: Receiver, status: int, problem: str) -> None:
    receiver.status = status
    delivery = _deliver()
    assert delivery.problem.endswith(problem)
    assert (delivery.delivered_at is None) is (problem != "")


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.status, receiver.location = 307, f"https://127.0.0.1:{receiver.port}/elsewhere"
    delivery = _deliver()
    assert [path for path, _headers, _body in receiver.seen] == [f"/checkpoints?{TOKEN}"]
    assert (delivery.delivered_at, delivery.problem) == (None, "NotDelivered: answered 307")


@pytest.mark.parametrize("case", ["delivered", "refused", "unreachable"])
def test_the_receivers_address_is_stored_nowhere(receiver: Receiver, settings: Any, case: str) -> None:
    if case == "refused":
        receiver.status = 401
    if case == "unreachable":
        settings.CHECKPOINT_HOOK = f"https://127.0.0.1:1/checkpoints?{TOKEN}"
    delivery = _deliver()
    with mar_scope():
        rows = [str(vars(row)) for row in CheckpointDelivery.objects.select_related("checkpoint")]
    assert TOKEN not in "".join(rows) + str(vars(delivery.checkpoint))
    assert "127.0.0.1" not in "".join(rows)
