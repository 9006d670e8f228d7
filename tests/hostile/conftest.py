"""One committed database for each file of hostile input, with a shop, its people and its programs in it."""

import gc
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import databases
from tests.hostile.shop import Shop, open_shop


@pytest.fixture(scope="module")
def shop(django_db_setup: None, django_db_blocker: Any) -> Iterator[Shop]:
    """Give the file a database of its own and the shop in it; requests commit as in real life."""
    from django.db import connection

    with django_db_blocker.unblock():
        before = connection.settings_dict["NAME"]
        name = databases.clone(databases.ensure_template(), label="hostile")
        connection.close()
        connection.settings_dict["NAME"] = name
        try:
            yield open_shop(name)
        finally:
            connection.close()
            connection.settings_dict["NAME"] = before
            databases.drop(name)


@pytest.fixture(autouse=True)
def no_temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail when a test leaves anything in the folder for temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    yield
    gc.collect()  # the drawer of PDFs lets its folder of fonts (nothing else is in it) go with its last reference
    assert list(folder.iterdir()) == []
