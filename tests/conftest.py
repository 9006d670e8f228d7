"""What every test shares: databases cloned from the migrated template, the application's role, no network."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings

from tests import databases

# How long an example takes says more about the machine than about the code.
settings.register_profile("portal", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("portal")

_real_connect = socket.socket.connect


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a person run the machine of a key's life for longer: 2,000 lives of 100 steps before a release."""
    parser.addoption("--key-lives", type=int, default=100, help="lives that the key machine plays")
    parser.addoption("--key-steps", type=int, default=50, help="steps in each life")


@pytest.fixture(scope="session")
def django_db_setup(request: pytest.FixtureRequest, django_db_blocker: Any) -> Iterator[None]:
    """Give this worker a database of its own, cloned and not migrated."""
    from django.db import connection

    worker = getattr(request.config, "workerinput", {}).get("workerid", "main")
    with django_db_blocker.unblock():
        name = databases.clone(databases.ensure_template(), label=worker)
        connection.close()
        connection.settings_dict["NAME"] = name
        connection.settings_dict["CONN_MAX_AGE"] = 0
        yield
        connection.close()
        databases.drop(name)


@pytest.fixture
def cloned_db(
    django_db_setup: None, django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Give one test a database that it may commit to, from as many threads and processes as it likes.

    Append-only tables refuse TRUNCATE, so Django's flush between transactional tests cannot work here.
    """
    from django.db import connection

    with django_db_blocker.unblock():
        before = connection.settings_dict["NAME"]
        name = databases.clone(databases.ensure_template(), label="own")
        connection.close()
        connection.settings_dict["NAME"] = name
        try:
            yield name
        finally:
            connection.close()
            connection.settings_dict["NAME"] = before
            databases.drop(name)


@pytest.fixture(autouse=True)
def own_files(tmp_path: Path, settings: Any) -> None:
    """Store files of a test in its own folder."""
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "files"},
        }
    }
    settings.KEYRING_DIR, settings.ERASURES_DIR = tmp_path / "keyring", tmp_path / "erasures"


@pytest.fixture(autouse=True)
def own_cache(settings: Any) -> None:
    """Keep counters of one test out of the next one's way."""
    prefix = f"test:{uuid4().hex}"
    settings.CACHES = {"default": settings.CACHES["default"] | {"KEY_PREFIX": prefix}}


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse connections beyond this machine."""

    def connect(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in (
            "127.0.0.1",
            "::1",
            "localhost",
        ):
            raise AssertionError(f"a test tried to reach {address}")
        _real_connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
