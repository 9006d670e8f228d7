"""A partner's own standing: truth, restrictions, score, coach; and what nobody else sees of it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from compliance.services.score import take_snapshots
from core.tenancy import mar_scope
from partners.services.badges import set_badges
from partners.services.partners import record_unpaid
from partners.services.standing import restrict_partner, suspend_partner
from tests.compliance.world import STATION, report, take_keys
from tests.factories import make_mar, make_member, make_partner
from tests.web import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def the_mar():
    make_mar()


def _owner(partner) -> Client:
    return sign_in(Client(), make_member("tpr_owner", partner=partner))


def test_a_restriction_is_on_the_home_and_on_the_page_with_its_six_facts():
    partner, now = make_partner(), timezone.now()
    with mar_scope():
        restrict_partner(
            partner.pk, kind="orders", reason="Labels are missing.", next_step="Send photos.", by=STATION,
            facts={"Labels": 14}, at=now,
        )  # fmt: skip
    client = _owner(partner)
    home = client.get("/tpr/").text
    assert "Labels are missing." in home
    assert "Still allowed: take keys, report, return, pay, export, read." in home
    page = client.get("/tpr/standing/").text
    for said in ("P-STATE-3", "Labels", "14", "Since", "Still allowed", "compliance officer", "Send photos."):
        assert said in page


@pytest.mark.parametrize(
    "path", ["/tpr/", "/tpr/standing/", "/tpr/builds/upload/", "/tpr/keys/", "/tpr/orders/", "/tpr/builds/"]
)
def test_a_suspended_partner_still_reads_and_reports(path):
    partner = make_partner()
    with mar_scope():
        suspend_partner(partner.pk, reason="x", by=STATION, at=timezone.now())
    assert _owner(partner).get(path).status_code == 200


def test_the_coach_names_steps_and_the_score_they_give():
    partner, now = make_partner(credit="100.00"), timezone.now()
    report(partner, take_keys(partner, 3, days_ago=2, at=now), at=now)
    take_keys(partner, 20, days_ago=70, at=now)
    with mar_scope():
        record_unpaid(partner.pk, unpaid=Decimal(100), by=STATION, at=now)
    context = _owner(partner).get("/tpr/standing/").context
    assert context["score"].total == (30 * 60 + 25 * 80 + 15 * 0 + 15 * 60) // 85
    assert [(task["label"], task["url"]) for task in context["coach"]["tasks"]] == [
        ("Pay the open invoices.", "/tpr/order/")
    ]
    assert context["coach"]["total"] == (30 * 60 + 25 * 80 + 15 * 100 + 15 * 60) // 85


def test_every_role_of_the_house_sees_it_and_no_stranger():
    partner, stranger = make_partner(name="Kreislauf PC"), make_partner()
    assert _owner(stranger).get("/tpr/standing/").text.count("Kreislauf PC") == 0
    for role in ("tpr_buyer", "tpr_technician", "tpr_finance", "tpr_readonly"):
        assert sign_in(Client(), make_member(role, partner=partner)).get("/tpr/standing/").status_code == 200
    assert sign_in(Client(), make_member("mar_admin")).get("/tpr/standing/").status_code == 404


def test_no_anonymous_page_holds_a_score():
    partner, now = make_partner(name="Kreislauf PC"), timezone.now()
    with mar_scope():
        take_snapshots(at=now)
        set_badges({partner.pk: {"good_standing"}}, valid_before=now + timedelta(days=9), by=STATION, at=now)
    for path in (
        "/",
        "/programme/",
        "/partners/",
        "/find/",
        "/tpr/standing/",
        "/compliance/scores/",
        "/api/v1/me",
    ):
        page = Client().get(path).content.decode().lower()
        assert "score" not in page, path
        assert "of 100" not in page, path
