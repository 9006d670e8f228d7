"""A portal to be maltreated: where it is, which processes it has, and how it ends."""

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
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.databases import ROOT

SCRIPT = Path(__file__).with_name("portal_once.py")
KEPT_LOGS = ROOT / "var" / "chaos-logs"  # of the last run
WORKER = "celery -A portal worker"
STOP_SECONDS = 60
_LIBC = ctypes.CDLL(None)


@dataclass(frozen=True)
class Portal:
    """A running portal; ``env`` is what its processes were told."""

    launcher: "subprocess.Popen[str]"
    port: int
    folder: Path
    env: Mapping[str, str]

    @property
    def servers(self) -> Path:
        """Return the folder of the throw-away servers."""
        return Path(self.env["PORTAL_VAR"]).parent

    @property
    def postgres_log(self) -> str:
        """Return what Postgres logged so far."""
        return (self.servers / "server" / "postgres.log").read_text(errors="replace")

    def parents(self, program: str) -> list[int]:
        """Return the launcher's own children that run a program: gunicorn's master, celery's parent."""
        return [pid for pid in children_of(self.launcher.pid) if program in command_of(pid)]

    def workers(self, program: str) -> list[int]:
        """Return the processes that a program's parent has forked."""
        return [child for parent in self.parents(program) for child in children_of(parent)]

    def worker_is_up(self) -> bool:
        """Tell whether the worker has said that it is ready since it was last started."""
        log = (self.folder / "log" / "worker.log").read_text(errors="replace")
        return log.rfind(" ready.") > log.rfind("[queues]") and self.workers(WORKER) != []

    def is_database_process(self, pid: int) -> bool:
        """Tell whether a process works in this portal's own cluster."""
        try:
            return os.path.samefile(f"/proc/{pid}/cwd", self.servers / "server" / "postgres")
        except OSError:
            return False

    def flush_broker(self) -> None:
        """Throw away everything Valkey holds."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(10)
            connection.connect(self.env["REDIS_URL"].removeprefix("unix://").partition("?")[0])
            connection.sendall(b"FLUSHALL\r\n")
            assert connection.recv(16).startswith(b"+OK")

    def is_ready(self) -> bool:
        """Tell whether /health/ready answers 200."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/health/ready", headers={"Host": "localhost"})
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a management command against this portal."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT, env={**os.environ, **self.env}, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    def keep_logs(self) -> None:
        """Copy the logs to where a person finds them."""
        shutil.copytree(self.folder / "log", KEPT_LOGS, dirs_exist_ok=True)
        (KEPT_LOGS / "postgres.log").write_text(self.postgres_log)

    def left_over(self) -> list[int]:
        """Return the processes that carry this portal's address or work in its folders."""
        mark = str(self.servers).encode()
        return [pid for pid in _processes() if mark in _environment_of(pid) or mark in _cwd_of(pid)]


@contextmanager
def running_portal() -> Iterator[Portal]:
    """Run a portal with an empty, migrated database; afterwards nothing of it is left."""
    folder = Path(tempfile.mkdtemp(prefix="chaos-", dir="/tmp"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    log = folder / "launcher.log"
    with log.open("wb") as errors:
        launcher = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(ROOT / "bin"), str(folder), str(port)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True, preexec_fn=_die_with_us,
        )  # fmt: skip
    portal = None
    try:
        assert launcher.stdout is not None
        line = launcher.stdout.readline()
        assert line, log.read_text(errors="replace")[-3000:]
        portal = Portal(launcher, port, folder, json.loads(line))
        try:
            yield portal
        finally:
            portal.keep_logs()
    finally:
        _stop(launcher)
        shutil.rmtree(folder, ignore_errors=True)
    if portal is not None:
        assert wait_for(lambda: portal.left_over() == [], seconds=10), portal.left_over()


def wait_for(condition: Callable[[], bool], *, seconds: float, pause: float = 0.2) -> bool:
    """Wait until a condition holds; return whether it does."""
    until = time.monotonic() + seconds
    while not (holds := condition()) and time.monotonic() < until:
        time.sleep(pause)
    return holds


def children_of(parent: int) -> list[int]:
    """Return the processes whose parent is the given one."""
    found = []
    for pid in _processes():
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            continue
        state, ppid = stat.rpartition(")")[2].split()[:2]
        if int(ppid) == parent and state != "Z":
            found.append(pid)
    return found


def command_of(pid: int) -> str:
    """Return a process's command line, empty when it has ended."""
    return _read(f"/proc/{pid}/cmdline").replace(b"\0", b" ").decode(errors="replace")


def _processes() -> list[int]:
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]


def _environment_of(pid: int) -> bytes:
    return _read(f"/proc/{pid}/environ") if pid != os.getpid() else b""


def _cwd_of(pid: int) -> bytes:
    try:
        return os.fsencode(os.readlink(f"/proc/{pid}/cwd"))
    except OSError:
        return b""


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""


def _stop(launcher: "subprocess.Popen[str]") -> None:
    launcher.send_signal(signal.SIGINT)
    try:
        launcher.communicate(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        launcher.kill()  # its last will ends the rest
        launcher.communicate()


def _die_with_us() -> None:
    _LIBC.prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG: a killed test run leaves no portal behind
