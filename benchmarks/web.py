"""The portal behind gunicorn, as it is served, for benchmarks over HTTP."""

import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HELLO = "/health/live"


@contextmanager
def serving(environment: dict[str, str], *, workers: int = 2) -> Iterator[int]:
    """Run gunicorn with sync workers, and give the port it listens at."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    where = ["--bind", f"127.0.0.1:{port}", "--workers", str(workers)]
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "portal.wsgi:application", *where],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(port)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _wait(port: int) -> None:
    for _ in range(300):
        try:
            if ask(port, HELLO)[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server did not start")


def ask(
    port: int, path: str, *, headers: dict[str, str] | None = None, body: str | None = None
) -> tuple[int, float]:
    """Send one request on a connection of its own, a POST when there is a body; return status and seconds."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        began = time.perf_counter()
        connection.request("GET" if body is None else "POST", path, body=body, headers=headers or {})
        response = connection.getresponse()
        response.read()
        return response.status, time.perf_counter() - began
