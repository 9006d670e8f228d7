"""The portal refuses to start with a database role that row-level security would not hold."""

import os
import subprocess
import sys

import pytest

from tests.databases import ROOT, clone, drop, ensure_template

START = "import portal.wsgi; print('started')"


def _start(url: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "portal.settings.test"}
    return subprocess.run(
        [sys.executable, "-c", START], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def database() -> object:
    name = clone(ensure_template(), label="start")
    yield name
    drop(name)


def _url(variable: str, name: str) -> str:
    return f"{os.environ[variable].rpartition('/')[0]}/{name}"


def test_application_role_starts(database: str) -> None:
    assert _start(_url("DATABASE_URL", database)).stdout.strip() == "started"


def test_owner_role_is_refused_with_a_plain_sentence(database: str) -> None:
    started = _start(_url("DATABASE_OWNER_URL", database))
    assert started.returncode != 0
    assert "owns tables; give the portal its own login role in DATABASE_URL" in started.stderr
