"""No lock file names a registry, and none is open-ended (decisions 29 of the project's documents)."""

import json
import re
from pathlib import Path

import pytest
from launcher.venv import INCLUDES

LOCK_FILES = ["package.json", "package-lock.json", ".npmrc"]
REQUIREMENTS = ["base", "local", "dev", "node"]


def pins(path: Path) -> set[str]:
    return set(re.findall(r"^([A-Za-z0-9_.-]+(?:\[.*?\])?==[^\s;]+)", path.read_text(), re.MULTILINE))


@pytest.mark.parametrize("name", [*LOCK_FILES, *(f"requirements/{name}.txt" for name in REQUIREMENTS)])
def test_lock_file_holds_no_address(root, name):
    assert "://" not in (root / name).read_text()


def test_npm_is_told_to_keep_addresses_out_and_to_run_no_scripts(root):
    assert {"omit-lockfile-registry-resolved=true", "ignore-scripts=true"} <= set(
        (root / ".npmrc").read_text().splitlines()
    )


def test_every_npm_package_is_pinned_by_hash(root):
    packages = json.loads((root / "package-lock.json").read_text())["packages"]
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_every_python_package_is_pinned_by_hash(root, name):
    path = root / "requirements" / f"{name}.txt"
    entries = re.split(r"\n(?=\S)", path.read_text().strip())
    assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []
    assert len(entries) == len(pins(path))


def test_a_longer_list_holds_all_of_the_shorter_ones(root):
    by_name = {name: pins(root / "requirements" / f"{name}.txt") for name in REQUIREMENTS}
    assert by_name["base"] < by_name["local"] < by_name["dev"]
    assert INCLUDES == {"local": ["local"], "dev": ["dev", "local"]}


def test_every_variable_of_the_settings_is_documented(root):
    settings = "".join(path.read_text() for path in (root / "portal" / "settings").glob("*.py"))
    used = set(re.findall(r'"((?:PORTAL|DATABASE|REDIS)_[A-Z_]+)"', settings)) - {"PORTAL_DATABASE_IDENTITY"}
    documented = set(re.findall(r"^([A-Z_]+)=", (root / ".env.example").read_text(), re.MULTILINE))
    assert used - documented == set()
