"""bin/portal manage …: a management command against the servers of this checkout."""

import os
import sys
import time
from pathlib import Path

from launcher import application, command, contract, identity, paths, postgres, relocate, setup
from launcher.contract import Servers, kept_secrets, named_servers, socket_servers
from launcher.errors import LaunchError
from launcher.lock import Holder, Lock
from launcher.paths import Paths
from launcher.processes import Children, Command
from launcher.progress import Progress
from launcher.servers import Embedded
from launcher.supervisor import Supervisor

SETTINGS = "portal.settings.local"
DEFAULT_PORT = 8000
PATIENCE = 600  # seconds a command waits for a portal that is still setting up


def main(arguments: list[str], script_arguments: list[str] | None = None) -> int:
    """Run a management command and return its exit code.

    :param script_arguments: what bin/portal was called with, where that is not ``manage ARGS``.
    """
    progress = Progress(sys.stderr)  # standard output belongs to the command
    try:
        relocate.follow(paths.of_checkout(), "portal", script_arguments or ["manage", *arguments], progress)
    except LaunchError as stop:
        print(stop.sentence, file=sys.stderr)
        return stop.exit_code
    return command.run(lambda children: run(arguments, children, progress))


def run(arguments: list[str], children: Children, progress: Progress) -> int:
    """Find or start the servers, then run the command in the caller's folder and terminal."""
    checkout = paths.of_checkout()
    servers, port = _servers(checkout, children, progress)
    env = contract.environment(
        checkout, servers, kept_secrets(checkout.secrets), settings=SETTINGS, port=port
    )
    code = children.exit_code(
        Command(
            name="manage.py",
            argv=[str(checkout.python), str(application.manage_py(checkout)), *arguments],
            env=env,
            identity=identity.caller(),
            cwd=Path.cwd(),
            umask=-1,
            foreground=True,
        )
    )
    setup.give_var(checkout, identity.for_servers())  # what root wrote there, the portal must be able to read
    return code if code >= 0 else 128 - code


def _servers(checkout: Paths, children: Children, progress: Progress) -> tuple[Servers, int]:
    """Return the addresses to use and the portal's port."""
    named = named_servers(os.environ)
    if named:
        setup.prepare(checkout, children, progress)
        return named, DEFAULT_PORT
    setup.make_var(checkout)
    lock = Lock(checkout.var / "portal.lock")
    until = time.monotonic() + PATIENCE
    while not lock.take():
        holder = lock.read()
        if holder and holder.command == "portal" and holder.servers_up:
            return _of_running_portal(checkout, holder)
        if time.monotonic() > until:
            raise LaunchError(
                "Another command holds this checkout's servers and does not end: stop it first."
            )
        time.sleep(0.2)
    return _start_own(checkout, lock, children, progress), DEFAULT_PORT


def _of_running_portal(checkout: Paths, holder: Holder) -> tuple[Servers, int]:
    if not holder.runtime:
        raise LaunchError(
            "The running portal uses servers that were named to it: set the same "
            "DATABASE_OWNER_URL, DATABASE_URL and REDIS_URL for this command."
        )
    runtime = Path(holder.runtime)
    servers = socket_servers(runtime, runtime / "valkey.sock", kept_secrets(checkout.secrets))
    return servers, int(holder.url.rpartition(":")[2])


def _start_own(checkout: Paths, lock: Lock, children: Children, progress: Progress) -> Servers:
    """Start the servers for this command's duration; the lock keeps bin/portal away meanwhile."""
    setup.first_start(checkout).unlink(missing_ok=True)  # what this command does, a later start must keep
    lock.write(Holder(command="manage", pid=os.getpid(), url="", runtime="", servers_up=False))
    ready = setup.prepare(checkout, children, progress)
    setup.give_var(checkout, ready.identity)
    embedded = Embedded(
        runtime=paths.runtime_dir(checkout.root, ready.identity.uid),
        data=checkout.var,
        logs=checkout.log,
        identity=ready.identity,
        kept=kept_secrets(checkout.secrets),
        settings=postgres.DURABLE,
    )
    embedded.start(ready.binaries, Supervisor(children, progress.note), progress)
    return embedded.addresses()
