"""bin/check: every check that needs no test."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from launcher import command, contract, identity, paths, postgres, setup, throwaway
from launcher.paths import Paths
from launcher.processes import Children, Command
from launcher.progress import NAME_WIDTH, Progress

LOCAL, PRODUCTION = "portal.settings.local", "portal.settings.production"


@dataclass(frozen=True)
class Check:
    """One tool and the settings it runs under."""

    name: str
    argv: list[str]
    settings: str = LOCAL


def main(_arguments: list[str]) -> int:
    """Run all checks and return 0 when each of them passes."""
    progress = Progress()
    return command.run(lambda children: run(children, progress))


def run(children: Children, progress: Progress) -> int:
    """Run each check, however the ones before it ended."""
    checkout = paths.of_checkout()
    ready = setup.prepare(checkout, children, progress, tests=True)
    with throwaway.servers(checkout, ready, postgres.THROW_AWAY, LOCAL, children, progress) as env:
        failed = [check.name for check in checks(checkout) if not _passes(check, checkout, env, children)]
    print(
        f"bin/check: FAILED: {', '.join(failed)}." if failed else "bin/check: all checks passed.", flush=True
    )
    return 1 if failed else 0


def checks(checkout: Paths) -> list[Check]:
    """Return the checks in the order they run."""
    python, tools = str(checkout.python), checkout.venv / "bin"
    templates = sorted(
        str(file.relative_to(checkout.root)) for file in (checkout.root / "templates").rglob("*.html")
    )
    return [
        Check("ruff check", [str(tools / "ruff"), "check", "."]),
        Check("ruff format", [str(tools / "ruff"), "format", "--check", "."]),
        Check("mypy", [str(tools / "mypy"), "."]),
        Check("mypy (launcher)", [str(tools / "mypy"), "--strict", "--config-file=", "bin/launcher"]),
        Check("import-linter", [str(tools / "lint-imports")]),
        Check("djade (templates)", [str(tools / "djade"), "--check", "--target-version", "5.2", *templates]),
        Check("makemigrations --check", [python, "manage.py", "makemigrations", "--check", "--dry-run"]),
        Check(
            "check --deploy",
            [python, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
            PRODUCTION,
        ),
    ]


def _passes(check: Check, checkout: Paths, env: Mapping[str, str], children: Children) -> bool:
    """Run a check, print its line, and its output when it fails."""
    print(f"  {check.name} ".ljust(NAME_WIDTH, "."), end="", flush=True)
    began = time.monotonic()
    log = Path(env["PORTAL_VAR"]) / f"{secrets.token_hex(8)}.log"
    code = children.exit_code(
        Command(
            name=check.name,
            argv=check.argv,
            env=_environment(check, checkout, env),
            identity=identity.caller(),
            cwd=checkout.root,
            log=log,
            umask=-1,
        )
    )
    print(f" {time.monotonic() - began:6.1f} s  {'ok' if code == 0 else 'FAILED'}", flush=True)
    if code != 0:
        print(log.read_text(errors="replace"), flush=True)
    return code == 0


def _environment(check: Check, checkout: Paths, env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for a check; production gets what .env.example documents, but our servers."""
    if check.settings != PRODUCTION:
        return dict(env)
    own = {name: env[name] for name in (*contract.SERVER_VARIABLES, "PORTAL_VAR")}
    return {
        **env,
        **example_variables(checkout.root / ".env.example"),
        **own,
        **_keys(),
        "DJANGO_SETTINGS_MODULE": PRODUCTION,
    }


def _keys() -> dict[str, str]:
    made = contract.new_secrets()
    return {
        "PORTAL_SECRET_KEY": made.secret_key,
        "PORTAL_MASTER_KEY": made.master_key,
        "PORTAL_BLIND_INDEX_KEY": made.blind_index_key,
        "PORTAL_SEAL_KEY": made.seal_key,
    }


def example_variables(file: Path) -> dict[str, str]:
    """Return the variables an example file sets."""
    pairs = (line.partition("=") for line in file.read_text().splitlines() if line and line[0].isupper())
    return {name: value for name, _, value in pairs}
