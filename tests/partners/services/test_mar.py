"""The MAR's own facts, and the zone that stays once months are closed."""

import pytest

from core.actor import Actor
from core.models import AuditEvent
from core.tenancy import mar_scope
from partners.models import Mar
from partners.services.mar import MarFactsWrong, ZoneIsFixed, change_mar_facts
from tests.factories import AT, make_mar

pytestmark = pytest.mark.django_db
BY = Actor.system("test")


def change(*, is_zone_fixed: bool = False, **facts):
    with mar_scope():
        return change_mar_facts(facts=facts, is_zone_fixed=is_zone_fixed, by=BY, at=AT)


def stored() -> Mar:
    with mar_scope():
        return Mar.objects.get()


def test_facts_change_and_the_fields_are_audited():
    make_mar()
    change(legal_name="Südlicht GmbH", time_zone="Europe/Vienna", contact_email="a@example.test")
    assert (stored().legal_name, stored().time_zone) == ("Südlicht GmbH", "Europe/Vienna")
    change(legal_name="Südlicht GmbH")
    with mar_scope():
        (event,) = AuditEvent.objects.filter(action="partners.mar.changed")
    assert sorted(event.facts["fields"]) == ["contact_email", "legal_name", "time_zone"]


def test_the_zone_stays_once_a_month_is_reported_and_the_rest_changes():
    make_mar()
    with pytest.raises(ZoneIsFixed):
        change(is_zone_fixed=True, legal_name="Anders GmbH", time_zone="Europe/Vienna")
    assert (stored().legal_name, stored().time_zone) == ("Nordlicht Refurbishing GmbH", "Europe/Berlin")
    change(is_zone_fixed=True, legal_name="Anders GmbH", time_zone="Europe/Berlin")
    assert stored().legal_name == "Anders GmbH"


@pytest.mark.parametrize("wrong", [{"time_zone": "Europe/Atlantis"}, {"country": "XX"}, {"legal_name": " "}])
def test_wrong_facts_change_nothing(wrong):
    make_mar()
    with pytest.raises(MarFactsWrong):
        change(vat_id="DE1", **wrong)
    assert stored().vat_id == ""


def test_before_the_mar_is_set_up_there_is_nothing_to_change():
    assert change(legal_name="X") is None
