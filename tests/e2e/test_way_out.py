"""A partner leaves, in the browser: what is open, his data, two people, the end."""

import zipfile
from pathlib import Path

import pytest

from compliance.rules.exit_file import problems_of
from tests.e2e.browsing import Crowd, Person

pytestmark = pytest.mark.slow
LEAVING = "Herstart Antwerpen BV"  # the demo began his way out; Marta let one item go


def test_the_way_out_is_finished_by_a_second_person(crowd: Crowd, tmp_path: Path) -> None:
    marta, jonas = crowd.demo_person("marta"), crowd.demo_person("jonas")
    _open_partner(marta)
    marta.follow("See what is open")
    assert marta.heading.startswith(f"{LEAVING} leaves")
    address = marta.path
    marta.follow("End the contract …")
    with marta.refused(409):
        marta.press("End the contract")
    marta.reads("Still open: Data file for the partner.")
    marta.go(address)
    _settle(marta, "Proof pages that live on", "The pages stay.")
    marta.go(address)
    _take_the_file(marta, tmp_path)
    marta.go(address)
    _let_go(marta, "Money owed", "Below what an invoice costs.")
    jonas.go(address)
    for item in ("Money owed", "Papers to keep or give back"):
        _row(jonas, item).get_by_role("button", name="Confirm: let it go").click()
        jonas.reads("It is let go.")
    jonas.go(address + "finish/")
    jonas.press("End the contract")
    jonas.reads("The contract has ended.")
    assert "Terminated" in jonas.heading


def _open_partner(person: Person) -> None:
    person.go("/mar/partners/?state=winding_down")
    person.follow(LEAVING)
    person.page.wait_for_url("**/mar/partners/*-*/")


def _row(person: Person, item: str):  # type: ignore[no-untyped-def]
    return person.page.locator(".task-list li").filter(has_text=item)


def _settle(person: Person, item: str, note: str) -> None:
    _row(person, item).get_by_role("link", name="Settled …").click()
    person.fill(note=note)
    person.press("Mark as settled")
    person.reads("It is settled.")


def _let_go(person: Person, item: str, note: str) -> None:
    _row(person, item).get_by_role("link", name="Let it go …").click()
    person.fill(note=note)
    person.press("Propose to let it go")
    person.reads("A second person has to confirm it.")


def _take_the_file(person: Person, folder: Path) -> None:
    address, before = person.path, _checksum(person)
    person.press("Make it anew")
    person.reads("The file is being made.")
    for _try in range(60):
        if _checksum(person) != before:
            break
        person.page.wait_for_timeout(500)
        person.go(address)
    with person.page.expect_download() as coming:
        _row(person, "Data file for the partner").get_by_role("link", name="Hand it over").click()
    file = folder / "data.zip"
    coming.value.save_as(file)
    with file.open("rb") as content:
        assert problems_of(content) == []
    assert "keys.csv" in zipfile.ZipFile(file).namelist()


def _checksum(person: Person) -> str:
    return person.page.locator("main dd .mono").last.inner_text()
