"""Databases for tests: one migrated template a schema, cloned for workers and for transactional tests.

The template is made by the owner; tests connect as the application role, like the site itself.
"""

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import dj_database_url
import psycopg2
from psycopg2 import sql

ROOT = Path(__file__).resolve().parents[1]
SCHEMA_FILES = (
    "*/migrations/*.py",
    "*/models/*.py",
    "core/database/*.py",
    "*/*guards.py",
    "licensing/rules/key_states.py",
    "licensing/rules/programme_rules.py",
    "licensing/rules/order_states.py",
    "licensing/rules/programme_rule*.py",
    "licensing/selectors/order_facts.py",
    "partners/rules/partner_states.py",
    "partners/rules/applications.py",
    "reporting/services/states.py",
)


def owner_settings(name: str) -> dict[str, str]:
    """Return psycopg2's arguments for the owner's connection to a database."""
    parsed = dj_database_url.parse(os.environ["DATABASE_OWNER_URL"])
    return {
        "host": parsed["HOST"],
        "port": str(parsed["PORT"] or ""),
        "user": parsed["USER"],
        "password": parsed["PASSWORD"],
        "dbname": name,
    }


@contextmanager
def owner_connection(name: str) -> Iterator[psycopg2.extensions.connection]:
    """Connect as the schema's owner, in autocommit: for guards off, tampering and cloning."""
    connection = psycopg2.connect(**{key: value for key, value in owner_settings(name).items() if value})
    connection.autocommit = True
    try:
        yield connection
    finally:
        connection.close()


def schema_digest() -> str:
    """Return a short hash of everything that shapes the schema."""
    digest = hashlib.sha256()
    for pattern in SCHEMA_FILES:
        for file in sorted(ROOT.glob(pattern)):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def ensure_template() -> str:
    """Return the name of the migrated template, making it when no other worker has."""
    name = f"portal_template_{schema_digest()}"
    with owner_connection("postgres") as connection, connection.cursor() as cursor:
        # Workers wait for each other here: one of them migrates.
        cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if cursor.fetchone() is None:
            building = f"{name}_new"
            cursor.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(building))
            )
            cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(building)))
            _migrate(building)
            cursor.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                    sql.Identifier(building), sql.Identifier(name)
                )
            )
    return name


def _migrate(name: str) -> None:
    base, _, _ = os.environ["DATABASE_OWNER_URL"].rpartition("/")
    environment = os.environ | {"DATABASE_OWNER_URL": f"{base}/{name}"}
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--noinput", "-v", "0"],
        cwd=ROOT,
        env=environment,
        check=True,
    )


def clone(template: str, *, label: str) -> str:
    """Create a database from the template and return its name."""
    name = f"portal_test_{label}_{uuid4().hex[:10]}"
    with owner_connection("postgres") as connection, connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        )
        cursor.execute(
            sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO portal_app").format(sql.Identifier(name))
        )
    return name


def drop(name: str) -> None:
    """Drop a database and end whatever is still connected to it."""
    statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    with owner_connection("postgres") as connection, connection.cursor() as cursor:
        for _ in range(60):
            try:
                return cursor.execute(statement)
            except psycopg2.errors.InsufficientPrivilege:
                time.sleep(0.5)  # an autovacuum worker is in it, which the owner may not end
        return cursor.execute(statement)
