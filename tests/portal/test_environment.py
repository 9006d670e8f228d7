"""Settings from variables, and secrets from files."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal.settings.environment import address, required, required_secret, text, words

KEY = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVoxMjM0NTY="


@pytest.fixture
def secret(tmp_path, monkeypatch):
    def put(name: str, content: str) -> None:
        path = tmp_path / name
        path.write_text(content)
        monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv(f"{name}_FILE", str(path))

    return put


def test_a_secret_is_read_from_its_file_without_the_last_line_end(secret):
    secret("PORTAL_SEAL_KEY", f"{KEY}\n")
    secret("PORTAL_SECRET_KEY_FALLBACKS", "one, two\n")
    assert required_secret("PORTAL_SEAL_KEY") == b"ABCDEFGHIJKLMNOPQRSTUVWXYZ123456"
    assert words("PORTAL_SECRET_KEY_FALLBACKS") == ["one", "two"]


def test_an_empty_variable_beside_a_file_is_no_variable(secret, monkeypatch):
    secret("PORTAL_EMAIL_PASSWORD", "of the file")
    monkeypatch.setenv("PORTAL_EMAIL_PASSWORD", "")
    assert text("PORTAL_EMAIL_PASSWORD") == "of the file"


def test_two_values_for_one_secret_are_refused(secret, monkeypatch):
    secret("PORTAL_EMAIL_PASSWORD", "of the file")
    monkeypatch.setenv("PORTAL_EMAIL_PASSWORD", "of the variable")
    with pytest.raises(ImproperlyConfigured, match=r"^Set PORTAL_EMAIL_PASSWORD or .*_FILE, not both\.$"):
        text("PORTAL_EMAIL_PASSWORD")


def test_a_file_that_is_not_there_is_named_and_its_absence_is_no_empty_secret(monkeypatch):
    monkeypatch.setenv("PORTAL_EMAIL_PASSWORD_FILE", "/nowhere/password")
    with pytest.raises(ImproperlyConfigured, match=r"^PORTAL_EMAIL_PASSWORD_FILE names /nowhere/password"):
        text("PORTAL_EMAIL_PASSWORD")


def test_an_empty_file_is_a_missing_secret_where_one_is_required(secret):
    secret("PORTAL_SECRET_KEY", "\n")
    assert text("PORTAL_SECRET_KEY", "default") == "default"
    with pytest.raises(ImproperlyConfigured, match="Set the environment variable PORTAL_SECRET_KEY"):
        required("PORTAL_SECRET_KEY")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            "postgresql://portal_app@postgres:5432/portal",
            "postgresql://portal_app:a%2Fb%40c@postgres:5432/portal",
        ),
        ("redis://valkey:6379/0", "redis://:a%2Fb%40c@valkey:6379/0"),
        ("redis://:own@valkey:6379/0", "redis://:own@valkey:6379/0"),
        ("postgresql://portal_app@%2Frun/portal", "postgresql://portal_app:a%2Fb%40c@%2Frun/portal"),
        ("unix:///run/valkey.sock", "unix:///run/valkey.sock"),
    ],
)
def test_an_address_without_a_password_gets_the_files(secret, monkeypatch, given, expected):
    monkeypatch.setenv("SERVER_URL", given)
    secret("SERVER_PASSWORD", "a/b@c\n")
    assert address("SERVER_URL", login="SERVER_PASSWORD") == expected


def test_an_address_stays_as_it_is_without_a_password_to_give(monkeypatch):
    monkeypatch.setenv("SERVER_URL", "redis://valkey:6379/0")
    assert address("SERVER_URL", login="SERVER_PASSWORD") == "redis://valkey:6379/0"
