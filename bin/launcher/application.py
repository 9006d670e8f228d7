"""The processes of the Django project: schema, demo, web, worker, beat."""

import http.client
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from launcher.errors import LaunchError
from launcher.identity import Identity
from launcher.paths import Paths
from launcher.processes import SERVICE_RANK, Children, Command, fresh_log
from launcher.progress import Progress
from launcher.supervisor import Service

HEALTH_PATH = "/health/ready"
WEB_TIMEOUT = 180.0  # seconds; a slow machine compiles everything at the first start
HIGHEST_PORT = 65535


@dataclass(frozen=True)
class Application:
    """One portal: its files, its environment, and the user it runs as."""

    paths: Paths
    env: Mapping[str, str]
    who: Identity
    port: int

    def manage(self, name: str, *arguments: str) -> Command:
        """Return a management command that logs to var/log/NAME.log."""
        return self._command(name, [str(self.paths.python), "manage.py", *arguments])

    def _command(self, name: str, argv: list[str], grace: float = 10.0) -> Command:
        env = dict(self.env)
        if self.who.dropped:
            env |= {"HOME": str(self.paths.var / "home"), "USER": self.who.name, "LOGNAME": self.who.name}
        return Command(
            name=name,
            argv=argv,
            env=env,
            identity=self.who,
            cwd=self.paths.root,
            log=fresh_log(self.paths.log / f"{name}.log"),
            rank=SERVICE_RANK,
            grace=grace,
        )

    def compile(self, children: Children) -> None:
        """Compile our modules as root, since `nobody` cannot: else every process does it at every start."""
        if self.who.dropped:
            packages = [str(found.parent) for found in self.paths.root.glob("[a-z]*/__init__.py")]
            argv = [str(self.paths.python), "-m", "compileall", "-q", *packages]
            children.exit_code(
                Command(
                    name="compileall",
                    argv=argv,
                    env=self.env,
                    identity=_root(),
                    cwd=self.paths.root,
                    log=fresh_log(self.paths.log / "setup.log"),
                    umask=0o022,
                )
            )

    def migrate(self, children: Children, progress: Progress) -> None:
        """Bring the schema up to date."""
        with progress.step("Database schema"):
            children.run(self.manage("migrate", "migrate", "--noinput"))

    def load_demo(self, size: str, children: Children, progress: Progress) -> None:
        """Load the demo; the command itself leaves a database that holds anything alone."""
        options = ["--small"] if size == "small" else []
        with progress.step(f"Demo ({size})"):
            children.run(self.manage("demo", "load_demo", *options), each_line=_indented(progress))

    def services(self) -> list[Service]:
        """Return web, worker and beat."""
        return [self._web(), self._worker(), self._beat()]

    def _web(self) -> Service:
        argv = [
            str(self.paths.python),
            "-m",
            "gunicorn",
            "portal.wsgi:application",
            "--bind",
            f"127.0.0.1:{self.port}",
            "--workers",
            str(2 * cores() + 1),
            "--worker-class",
            "sync",
            "--max-requests",
            "2000",
            "--max-requests-jitter",
            "200",
            "--timeout",
            "60",
            "--graceful-timeout",
            "5",
            "--no-control-socket",
        ]
        return Service(self._command("web", argv), ready=lambda: answers(self.port), timeout=WEB_TIMEOUT)

    def _worker(self) -> Service:
        argv = ["worker", "--concurrency", "2", "-Q", "default,documents", "--loglevel", "INFO"]
        return Service(self._command("worker", self._celery(*argv), grace=20.0))

    def _beat(self) -> Service:
        schedule = str(self.paths.var / "beat" / "schedule")
        return Service(self._command("beat", self._celery("beat", "--schedule", schedule, "--pidfile", "")))

    def _celery(self, *arguments: str) -> list[str]:
        return [str(self.paths.python), "-m", "celery", "-A", "portal", *arguments]


def _root() -> Identity:
    return Identity(uid=0, gid=0, name="root", dropped=False)


def _indented(progress: Progress) -> Callable[[str], None]:
    return lambda line: progress.note(f"  {line}")


def cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0))


def answers(port: int, path: str = HEALTH_PATH) -> bool:
    """Tell whether the portal answers 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path, headers={"Host": f"localhost:{port}"})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def refuse_taken_port(port: int) -> None:
    """Refuse a port that somebody else listens on, or that we may not use.

    :raises LaunchError: names a port that is free.
    """
    if not 0 < port <= HIGHEST_PORT:
        raise LaunchError(f"A port is a number from 1 to {HIGHEST_PORT}, not {port}.")
    try:
        _bind(port)
    except PermissionError:
        raise LaunchError(f"Port {port} is for root only: choose one above 1023 with --port.") from None
    except OSError:
        free = next((other for other in range(port + 1, port + 100) if _is_free(other)), None)
        advice = f"run bin/portal --port {free}" if free else "choose another with --port"
        raise LaunchError(f"Port {port} is taken by another program: {advice}.") from None


def _bind(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gunicorn does
        listener.bind(("127.0.0.1", port))


def _is_free(port: int) -> bool:
    try:
        _bind(port)
    except (OSError, OverflowError):
        return False
    return True


def manage_py(paths: Paths) -> Path:
    """Return the project's manage.py."""
    return paths.root / "manage.py"
