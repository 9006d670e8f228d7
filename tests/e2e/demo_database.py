"""A database with the small demo, loaded once a day and cloned for every stack."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from psycopg2 import sql

from tests import databases

DEMO_FILES = ("portal/demo/*.py", "portal/demo_people.py", "*/services/*.py", "*/rules/*.py")


def with_database(env: Mapping[str, str], name: str) -> dict[str, str]:
    """Return an environment whose two database addresses name another database."""
    return dict(env) | {
        variable: f"{env[variable].rpartition('/')[0]}/{name}"
        for variable in ("DATABASE_OWNER_URL", "DATABASE_URL")
    }


def manage(*arguments: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a management command and return its exit code and output."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=databases.ROOT,
        env=dict(env),
        capture_output=True,
        text=True,
        check=False,
    )


def ensure_demo(env: Mapping[str, str]) -> tuple[str, Path]:
    """Return the demo's template database and the folder with its files, loading it when no worker has."""
    template = databases.ensure_template()
    name = f"portal_demo_{_digest(env)}"
    folder = Path(os.environ["PORTAL_VAR"]) / "demo-for-tests" / name
    with databases.owner_connection("postgres") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])  # workers wait here for the first
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if cursor.fetchone() is None or not folder.is_dir():
            _load(cursor, template, name, folder, env)
    return name, folder


def _load(cursor: object, template: str, name: str, folder: Path, env: Mapping[str, str]) -> None:
    """Load the demo under another name, so that a half-made one is never taken for whole."""
    databases.drop(name)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    building = databases.clone(template, label="demo")
    done = manage("load_demo", "--small", env=with_database(env, building) | {"PORTAL_VAR": str(folder)})
    if done.returncode != 0:
        databases.drop(building)
        shutil.rmtree(folder)
        raise AssertionError(f"the demo could not be loaded:\n{done.stdout}{done.stderr}")
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    cursor.execute(rename.format(sql.Identifier(building), sql.Identifier(name)))  # type: ignore[attr-defined]


def _digest(env: Mapping[str, str]) -> str:
    """Return a short hash of what shapes the demo: schema, code, day, and the key its keys lie under."""
    digest = hashlib.sha256(databases.schema_digest().encode())
    for pattern in DEMO_FILES:
        for file in sorted(databases.ROOT.glob(pattern)):
            digest.update(file.read_bytes())
    facts = (f"{datetime.now(UTC):%Y-%m-%d}", env["PORTAL_MASTER_KEY"], env["DJANGO_SETTINGS_MODULE"])
    digest.update(" ".join(facts).encode())
    return digest.hexdigest()[:12]
