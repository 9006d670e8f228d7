"""bin/bench: the benchmarks against a Postgres and a Valkey of their own, durable as in production."""

import time

from launcher import command, identity, paths, postgres, setup, throwaway
from launcher.errors import LaunchError
from launcher.processes import Children, Command
from launcher.progress import Progress

SETTINGS = "portal.settings.local"


def main(arguments: list[str]) -> int:
    """Run `python -m benchmarks ARGS` and return its exit code."""
    progress = Progress()
    return command.run(lambda children: run(arguments, children, progress))


def run(arguments: list[str], children: Children, progress: Progress) -> int:
    """Set up, make the schema, measure."""
    checkout = paths.of_checkout()
    if not (checkout.root / "benchmarks" / "__main__.py").exists():
        raise LaunchError("There are no benchmarks yet: benchmarks/__main__.py is missing.")
    ready = setup.prepare(checkout, children, progress, tests=True)
    with throwaway.servers(checkout, ready, postgres.DURABLE, SETTINGS, children, progress) as env:
        python, who = str(ready.python), identity.caller()
        with progress.step("Database schema"):
            argv = [python, "manage.py", "migrate", "--noinput", "-v", "0"]
            children.run(
                Command(name="migrate", argv=argv, env=env, identity=who, cwd=checkout.root, umask=-1)
            )
        began = time.monotonic()
        argv = [python, "-m", "benchmarks", *arguments]
        code = children.exit_code(
            Command(
                name="bench", argv=argv, env=env, identity=who, cwd=checkout.root, umask=-1, foreground=True
            )
        )
    how = "done" if code == 0 else f"FAILED with exit code {code}"
    print(f"bin/bench: {how} after {time.monotonic() - began:.0f} s.", flush=True)
    return code if code >= 0 else 128 - code
