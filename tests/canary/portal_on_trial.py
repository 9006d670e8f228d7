"""A whole portal (web, worker, beat, Valkey, database, files) with its people, for the canaries."""

import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.test import Client
from django.utils import timezone

from core.actor import Actor
from core.models import User
from core.tenancy import mar_scope
from licensing.models import Product
from partners.models import Partner
from partners.services.api_keys import create_api_key
from tests.canary.browser import Page, Person
from tests.databases import owner_settings
from tests.e2e.stack import Stack
from tests.factories import make_mar, make_member, make_partner, make_product
from tests.web import sign_in

ROOT = Path(__file__).resolve().parents[2]


class Trial:
    """The running portal and what it leaves behind."""

    def __init__(self, folder: Path, stack: Stack) -> None:
        self.folder, self.stack = folder, stack
        self.pages: list[Page] = []
        make_mar()
        self.product: Product = make_product(lpn="ABC-12345")
        self.second: Product = make_product(lpn="ABC-67890")
        self.partner: Partner = make_partner()
        self.users: dict[str, User] = {
            role: make_member(
                role, partner=self.partner if role.startswith("tpr_") else None, name=f"Ms {role}"
            )
            for role in ("tpr_owner", "mar_admin", "mar_stock", "mar_approver", "compliance")
        }
        with mar_scope():
            _, secret = create_api_key(
                self.partner.pk, name="Line 1", daily_claims=50, by=Actor.system("test"), at=timezone.now(),
                scopes=["orders:read", "orders:write", "keys:claim", "builds:read", "builds:write"],
            )  # fmt: skip
        self.secret = secret.reveal()

    def person(self, role: str) -> Person:
        """Return somebody signed in with this role, or a visitor."""
        port = self.stack.listener.getsockname()[1]
        if role == "visitor":
            return Person(role, port, self.pages)
        client = sign_in(Client(), self.users[role])
        name = settings.SESSION_COOKIE_NAME
        return Person(role, port, self.pages, {name: client.cookies[name].value})

    def dump(self) -> bytes:
        """Return the whole database as pg_dump writes it."""
        where = owner_settings(self.stack.database)
        done = subprocess.run(
            [str(_postgres_bin() / "pg_dump"), "--enable-row-security", "-h", where["host"], "-U", where["user"],
             *(["-p", where["port"]] if where["port"] else []), where["dbname"]],
            env={"PGPASSWORD": where["password"], "PATH": "/usr/bin:/bin"}, capture_output=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(done.stderr.decode())
        return done.stdout

    def broker(self) -> "redis.Redis[bytes]":
        """Return a connection to the portal's Valkey."""
        return redis.Redis(unix_socket_path=str(self.stack.socket))

    def valkey(self) -> bytes:
        """Return every key of the portal's Valkey with what it holds."""
        broker, readers = self.broker(), _READERS
        with broker:
            found = []
            for name in broker.scan_iter(count=1000):
                kind = broker.type(name).decode()
                found.append(name + b"\n" + repr(readers[kind](broker, name)).encode("latin-1", "replace"))
        return b"\n".join(found)


_READERS: dict[str, Any] = {
    "string": lambda broker, name: broker.get(name),
    "list": lambda broker, name: broker.lrange(name, 0, -1),
    "set": lambda broker, name: broker.smembers(name),
    "hash": lambda broker, name: broker.hgetall(name),
    "zset": lambda broker, name: broker.zrange(name, 0, -1, withscores=True),
    "none": lambda broker, name: b"",  # gone since it was listed
}


def _postgres_bin() -> Path:
    if str(ROOT / "bin") not in sys.path:
        sys.path.insert(0, str(ROOT / "bin"))
    from launcher import wheels

    return wheels.find(Path(sys.executable)).postgres_bin


@contextmanager
def on_trial(database: str) -> Iterator[Trial]:
    """Run a portal on the database, all it writes in one folder; afterwards nothing of it is left."""
    folder = Path(tempfile.mkdtemp(prefix="canary-", dir="/tmp"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stack = Stack(folder, database, listener)
        (folder / "tmp").mkdir()
        stack.programs.env["TMPDIR"] = str(folder / "tmp")
        stack.env["TMPDIR"] = str(folder / "tmp")
        stop = threading.Event()
        listening: threading.Thread | None = None
        try:
            trial = Trial(folder, stack)
            stack.start()
            listening = _listen(stack, folder / "valkey-commands.log", stop)
            yield trial
        finally:
            stop.set()
            if listening:
                listening.join(timeout=10)
            stack.programs.stop()
            shutil.rmtree(folder, ignore_errors=True)


def _listen(stack: Stack, file: Path, stop: threading.Event) -> threading.Thread:
    """Write down every command the broker is given: messages are gone before anyone could read them."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(stack.socket))
    connection.sendall(b"MONITOR\r\n")
    connection.settimeout(0.5)

    def copy() -> None:
        with connection, file.open("wb") as log:
            while not stop.is_set():
                with suppress(TimeoutError):
                    chunk = connection.recv(1 << 16)
                    if not chunk:
                        return
                    log.write(chunk)
                    log.flush()

    thread = threading.Thread(target=copy)
    thread.start()
    return thread
