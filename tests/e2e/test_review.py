"""A case between the applicant and two people: asked back and approved; refused, appealed, looked at anew."""

import pytest

from tests.e2e import road_joining, road_review
from tests.e2e.browsing import Crowd
from tests.e2e.road_joining import Applicant

pytestmark = pytest.mark.slow
ASKED = Applicant("Nachgefragt GmbH", "DE999999903", "Nele Frage", "nele@nachgefragt.example")
REFUSED = Applicant("Zweiter Blick GmbH", "DE999999911", "Zita Blick", "zita@zweiterblick.example")


def test_an_answer_is_asked_back_changed_and_approved(crowd: Crowd) -> None:
    applicant, marta, jonas = crowd.newcomer(), crowd.demo_person("marta"), crowd.demo_person("jonas")
    reference = road_joining.apply(applicant, ASKED)
    road_review.claim(marta, reference)
    road_review.ask_back(marta, "practice.tool_version", "wiping_not_shown")
    applicant.go("/apply/status/")
    applicant.follow("Answer")
    applicant.reads("Please name the standard with its revision")
    applicant.page.locator("main form input[type=text]").first.fill("9.9")
    applicant.press("Send the answers")
    applicant.page.wait_for_url("**/apply/status/")
    marta.page.reload()
    marta.reads("9.9")
    marta.press("Answer is fine")
    marta.reads("The question is closed.")
    road_review.recommend(marta)
    assert road_joining.approve(jonas, reference).startswith("TPR-")


def test_a_refusal_is_appealed_and_looked_at_by_somebody_new(crowd: Crowd) -> None:
    applicant, marta, jonas = crowd.newcomer(), crowd.demo_person("marta"), crowd.demo_person("jonas")
    reference = road_joining.apply(applicant, REFUSED)
    road_review.claim(marta, reference)
    road_review.recommend(marta, proposal="reject", reason="facts_not_confirmed")
    road_review.refuse(jonas, reference)
    applicant.go("/apply/status/")
    applicant.reads("could not be confirmed by the sources")
    applicant.follow("Appeal")
    applicant.fill(text="The register has been corrected since.")
    applicant.press("Send the appeal")
    applicant.page.wait_for_url("**/apply/status/")
    for earlier in (marta, jonas):
        road_review.open_case(earlier, reference)
        with earlier.refused(409):
            earlier.press("Claim this case")
        earlier.reads("You took part in the first decision")
    kirsten = crowd.demo_person("kirsten")
    road_review.claim(kirsten, reference)
    kirsten.reads("The register has been corrected since.")
    road_review.recommend(kirsten)
    assert road_joining.approve(jonas, reference).startswith("TPR-")
