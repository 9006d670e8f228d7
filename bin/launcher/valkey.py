"""The embedded Valkey: a socket, no file on disk. Nothing is lost with it that Postgres does not know."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path

from launcher import processes
from launcher.identity import Identity
from launcher.processes import SERVER_RANK, Command


@dataclass
class Valkey:
    """One server. ``runtime`` is the short folder its socket lies in."""

    server: Path
    runtime: Path
    log: Path
    identity: Identity

    @property
    def socket(self) -> Path:
        return self.runtime / "valkey.sock"

    def command(self) -> Command:
        """Return the server as a foreground command."""
        argv = [
            str(self.server),
            "--port",
            "0",
            "--unixsocket",
            str(self.socket),
            "--unixsocketperm",
            "700",
            "--save",
            "",
            "--appendonly",
            "no",
            "--maxmemory-policy",
            "noeviction",
            "--daemonize",
            "no",
            "--dir",
            str(self.runtime),
        ]
        return Command(
            name="valkey",
            argv=argv,
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            cwd=self.runtime,
            identity=self.identity,
            log=self.log,
            rank=SERVER_RANK,
        )

    def ready(self) -> bool:
        """Tell whether the server answers."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(1)
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def log_of(folder: Path) -> Path:
    """Return the server's log under a folder of logs."""
    return processes.fresh_log(folder / "valkey.log")
