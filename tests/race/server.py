"""A real web server against one test database, and the machines that call it all at once."""

import ctypes
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 120
_LIBC = ctypes.CDLL(None)


class SocketConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self) -> None:
        """Connect to the socket instead of a port."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


@dataclass(frozen=True)
class Answer:
    """One answer, with the moments (time.monotonic) between which it was made."""

    status: int
    body: Any
    sent_at: float
    came_at: float
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """Return the problem's code, empty for a success."""
        return str(self.body.get("code", "")) if isinstance(self.body, dict) else ""


@dataclass(frozen=True)
class Server:
    """A running gunicorn."""

    socket: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def faults(self) -> list[str]:
        """Return the log's lines about faults of ours."""
        lines = self.log.read_text(errors="replace").splitlines()
        return [line[:3000] for line in lines if '"level": "error"' in line or "Traceback" in line]

    def call(
        self, method: str, path: str, body: Any = None, *, secret: str, key: str = "", timeout: float = 60
    ) -> Answer:
        """Send one request on its own connection and read the whole answer.

        :raises OSError: when the connection breaks; http.client.HTTPException when the answer is cut off.
        """
        connection = SocketConnection(self.socket, timeout)
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        sent_at = time.monotonic()
        try:
            payload = json.dumps(body) if body is not None else None
            connection.request(method, f"/api/v1/{path}", body=payload, headers=headers)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        is_json = "json" in response.headers.get("Content-Type", "")
        found = json.loads(text) if is_json else text.decode(errors="replace")
        return Answer(response.status, found, sent_at, time.monotonic(), dict(response.headers))


def environment(database: str, **more: str) -> dict[str, str]:
    """Return this process's environment, pointed at another database by both identities."""
    named = {
        name: f"{os.environ[name].rpartition('/')[0]}/{database}"
        for name in ("DATABASE_URL", "DATABASE_OWNER_URL")
    }
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    env.pop("PORTAL_DATABASE_IDENTITY", None)
    return {**env, **named, "DJANGO_SETTINGS_MODULE": "portal.settings.test", **more}


@contextmanager
def serving(database: str, *, workers: int = 8, env: dict[str, str] | None = None) -> Iterator[Server]:
    """Run gunicorn with sync workers on a unix socket until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="race-", dir="/tmp"))
    log = folder / "web.log"
    argv = [
        sys.executable, "-m", "gunicorn", "tests.race.site:application", "--bind", f"unix:{folder}/web",
        "--workers", str(workers), "--worker-class", "sync", "--preload", "--timeout", "120",
        "--no-control-socket",
    ]  # fmt: skip
    with log.open("wb") as output:
        process = subprocess.Popen(
            argv, cwd=ROOT, env=env or environment(database), stdout=output, stderr=output,
            process_group=0, preexec_fn=_die_with_us,
        )  # fmt: skip
    server = Server(f"{folder}/web", process, log)
    try:
        _wait_until_it_answers(server)
        yield server
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _die_with_us() -> None:
    _LIBC.prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG: a killed test run leaves no server behind


def _wait_until_it_answers(server: Server) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if server.process.poll() is not None:
            raise RuntimeError(f"gunicorn ended: {server.log.read_text()[-3000:]}")
        try:
            if server.call("GET", "me", secret="").status == 401:  # up, and the door is closed
                return
        except (OSError, http.client.HTTPException):
            time.sleep(0.1)
    raise RuntimeError(f"gunicorn does not answer: {server.log.read_text()[-3000:]}")


def all_at_once(acts: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run each act in a thread of its own, begun together; return results and exceptions in order."""
    together = threading.Barrier(len(acts))
    outcomes: list[Any] = [None] * len(acts)

    def run(place: int, act: Callable[[], Any]) -> None:
        from django.db import connection

        try:
            together.wait(timeout=60)
            outcomes[place] = act()
        except Exception as error:  # noqa: BLE001  (the test judges it)
            outcomes[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=300)
    if any(thread.is_alive() for thread in threads):
        raise RuntimeError("a thread did not end")
    return outcomes
