"""Links lead somewhere, commands and addresses exist, and nothing tells where it was written."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.urls import Resolver404, resolve

from portal.demo.programme import PARTNERS
from portal.demo_people import DEMO_PEOPLE, password_of
from tests.docs.pages import ROOT, anchors_of, links_of, table, text_of

OUTSIDE = ("http:", "https:", "mailto:")
PAGES_WITH_ADDRESSES = ("README.md", "docs/tour.md", "docs/demo.md", "docs/how-to", "docs/guides")
ADDRESS = re.compile(r"`(/[a-z0-9][^`\s]*)`")
PLACEHOLDER = re.compile(r"[<{…]")
COMMAND = re.compile(r"\b(bin/(?:portal|test|check|bench|smoke|lock))\b([^`\n#]*)")
MANAGE = re.compile(r"(?:bin/portal manage|manage\.py) ([a-z_]+)")
HOME_FOLDER = re.compile(rb"/(?:home|Users)/(?!nobody\b)[A-Za-z][\w.-]*/")
LARGEST_PICTURE = 250_000  # bytes


@pytest.fixture(scope="session")
def pages(tracked: list[Path]) -> list[Path]:
    return [file for file in tracked if file.suffix == ".md"]


def test_every_link_within_the_project_leads_somewhere(pages: list[Path]) -> None:
    broken = []
    for page in pages:
        for link in links_of(page.read_text(encoding="utf-8")):
            if link.startswith(OUTSIDE):
                continue
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            if not target.exists() or (
                anchor and anchor not in anchors_of(target.read_text(encoding="utf-8"))
            ):
                broken.append((page.name, link))
    assert broken == []


def test_every_document_stands_in_the_index() -> None:
    listed = {(ROOT / "docs" / link).resolve() for link in links_of(text_of("docs/README.md"))}
    found = {file for file in (ROOT / "docs").rglob("*.md") if file.parent.name != "adr"}
    assert found - listed - {ROOT / "docs" / "README.md"} == set()


def test_every_decision_stands_in_its_index() -> None:
    listed = set(links_of(text_of("docs/adr/README.md")))
    assert {file.name for file in (ROOT / "docs/adr").glob("0*.md")} == listed


def test_every_command_and_option_exists(pages: list[Path]) -> None:
    known = " ".join(file.read_text() for file in (ROOT / "bin/launcher").glob("*.py"))
    wrong = []
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for command, rest in COMMAND.findall(text):
            wrong += [command] if not (ROOT / command).is_file() else []
            if " manage " in rest or " accounts" in rest:
                continue
            wrong += [option for option in re.findall(r"--[a-z]+", rest) if f'"{option}"' not in known]
    assert wrong == []


def test_every_management_command_exists(pages: list[Path]) -> None:
    named = {name for page in pages for name in MANAGE.findall(page.read_text(encoding="utf-8"))}
    assert named - set(get_commands()) == set()


@pytest.mark.parametrize("place", PAGES_WITH_ADDRESSES)
def test_every_address_is_in_the_urlconf(place: str) -> None:
    wrong = []
    files = sorted((ROOT / place).glob("*.md")) if (ROOT / place).is_dir() else [ROOT / place]
    for file in files:
        for address in ADDRESS.findall(file.read_text(encoding="utf-8")):
            path = address.partition("?")[0]
            if PLACEHOLDER.search(path) or path.startswith(("/srv/", "/etc/", "/run/")):
                continue
            try:
                resolve(path)
            except Resolver404:
                wrong.append((file.name, address))
    assert wrong == []


def test_the_readme_names_the_people_of_the_demo() -> None:
    rows = table(text_of("README.md"), "Who")
    assert [(row[0], row[1], row[3].strip("`")) for row in rows] == [
        (person.name, person.role_label, person.key)
        for person in sorted(DEMO_PEOPLE, key=lambda person: _place(rows, person.key))
    ]
    assert {row[3].strip("`") for row in rows} == {person.key for person in DEMO_PEOPLE}
    assert {password_of(person) for person in DEMO_PEOPLE} == {f"demo-password-{p.key}" for p in DEMO_PEOPLE}


def _place(rows: list[list[str]], key: str) -> int:
    return next((place for place, row in enumerate(rows) if row[3].strip("`") == key), len(rows))


def test_the_demos_page_names_its_partners() -> None:
    rows = table(text_of("docs/demo.md"), "Code")
    assert [(row[0], row[1]) for row in rows] == [(partner.code, partner.name) for partner in PARTNERS]


def test_every_setting_of_the_security_page_is_in_the_example() -> None:
    named = set(re.findall(r"\b((?:PORTAL|DATABASE|REDIS)_[A-Z_]+[A-Z])\b", text_of("docs/security.md")))
    documented = set(re.findall(r"^([A-Z_]+)=", text_of(".env.example"), re.MULTILINE))
    assert named - documented == set()


def test_pictures_are_small_and_used(tracked: list[Path], pages: list[Path]) -> None:
    used = {link.rpartition("/")[2] for page in pages for link in links_of(page.read_text(encoding="utf-8"))}
    pictures = [file for file in tracked if file.parent == ROOT / "docs" / "img"]
    assert [file.name for file in pictures if file.name not in used] == []
    assert [file.name for file in pictures if file.stat().st_size > LARGEST_PICTURE] == []


def test_no_file_names_somebodys_home_folder(tracked: list[Path]) -> None:
    assert [str(file.relative_to(ROOT)) for file in tracked if HOME_FOLDER.search(file.read_bytes())] == []
