"""Each kind of duty leads to the page where it is done."""

from datetime import date
from uuid import UUID, uuid4

import pytest
from django.test import Client

from compliance.rules.duties import Duty, DutyKind
from portal.web.tpr import duties
from tests.factories import make_mar, make_member, make_partner
from tests.web import sign_in

pytestmark = pytest.mark.django_db
PAPER = UUID(int=7)
PAGES = {
    DutyKind.REPORT: "/tpr/builds/upload/",
    DutyKind.REPORT_OR_STOP: "/tpr/builds/upload/",
    DutyKind.TERMS: "/terms/",
    DutyKind.TRAINING: "/tpr/rules/courses/",
    DutyKind.DOCUMENT: f"/tpr/settings/documents/{PAPER}/",
    DutyKind.RECIPIENT: "/tpr/recipients/",
    DutyKind.RETURN: "/tpr/keys/",
    DutyKind.ACCESS: "/tpr/exit/",
}


def test_each_duty_has_its_page(monkeypatch):
    make_mar()
    owed = [Duty(date(2026, 11, 15), kind, "x", 1, str(PAPER)) for kind in DutyKind]
    monkeypatch.setattr(duties, "duties_of", lambda *_args, **_kwargs: owed)
    shown = duties.shown_duties(uuid4())
    assert dict(zip(DutyKind, (duty.url for duty in shown), strict=True)) == PAGES


def test_a_missing_course_leads_to_the_courses(monkeypatch):
    make_mar()
    owed = [Duty(date(2026, 11, 15), DutyKind.TRAINING, "Basics")]
    monkeypatch.setattr(duties, "duties_of", lambda *_args, **_kwargs: owed)
    client = sign_in(Client(), make_member("tpr_owner", partner=make_partner()))
    assert 'href="/tpr/rules/courses/"' in client.get("/tpr/duties/").text
    assert client.get("/tpr/rules/courses/").status_code == 200
