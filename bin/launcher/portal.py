"""bin/portal: the whole portal on one machine by one command."""

import argparse
import os
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path

from launcher import application, command, compose_secrets, contract, paths, postgres, relocate, setup, static
from launcher import manage as management
from launcher.contract import Servers, kept_secrets, named_servers
from launcher.errors import Interrupted, LaunchError
from launcher.identity import Identity
from launcher.lock import Holder, Lock
from launcher.paths import Paths
from launcher.processes import Children
from launcher.progress import Progress
from launcher.servers import Embedded
from launcher.supervisor import Supervisor

SETTINGS = "portal.settings.local"
KEPT_BY_RESET = {"setup", "portal.lock", "setup.lock"}
EPILOG = """\
other forms:
  bin/portal manage ARGS…      run a management command against the same servers, started if they are down
  bin/portal accounts [--json] show the people of the demo and how to sign in as them
  bin/portal secrets [FOLDER]  make the files of secrets that docker-compose.yml mounts, once

With DATABASE_OWNER_URL, DATABASE_URL and REDIS_URL set, those servers are used and none is started."""


def main(arguments: list[str]) -> int:
    """Run bin/portal."""
    if arguments[:1] == ["manage"]:
        return management.main(arguments[1:])
    if arguments[:1] == ["accounts"]:
        return management.main(arguments, script_arguments=arguments)
    if arguments[:1] == ["secrets"]:
        return compose_secrets.main(arguments[1:], paths.of_checkout().root)
    options = _parse(arguments)
    progress = Progress()
    try:
        relocate.follow(paths.of_checkout(), "portal", arguments, progress)
    except LaunchError as stop:
        print(stop.sentence, file=sys.stderr)
        return stop.exit_code
    return command.run(lambda children: start(options, children, progress))


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bin/portal",
        description="Set up and run the portal on this machine; Ctrl-C stops it.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--port", type=int, default=8000, metavar="N", help="port of the web pages (default 8000)"
    )
    parser.add_argument(
        "--demo", choices=["full", "small", "none"], default="full", help="what an empty database gets"
    )
    parser.add_argument(
        "--reset", action="store_true", help="begin anew: remove the database, files and secrets"
    )
    return parser.parse_args(arguments)


def start(options: argparse.Namespace, children: Children, progress: Progress) -> int:
    """Set up, start everything, say so, and look after it until interrupted."""
    began = time.monotonic()
    checkout = paths.of_checkout()
    named = named_servers(os.environ)
    setup.make_var(checkout)
    lock = _take_lock(checkout)
    application.refuse_taken_port(options.port)
    if options.reset:
        _reset(checkout, named)
    elif not named and setup.first_start(checkout).exists():
        progress.note("The first start did not finish: the database is made anew.")
        _reset(checkout, named)
    url = f"http://localhost:{options.port}"
    holder = Holder(command="portal", pid=os.getpid(), url=url, runtime="", servers_up=False)
    lock.write(holder)
    print(f"The portal, in {checkout.root}, on port {options.port}", flush=True)

    ready = setup.prepare(checkout, children, progress)
    setup.give_var(checkout, ready.identity)
    supervisor = Supervisor(children, progress.note)
    addresses = named or _start_servers(checkout, ready, supervisor, progress)
    runtime = "" if named else str(_runtime(checkout, ready.identity))
    lock.write(replace(holder, runtime=runtime, servers_up=True))

    kept = kept_secrets(checkout.secrets)
    env = contract.environment(checkout, addresses, kept, settings=SETTINGS, port=options.port)
    portal = application.Application(paths=checkout, env=env, who=ready.identity, port=options.port)
    portal.compile(children)
    portal.migrate(children, progress)
    static.collect(checkout, portal.env, ready.identity, children, progress)
    if options.demo != "none":
        portal.load_demo(options.demo, children, progress)
    with progress.step("Web, worker and beat"):
        for service in portal.services():
            supervisor.start(service)
        supervisor.wait_ready("web")
    setup.first_start(checkout).unlink(missing_ok=True)
    _welcome(portal, children, url, time.monotonic() - began, with_people=options.demo != "none")
    return _watch(supervisor)


def _take_lock(checkout: Paths) -> Lock:
    lock = Lock(checkout.var / "portal.lock")
    if not lock.take():
        raise LaunchError(_who_runs(lock.read()))
    return lock


def _who_runs(holder: Holder | None) -> str:
    if holder is None:
        return "Another bin/portal is just starting in this checkout: wait for it, or stop it first."
    if holder.command == "portal":
        return (
            f"The portal already runs here (process {holder.pid}, {holder.url}): open it, or stop it first."
        )
    return f"A management command runs here (process {holder.pid}): wait until it has ended."


def _reset(checkout: Paths, named: Servers | None) -> None:
    """Remove what the portal has made; downloads stay.

    :raises LaunchError: when the data lies on servers of somebody else.
    """
    if named:
        raise LaunchError("--reset removes the embedded database only: empty your own servers yourself.")
    for entry in checkout.var.iterdir():
        if entry.name in KEPT_BY_RESET:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    setup.make_var(checkout)


def _runtime(checkout: Paths, who: Identity) -> Path:
    return paths.runtime_dir(checkout.root, who.uid)


def _start_servers(
    checkout: Paths, ready: setup.Ready, supervisor: Supervisor, progress: Progress
) -> Servers:
    """Start the embedded servers of a checkout and return their addresses."""
    if not (checkout.var / "postgres").exists():
        setup.first_start(checkout).touch()
    embedded = Embedded(
        runtime=_runtime(checkout, ready.identity),
        data=checkout.var,
        logs=checkout.log,
        identity=ready.identity,
        kept=kept_secrets(checkout.secrets),
        settings=postgres.DURABLE,
    )
    embedded.start(ready.binaries, supervisor, progress)
    return embedded.addresses()


def _welcome(
    portal: application.Application, children: Children, url: str, seconds: float, *, with_people: bool
) -> None:
    print(f"\nReady after {seconds:.0f} s:  {url}\n", flush=True)
    if with_people:
        children.exit_code(
            portal.manage("accounts", "accounts"), each_line=lambda line: print(line, flush=True)
        )
        print()
    print(f"Logs are in {portal.paths.log}. Ctrl-C stops everything; the data stays.", flush=True)


def _watch(supervisor: Supervisor) -> int:
    try:
        supervisor.watch()
    except Interrupted:
        print("\nStopping …", flush=True)
        supervisor.children.stop_all()
        print("Stopped.", flush=True)
    return 0
