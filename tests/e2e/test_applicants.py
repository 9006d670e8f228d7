"""Four applicants from the public page to the confirmation: each country writes its numbers differently."""

from pathlib import Path

import pytest

from tests.e2e import road_joining
from tests.e2e.browsing import Crowd
from tests.e2e.road_joining import Applicant, fill_page
from tests.e2e.stack import Stack
from tests.partners import papers

pytestmark = pytest.mark.slow
GMBH = Applicant("Wiederkehr Computer GmbH", "DE123456796", "Ute Kern", "ute@wiederkehr.example", kind="itad")
ZZP = Applicant("Tweede Kans", "NL123456794B01", "Bas Visser", "bas@tweedekans.example", country="NL")
SPOLKA = Applicant(
    "Nowe Życie sp. z o.o.",
    "PL1234567908",
    "Ewa Lis",
    "ewa@nowezycie.example",
    country="PL",
    branch="transfer",
)
ASSOCIATION = Applicant(
    "Réemploi Solidaire", "", "Lucie Roy", "lucie@reemploi.example", country="FR", kind="charity"
)


def _state(stack: Stack, reference: str) -> tuple[object, ...]:
    return stack.one(
        "SELECT state, company, vat_id FROM partners_application WHERE reference = %s", reference
    )


def test_a_german_gmbh(crowd: Crowd, stack: Stack) -> None:
    reference = road_joining.apply(crowd.newcomer(), GMBH)
    assert _state(stack, reference) == ("submitted", GMBH.company, "DE123456796")


def test_a_dutch_sole_trader_without_scripts(crowd: Crowd, stack: Stack) -> None:
    reference = road_joining.apply(crowd.newcomer(java_script_enabled=False), ZZP)
    assert _state(stack, reference) == ("submitted", ZZP.company, "NL123456794B01")


def test_a_polish_company_of_another_mar(crowd: Crowd, stack: Stack) -> None:
    reference = road_joining.apply(crowd.newcomer(), SPOLKA)
    assert _state(stack, reference) == ("submitted", SPOLKA.company, "PL1234567908")


def test_a_french_association_with_its_statutes(crowd: Crowd, stack: Stack, tmp_path: Path) -> None:
    paper = tmp_path / "statuts.pdf"
    paper.write_bytes(papers.make_pdf())
    reference = road_joining.apply(crowd.newcomer(), ASSOCIATION, paper=paper)
    assert _state(stack, reference) == ("submitted", ASSOCIATION.company, "")


def test_a_mistyped_number_is_named_and_a_script_in_a_paper_refused(crowd: Crowd, tmp_path: Path) -> None:
    visitor = crowd.newcomer()
    road_joining.begin(visitor, GMBH)
    visitor.go("/apply/pages/register/")
    paper = tmp_path / "auszug.pdf"
    paper.write_bytes(papers.pdf_with_script())
    visitor.fill(register_number="Hamburg HRB 12345", vat_id="DE123456789")
    visitor.page.locator("main [name='register_extract']").set_input_files(paper)
    with visitor.refused(422):
        visitor.press("Save and continue")
    visitor.reads("looks like DE123456796")
    visitor.reads("This PDF contains a script.")
    visitor.go("/apply/pages/register/")
    assert visitor.page.locator("main [name='register_number']").input_value() == "Hamburg HRB 12345"


def test_the_checker_fills_the_start_and_leads_buyers_to_the_finder(crowd: Crowd) -> None:
    visitor = crowd.newcomer(java_script_enabled=False)
    visitor.go("/check/")
    visitor.page.locator("main [name='activity'][value='charity']").check()
    visitor.fill(country="FR")
    for name, value in (
        ("volume", "50"),
        ("receivers", "education"),
        ("wiping", "standard"),
        ("devices", "windows"),
    ):
        visitor.page.locator(f"main [name='{name}'][value='{value}']").check()
    visitor.press("Show the answer")
    assert visitor.heading == "You can apply"
    visitor.reads("Citizenship")
    visitor.follow("Apply with these answers")
    assert visitor.page.locator("main [name='kind'][value='charity']").is_checked()
    assert visitor.page.locator("main [name='country']").input_value() == "FR"
    visitor.go("/check/")
    visitor.page.locator("main [name='activity'][value='buyer']").check()
    visitor.press("Show the answer")
    visitor.follow("Find a partner")
    assert visitor.heading == "Find a partner"


def test_a_closed_browser_loses_nothing(crowd: Crowd) -> None:
    first = crowd.newcomer()
    road_joining.begin(first, ZZP)
    fill_page(first, "company", ZZP.pages()["company"])
    again = crowd.newcomer()
    again.go("/apply/tasks/")
    assert again.heading == "Apply to join"
    again.go(_link_for(again, ZZP.email))
    again.fill(email=ZZP.email)
    again.press("Open")
    again.page.wait_for_url("**/apply/tasks/")
    again.reads("1 of 12 pages are complete.")
    again.go("/apply/pages/company/")
    assert again.page.locator("main [name='company']").input_value() == ZZP.company


def _link_for(person: object, address: str) -> str:
    """Return the path of the newest mailed link for an address; the worker may still be sending it."""
    page = person.page  # type: ignore[attr-defined]
    for _ in range(60):
        person.go("/demo/mail/")  # type: ignore[attr-defined]
        mails = page.locator("main tr, main li, main article").filter(has_text=address)
        wanted = mails.filter(has_text="the way back")
        if wanted.count():
            wanted.first.get_by_role("link").first.click()
            found = page.locator("main a[href*='/apply/open/']").first.get_attribute("href")
            return "/" + found.split("/", 3)[3] if found.startswith("http") else found
        page.wait_for_timeout(500)
    raise AssertionError(f"no link for {address} came")
