"""The demo that `bin/portal` loads: a year of work through the services, and books that balance after it."""

import os
import subprocess
from pathlib import Path

import pytest

from tests import databases
from tests.e2e.demo_database import manage, with_database

pytestmark = pytest.mark.slow


def test_the_full_demo_loads_and_its_books_balance(tmp_path: Path) -> None:
    name = databases.clone(databases.ensure_template(), label="full_demo")
    env = with_database(os.environ, name) | {"PORTAL_VAR": str(tmp_path)}
    env |= {"DJANGO_SETTINGS_MODULE": "portal.settings.local"}
    try:
        _succeeds(manage("load_demo", env=env))
        for command in ("verify_ledger", "verify_audit", "check_invariants"):
            _succeeds(manage(command, env=env))
        with databases.owner_connection(name) as owner, owner.cursor() as cursor:
            cursor.execute("SELECT count(*), count(DISTINCT partner_id) FROM licensing_build")
            builds, partners = cursor.fetchone()
    finally:
        databases.drop(name)
    assert builds > 1000
    assert partners > 5


def _succeeds(done: "subprocess.CompletedProcess[str]") -> None:
    assert done.returncode == 0, f"{done.args}\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
