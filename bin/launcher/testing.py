"""bin/test: every test against a Postgres and a Valkey of its own."""

import sys
import time
from pathlib import Path

from launcher import command, identity, paths, postgres, setup, system, throwaway
from launcher.processes import Children, Command
from launcher.progress import Progress

SETTINGS = "portal.settings.test"
WORKERS = "2"
MEANINGS = {
    1: "some tests failed",
    2: "interrupted",
    3: "pytest itself broke",
    4: "pytest was called wrongly",
    5: "no test was found",
}


def main(arguments: list[str]) -> int:
    """Run the tests and return pytest's exit code; finding no test counts as a failure."""
    progress = Progress()
    return command.run(lambda children: run(arguments, children, progress))


def run(arguments: list[str], children: Children, progress: Progress) -> int:
    """Set up, run pytest, say in the last line how it ended."""
    checkout = paths.of_checkout()
    ready = setup.prepare(checkout, children, progress, tests=True, browser=True)
    with throwaway.servers(checkout, ready, postgres.THROW_AWAY, SETTINGS, children, progress) as env:
        env["CHROMIUM"] = system.chromium()
        argv = [str(ready.python), "-m", "pytest", *parallel_options(arguments), *arguments]
        began = time.monotonic()
        code = children.exit_code(
            Command(
                name="pytest",
                argv=argv,
                env=env,
                identity=identity.caller(),
                cwd=checkout.root,
                umask=-1,
                foreground=True,
            )
        )
    print(verdict(code, time.monotonic() - began), flush=True)
    return code if code >= 0 else 128 - code


def parallel_options(arguments: list[str]) -> list[str]:
    """Return the options for two workers, or none where one file is asked for or the caller chose himself."""
    chosen = any(argument.startswith(("-n", "--numprocesses", "-p")) for argument in arguments)
    files = [Path(argument.partition("::")[0]) for argument in arguments if not argument.startswith("-")]
    named = [file for file in files if file.exists()]
    one_file = len(named) == 1 and named[0].is_file()
    return [] if chosen or one_file else ["-n", WORKERS, "--dist", "loadfile"]


def verdict(code: int, seconds: float) -> str:
    """Return the last line of the run."""
    if code == 0:
        return f"bin/test: all tests passed in {seconds:.0f} s."
    how = MEANINGS.get(code, f"exit code {code}" if code > 0 else f"killed by signal {-code}")
    return f"bin/test: FAILED, {how}, after {seconds:.0f} s."


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
