"""Duties count the same keys as rule CMP-11, and only papers the partner renews himself."""

from datetime import timedelta

import pytest

from compliance.selectors.conduct import unreported_ages
from compliance.selectors.duties import duty_facts
from core.tenancy import mar_scope
from licensing.models import KeyHandOver, ProductKey
from licensing.rules.key_states import KeyState
from partners.models import Document
from partners.selectors.mar import mar_zone
from tests.compliance.world import oldest_taken, report, take_keys
from tests.factories import AT, make_mar, make_partner

pytestmark = pytest.mark.django_db


def test_keys_that_are_bound_or_on_hold_are_not_asked_for():
    make_mar()
    partner = make_partner()
    take_keys(partner, 1, days_ago=40)
    report(partner, oldest_taken(partner, 1))
    take_keys(partner, 1, days_ago=20)
    with mar_scope():
        held = KeyHandOver.objects.get(partner=partner, key__state=KeyState.RETRIEVED).key_id
        ProductKey.objects.filter(pk=held).update(hold="quarantined")
    take_keys(partner, 2, days_ago=3)
    with mar_scope():
        facts = duty_facts(partner.pk, at=AT, zone=mar_zone())
        assert unreported_ages((7, 30, 60), AT)[partner.pk] == (2, 0, 0, 0)
    assert facts.unreported == 2
    assert facts.oldest_taken_on == (AT - timedelta(days=3)).astimezone(mar_zone()).date()


def test_papers_about_recipients_are_no_duty_of_their_own():
    make_mar()
    partner = make_partner()
    with mar_scope():
        for kind in ("certificate", "recipient_evidence", "exception_letter"):
            Document.objects.create(
                partner=partner, kind=kind, title=kind, file_name="x.pdf", size=1, sha256="0" * 64, path="x",
                content_type="application/pdf", uploaded_by="Owner", uploaded_at=AT, expires_on=AT.date(),
            )  # fmt: skip
        facts = duty_facts(partner.pk, at=AT, zone=mar_zone())
    assert [each.name for each in facts.documents] == ["certificate"]
