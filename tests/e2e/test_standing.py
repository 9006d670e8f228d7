"""Suspension and lift in the browser: the partner sees at once what is stopped, why, and what stays open."""

import pytest

from tests.e2e.browsing import Crowd, Person

pytestmark = pytest.mark.slow
PARTNER = "Tweede Leven IT"


def _open_standing(person: Person) -> str:
    page = person.go("/mar/partners/?q=TPR-0002")
    page.get_by_role("link", name=PARTNER).first.click()
    page.get_by_role("link", name="Standing", exact=True).click()
    page.wait_for_url("**/standing/")
    return page.url.removesuffix("standing/")


def test_a_partner_is_suspended_confirmed_by_a_second_person_and_lifted(crowd: Crowd) -> None:
    marta, jonas, noor = (crowd.demo_person(key) for key in ("marta", "jonas", "noor"))
    root = _open_standing(marta)
    marta.page.goto(f"{root}suspend/")
    marta.page.get_by_label("Reason").fill("Labels do not add up.")
    marta.press("Suspend the partner")
    marta.reads("Suspended: no new orders and no keys.")

    noor.go("/tpr/")
    noor.reads("Labels do not add up.")
    noor.go("/tpr/standing/")
    noor.reads("report, return, pay, export, read")
    noor.go("/tpr/builds/upload/")
    assert noor.page.locator("input[type=file]").count() == 1

    jonas.page.goto(f"{root}standing/")
    jonas.page.get_by_role("link", name="Confirm as second person").click()
    jonas.press("Confirm the suspension")
    jonas.reads("Confirmed by Jonas Weber.")

    marta.page.goto(f"{root}lift/")
    marta.page.get_by_label("Reason").fill("All labels found.")
    marta.press("Lift the suspension")
    marta.reads("The suspension is lifted.")
    noor.go("/tpr/standing/")
    assert noor.page.get_by_text("Suspended:").count() == 0
