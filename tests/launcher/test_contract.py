"""The environment of the Django processes."""

import base64
import stat
from pathlib import Path

import dj_database_url
import pytest
from launcher import contract
from launcher.errors import LaunchError
from launcher.paths import Paths

SERVERS = {
    "DATABASE_OWNER_URL": "postgresql://o@h/d",
    "DATABASE_URL": "postgresql://a@h/d",
    "REDIS_URL": "redis://h",
}


def test_secrets_are_made_once_and_private(tmp_path):
    path = tmp_path / "secrets.json"
    first = contract.kept_secrets(path)
    assert contract.kept_secrets(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    keys = [first.master_key, first.blind_index_key, first.seal_key]
    assert [len(base64.b64decode(key)) for key in keys] == [32, 32, 32]
    assert len(set(keys)) == 3


def test_damaged_secrets_are_never_replaced_silently(tmp_path):
    path = tmp_path / "secrets.json"
    path.write_text('{"secret_key": "x"}')
    with pytest.raises(LaunchError, match="is damaged"):
        contract.kept_secrets(path)
    assert path.read_text() == '{"secret_key": "x"}'


def test_named_servers_are_used_all_or_none():
    assert contract.named_servers({}) is None
    assert contract.named_servers(SERVERS).redis_url == "redis://h"
    with pytest.raises(LaunchError) as refusal:
        contract.named_servers({"DATABASE_URL": "postgresql://a@h/d"})
    assert refusal.value.sentence == (
        "To use your own servers set DATABASE_OWNER_URL, REDIS_URL too, or unset the others."
    )


def test_socket_address_is_read_back_by_django(tmp_path):
    kept = contract.new_secrets()
    servers = contract.socket_servers(Path("/run/Portal-0a"), Path("/run/Portal-0a/valkey.sock"), kept)
    parsed = dj_database_url.parse(servers.app_url)
    assert (parsed["HOST"], parsed["USER"], parsed["PASSWORD"], parsed["NAME"]) == (
        "/run/Portal-0a",
        "portal_app",
        kept.app_password,
        "portal",
    )
    assert servers.redis_url == "unix:///run/Portal-0a/valkey.sock"


def test_environment_keeps_the_callers_keys_and_drops_his_python(monkeypatch, tmp_path):
    monkeypatch.setenv("PORTAL_MASTER_KEY", "mine")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("PORTAL_DATABASE_IDENTITY", "owner")
    monkeypatch.delenv("PORTAL_SEAL_KEY", raising=False)
    kept = contract.new_secrets()
    env = contract.environment(
        Paths(root=tmp_path, var=tmp_path / "var"),
        contract.Servers("o", "a", "r"),
        kept,
        settings="portal.settings.local",
        port=8123,
    )
    assert env["PORTAL_MASTER_KEY"] == "mine"
    assert env["PORTAL_SEAL_KEY"] == kept.seal_key
    assert (env["PORTAL_BASE_URL"], env["PORTAL_PORT"]) == ("http://localhost:8123", "8123")
    assert env["PORTAL_VAR"] == str(tmp_path / "var")
    assert {"PYTHONPATH", "PORTAL_DATABASE_IDENTITY"} & env.keys() == set()
