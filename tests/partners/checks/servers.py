"""A small web server on this machine that answers as a test tells it to, over real sockets."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID

from partners.checks.base import ApplicantFacts

NOBODY = UUID("00000000-0000-4000-8000-00000000c0de")


def facts_of(**changes: object) -> ApplicantFacts:
    """Return an applicant's facts."""
    given = {
        "application_id": NOBODY,
        "company": "Kreislauf PC GmbH",
        "country": "DE",
        "vat_id": "DE136695976",
        "contact_email": "eva@kreislauf.example",
    }
    return ApplicantFacts(**{**given, **changes})  # type: ignore[arg-type]


@dataclass
class Server:
    """Where the server stands and what it was asked."""

    url: str
    port: int
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def answering(
    body: bytes | Callable[[BaseHTTPRequestHandler], None],
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Iterator[Server]:
    """Serve this body to everybody, or let a function speak to each visitor."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            content = self.rfile.read(length)
            server.requests.append((self.command, self.path, dict(self.headers), content))
            if callable(body):
                body(self)
                return
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_args: object) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_args: object) -> None:
            """The visitor hung up: that is what several tests are about."""

    http = Quiet(("127.0.0.1", 0), Handler)
    port = http.server_address[1]
    server = Server(f"http://127.0.0.1:{port}/ask", port)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


def in_drops(handler: BaseHTTPRequestHandler) -> None:
    """Answer one byte at a time, without end."""
    handler.send_response(200)
    handler.end_headers()
    for _n in range(200):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


def silent(_handler: BaseHTTPRequestHandler) -> None:
    """Take the question and say nothing."""
    time.sleep(1.5)


def closed_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
