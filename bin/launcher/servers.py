"""The two embedded servers together: where they run, how they start."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from launcher import postgres, valkey, wheels
from launcher.contract import Secrets, Servers, socket_servers
from launcher.identity import Identity
from launcher.paths import make_private_dir
from launcher.progress import Progress
from launcher.supervisor import Service, Supervisor


@dataclass
class Embedded:
    """Postgres and Valkey on sockets in ``runtime``; ``data`` and ``logs`` must exist already."""

    runtime: Path
    data: Path  # parent of the cluster
    logs: Path
    identity: Identity
    kept: Secrets
    settings: Mapping[str, str]

    def addresses(self) -> Servers:
        """Return how the portal's processes reach the servers."""
        return socket_servers(self.runtime, self.runtime / "valkey.sock", self.kept)

    def start(self, binaries: wheels.Binaries, supervisor: Supervisor, progress: Progress) -> None:
        """Start both and wait until they answer; the first time Postgres makes its cluster."""
        make_private_dir(self.runtime, self.identity.uid, self.identity.gid)
        database = postgres.Postgres(
            bin=binaries.postgres_bin,
            data=self.data / "postgres",
            runtime=self.runtime,
            log=postgres.log_of(self.logs),
            identity=self.identity,
            kept=self.kept,
            settings=self.settings,
        )
        broker = valkey.Valkey(
            server=binaries.valkey_server,
            runtime=self.runtime,
            log=valkey.log_of(self.logs),
            identity=self.identity,
        )
        with progress.step("Postgres and Valkey"):
            database.prepare(supervisor.children)
            supervisor.start(
                Service(
                    database.command(),
                    ready=database.ready,
                    essential=True,
                    before=lambda: database.prepare(supervisor.children),
                )
            )
            supervisor.start(
                Service(
                    broker.command(),
                    ready=broker.ready,
                    essential=True,
                    before=lambda: _unlink(broker.socket),
                )
            )
            supervisor.wait_ready("postgres")
            database.bootstrap()
            supervisor.wait_ready("valkey")


def _unlink(socket: Path) -> None:
    with contextlib.suppress(OSError):
        socket.unlink(missing_ok=True)
