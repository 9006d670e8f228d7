"""The real Postgres and Valkey of the wheels, under our own supervisor."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import dj_database_url
import psycopg2
import pytest

SCRIPT = Path(__file__).with_name("servers_once.py")
PATIENCE = 30  # seconds


@pytest.fixture(scope="module")
def folder():
    """A short folder that `nobody` can enter: it holds sockets."""
    made = Path(tempfile.mkdtemp(prefix="portal-t-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@contextmanager
def servers(folder: Path):
    """Start the servers; hand out the launcher, the owner's and the application's address."""
    root = Path(__file__).resolve().parents[2]
    argv = [sys.executable, str(SCRIPT), str(root / "bin"), str(folder)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        try:
            assert line, process.stderr.read()
            yield process, *line.split()
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=PATIENCE)


def ask(address: str, question: str) -> list[tuple]:
    parts = dj_database_url.parse(address)
    connection = psycopg2.connect(
        host=parts["HOST"], user=parts["USER"], password=parts["PASSWORD"], dbname=parts["NAME"]
    )
    try:
        with connection.cursor() as cursor:
            cursor.execute(question)
            return cursor.fetchall()
    finally:
        connection.close()


def at_work_in(folder: Path) -> list[str]:
    """Return the processes whose working folder lies below a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and str(folder) in os.readlink(entry / "cwd"):
                found.append(entry.name)
        except OSError:
            continue
    return found


def wait_until(condition) -> bool:
    until = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < until:
        time.sleep(0.1)
    return condition()


def test_roles_have_the_rights_they_need_and_no_more(folder):
    with servers(folder) as (_, owner, app):
        roles = ask(
            owner,
            "SELECT rolname, rolcanlogin, rolsuper, rolcreatedb, rolcreaterole, rolbypassrls, rolinherit "
            "FROM pg_roles WHERE rolname LIKE 'portal%' ORDER BY rolname",
        )
        assert roles == [
            ("portal_app", True, False, False, False, False, False),
            ("portal_owner", True, False, True, True, False, True),
        ]
        assert ask(app, "SELECT current_user, pg_has_role('portal_owner', 'portal_app', 'MEMBER')") == [
            ("portal_app", True)
        ]
        assert ask(app, "SELECT has_database_privilege('portal_app', 'portal', 'CREATE')") == [(False,)]


def test_nobody_gets_in_without_the_password_or_by_the_network(folder):
    with servers(folder) as (_, owner, _app):
        host = dj_database_url.parse(owner)["HOST"]
        for user in ("postgres", "portal_owner", "portal_app"):
            with pytest.raises(psycopg2.OperationalError, match="password"):
                psycopg2.connect(
                    host=host, user=user, dbname="portal", password="wrong"
                )  # a wrong one, on purpose
        assert ask(owner, "SHOW listen_addresses") == [("",)]
        assert ask(owner, "SHOW password_encryption") == [("scram-sha-256",)]


def test_data_outlives_a_restart_and_a_killed_server_comes_back(folder):
    with servers(folder) as (_, owner, _app):
        ask(owner, "CREATE TABLE IF NOT EXISTS kept AS SELECT 1 AS one; COMMIT; SELECT 1")
    with servers(folder) as (_, owner, _app):
        assert ask(owner, "SELECT one FROM kept") == [(1,)]
        first = int((folder / "server/postgres/postmaster.pid").read_text().split()[0])
        os.kill(first, signal.SIGKILL)

        def is_back() -> bool:
            try:
                return ask(owner, "SELECT one FROM kept") == [(1,)]
            except psycopg2.OperationalError:
                return False

        assert wait_until(is_back)
        assert int((folder / "server/postgres/postmaster.pid").read_text().split()[0]) != first


def test_kill_9_of_the_launcher_leaves_no_server(folder):
    with servers(folder) as (process, _owner, _app):
        assert len(at_work_in(folder)) > 2
        process.kill()
        assert wait_until(lambda: at_work_in(folder) == [])


def test_data_of_another_major_version_is_left_alone_and_named(folder):
    version = folder / "server/postgres/PG_VERSION"
    original = version.read_text()
    version.write_text("9\n")
    try:
        root = Path(__file__).resolve().parents[2]
        done = subprocess.run(
            [sys.executable, str(SCRIPT), str(root / "bin"), str(folder)],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
    finally:
        version.write_text(original)
    assert done.returncode == 1
    assert "was made by Postgres 9, this portal brings Postgres" in done.stderr
