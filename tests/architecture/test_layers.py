"""Layers that the import contracts cannot name: the domain speaks no HTTP, views hold no queries."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = ("core", "partners", "licensing", "compliance", "reporting")
HTTP = ("django.http", "django.shortcuts", "django.views", "rest_framework", "portal")


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def _files(*folders: str) -> list[Path]:
    return [file for folder in folders for file in sorted((ROOT / folder).rglob("*.py"))]


@pytest.mark.parametrize("file", _files(*DOMAIN), ids=lambda file: str(file.relative_to(ROOT)))
def test_domain_module_speaks_no_http(file: Path) -> None:
    spoken = [
        name for name in _imports(file) if name in HTTP or name.startswith(tuple(f"{http}." for http in HTTP))
    ]
    assert spoken == []


def test_only_services_and_locks_take_row_locks() -> None:
    # Selectors that lock say so in their names; everything else must not hold rows.
    holders = {
        str(file.relative_to(ROOT))
        for file in _files(*DOMAIN)
        if "select_for_update" in file.read_text() and not {"services", "locks.py"} & set(file.parts)
    }
    assert holders <= {"licensing/selectors/hand_over.py"}


def test_rules_are_pure() -> None:
    impure = [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in _files(*DOMAIN)
        if "rules" in file.parts
        for name in _imports(file)
        if name.startswith(("django.db", "django.conf", "django.utils.timezone"))
        # The permissions table is keyed by the roles, which are a model's choices.
    ]
    assert impure == []


def test_weasyprint_has_one_importer() -> None:
    users = {
        str(file.relative_to(ROOT))
        for file in _files(*DOMAIN, "portal")
        if any(name.split(".")[0] == "weasyprint" for name in _imports(file))
    }
    assert users == {"reporting/renderers/pdf.py"}


def test_no_drawer_for_odds_and_ends() -> None:
    banned = {"utils.py", "helpers.py", "common.py"}
    assert [str(file.relative_to(ROOT)) for file in _files(*DOMAIN, "portal") if file.name in banned] == []


def test_no_model_is_saved_by_a_view() -> None:
    savers = [
        str(file.relative_to(ROOT))
        for file in _files("portal/web", "portal/api")
        if ".save(" in file.read_text() and "storage" not in file.read_text()
    ]
    assert savers == []
