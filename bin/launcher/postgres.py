"""The embedded Postgres: made once, started as a plain foreground child, reached by a socket only."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from launcher import processes
from launcher.contract import Secrets
from launcher.errors import LaunchError
from launcher.identity import Identity
from launcher.processes import SERVER_RANK, Children, Command

SUPERUSER = "postgres"
LEFTOVER_SECONDS = 20
BOOTSTRAP = Path(__file__).with_name("bootstrap.sql")
# A real server, and a throw-away one for tests that may lose everything with the power.
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "max_connections": "60"}
THROW_AWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
}
COMMON = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "logging_collector": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A failing statement may carry key material: the log tells the error, never the statement.
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
}


@dataclass
class Postgres:
    """One cluster. ``runtime`` is the short folder its socket lies in."""

    bin: Path
    data: Path
    runtime: Path
    log: Path
    identity: Identity
    kept: Secrets
    settings: Mapping[str, str] = field(default_factory=lambda: DURABLE)

    def prepare(self, children: Children) -> None:
        """Make the cluster unless it exists, and clear what a killed server left behind.

        :raises LaunchError: when the folder was made by another major version of Postgres.
        """
        if (self.data / "PG_VERSION").exists():
            self._refuse_other_major()
            self._end_leftover()
        else:
            self._initialise(children)

    def _refuse_other_major(self) -> None:
        found = (self.data / "PG_VERSION").read_text().strip()
        own = self._major()
        if found != own:
            raise LaunchError(
                f"{self.data} was made by Postgres {found}, this portal brings Postgres {own}: "
                "dump it with the old version, or run bin/portal --reset to begin anew."
            )

    def _major(self) -> str:
        version = subprocess.run(
            [self.bin / "postgres", "--version"], capture_output=True, text=True, check=True
        )
        return version.stdout.split()[-1].split(".")[0]

    def _initialise(self, children: Children) -> None:
        """Run initdb beside the final place: a killed one never looks finished."""
        half = self.data.with_name(self.data.name + ".new")
        for leftover in (half, self.data):
            if leftover.exists():
                shutil.rmtree(leftover)
        password_file = self.runtime / "superuser-password"
        try:
            password_file.touch(mode=0o600)
            password_file.write_text(self.kept.postgres_password + "\n")
            self.identity.own(password_file)
            children.run(
                self._command(
                    "initdb",
                    [
                        "-D",
                        str(half),
                        "-U",
                        SUPERUSER,
                        "--auth=scram-sha-256",
                        f"--pwfile={password_file}",
                        "--no-sync",
                        "-E",
                        "UTF8",
                        "--locale=C.UTF-8",
                    ],
                )
            )
        finally:
            password_file.unlink(missing_ok=True)
        half.replace(self.data)

    def _end_leftover(self) -> None:
        """End what outlived an earlier launcher, and drop a lock file whose process is another's by now."""
        lock = self.data / "postmaster.pid"
        until = time.monotonic() + LEFTOVER_SECONDS
        while leftovers := self._processes():
            if time.monotonic() > until:
                raise LaunchError(f"Process {leftovers[0]} still uses {self.data}: end it and start again.")
            for pid in leftovers:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGINT)
            time.sleep(0.2)
        lock.unlink(missing_ok=True)

    def _processes(self) -> list[int]:
        """Return the processes that work in the data folder, as every process of Postgres does."""
        return [
            int(entry.name)
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit() and self._works_in(entry)
        ]

    def _works_in(self, process: Path) -> bool:
        try:
            return os.path.samefile(process / "cwd", self.data)
        except OSError:
            return False

    def command(self) -> Command:
        """Return the server as a foreground command; SIGINT is its fast, clean shutdown."""
        settings = {**COMMON, **self.settings, "unix_socket_directories": str(self.runtime)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return self._command("postgres", ["-D", str(self.data), *options], stop_signal=signal.SIGINT)

    def _command(self, program: str, arguments: list[str], stop_signal: int = signal.SIGTERM) -> Command:
        return Command(
            name=program,
            argv=[str(self.bin / program), *arguments],
            env=self._plain_env(),
            cwd=self.runtime,
            identity=self.identity,
            log=self.log,
            stop_signal=stop_signal,
            grace=20,
            rank=SERVER_RANK,
        )

    def _plain_env(self) -> dict[str, str]:
        return {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}

    def ready(self) -> bool:
        """Tell whether a superuser can sign in."""
        return self._psql("-c", "SELECT 1").returncode == 0

    def bootstrap(self) -> None:
        """Make the two roles and the database, or see that they are there.

        :raises LaunchError: with the server's words when it refuses.
        """
        done = self._psql("-f", str(BOOTSTRAP))
        if done.returncode != 0:
            raise LaunchError("Postgres refused the first roles and database.", done.stderr.strip())

    def _psql(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        env = self._plain_env() | {
            "PGPASSWORD": self.kept.postgres_password,
            "PGCONNECT_TIMEOUT": "2",
            "PORTAL_OWNER_PASSWORD": self.kept.owner_password,
            "PORTAL_APP_PASSWORD": self.kept.app_password,
        }
        where = ["-h", str(self.runtime), "-U", SUPERUSER, "-d", "postgres"]
        return subprocess.run(
            [str(self.bin / "psql"), "-X", "-q", *where, *arguments],
            env=env,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )


def log_of(folder: Path) -> Path:
    """Return the server's log under a folder of logs."""
    return processes.fresh_log(folder / "postgres.log")
