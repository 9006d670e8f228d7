"""T35: a decoy that is opened, by whomever, tells on him within the minute, and he is frozen."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.test import Client

from core.actor import Actor, ActorKind
from core.models import AuditEvent, OutboxItem
from core.tenancy import acting_as, mar_scope, partner_scope
from licensing.models import Incident, ProductKey
from licensing.selectors.decoys import is_decoy
from licensing.selectors.metrics import decoy_incidents
from licensing.services.hand_over import HandOverRefused, decrypt_key
from licensing.services.incidents import close_incident
from licensing.tasks import tell_decoy
from partners.models import ApiKey
from portal.web.incident_forms import IncidentForm
from tests.factories import AT, actor_for, make_mar, make_member, make_partner, make_product
from tests.factories.decoys import without_decoys
from tests.licensing.services.test_imports import delivery, released
from tests.web import sign_in

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def decoy(cloned_db: str) -> ProductKey:
    make_mar()
    released(delivery(make_product().lpn, keys=4))
    with mar_scope():
        return next(key for key in ProductKey.objects.all() if is_decoy(key.pk))


def refused_to(decoy: ProductKey, **who: Any) -> str:
    """Open it in a transaction that the refusal rolls back, as a request or a shell does."""
    with pytest.raises(HandOverRefused) as refused, mar_scope():
        decrypt_key(decoy, **who)
    return refused.value.code


def the_incident() -> Incident:
    with mar_scope():
        return Incident.objects.get(kind=Incident.Kind.OPENED)


def told(incident: Incident, actor: Actor) -> list[str]:
    with mar_scope():
        tell_decoy(
            incident_id=str(incident.pk), actor_kind=actor.kind.value, actor_id=actor.id, label=actor.label
        )
    return sorted(address for message in mail.outbox for address in message.to)


def test_a_shell_that_opens_a_decoy_is_told_on_within_the_minute(decoy: ProductKey) -> None:
    officer, keeper = make_member("compliance"), make_member("mar_admin")
    began = time.monotonic()
    assert refused_to(decoy) == "key_not_available"
    incident = the_incident()
    assert told(incident, Actor.system("shell root on office")) == sorted([officer.email, keeper.email])
    assert time.monotonic() - began < 60
    assert (incident.state, incident.partner_id) == ("open", None)
    assert "shell " in incident.facts
    with mar_scope():
        event = AuditEvent.objects.get(action="licensing.decoy.opened")
        assert (event.actor_kind, event.object_id) == ("system", str(incident.pk))
        assert decoy_incidents() == {"open": 1, "closed": 0}
    assert decoy.product_key_id not in mail.outbox[0].body + incident.facts


def test_a_person_in_a_request_is_frozen_with_his_sessions_and_let_in_again_by_command(
    decoy: ProductKey,
) -> None:
    person = make_member("mar_admin")
    browser = Client()
    browser.force_login(person)
    assert "_auth_user_id" in browser.session
    refused_to(decoy, by=actor_for(person), at=NOW)
    person.refresh_from_db()
    assert not person.is_active
    assert browser.get("/", follow=True).wsgi_request.user.is_anonymous
    with mar_scope():
        frozen = AuditEvent.objects.get(action="partners.person.frozen")
    assert (frozen.object_id, frozen.facts["reason"]) == (
        str(person.pk),
        f"incident {the_incident().reference}",
    )
    call_command("thaw_person", person.email, reason="it was a drill")
    person.refresh_from_db()
    assert person.is_active


def test_the_acting_person_is_known_in_a_shell_too(decoy: ProductKey) -> None:
    person = make_member("mar_stock")
    with acting_as(person.pk):
        refused_to(decoy)
    person.refresh_from_db()
    assert not person.is_active


def test_a_stations_credential_is_ended(decoy: ProductKey) -> None:
    partner = make_partner()
    with mar_scope():
        station = ApiKey.objects.create(
            partner=partner, name="Line 1", prefix="rlp_live_x", secret_hash=b"x" * 32, scopes=["keys:claim"],
            created_by="Owner", created_at=AT, daily_claims=5,
        )  # fmt: skip
    by = Actor(ActorKind.API_KEY, str(station.pk), station.name, partner_id=partner.pk)
    with pytest.raises(HandOverRefused), partner_scope(partner.pk):
        decrypt_key(decoy, by=by, at=NOW)
    with mar_scope():
        station.refresh_from_db()
    assert station.revoked_at == NOW


def test_the_refusal_is_that_of_any_key_in_stock_and_a_real_one_raises_no_alarm(decoy: ProductKey) -> None:
    with mar_scope():
        real = without_decoys(ProductKey.objects.all())[0]
    partner = make_partner()
    answers = []
    for key in (real, decoy):
        with pytest.raises(HandOverRefused) as refused, partner_scope(partner.pk):
            decrypt_key(key, by=actor_for(make_member("tpr_technician", partner=partner)), at=NOW)
        answers.append(refused.value.refusals[0])
        with mar_scope():
            assert Incident.objects.count() == len(answers) - 1
    assert answers[0] == answers[1]


def test_who_walks_through_the_table_makes_one_case_and_an_audit_row_each(decoy: ProductKey) -> None:
    first, second = Actor.system("shell ann"), Actor.system("shell bob")
    for by, at in ((first, NOW), (first, NOW), (second, NOW), (first, NOW + timedelta(minutes=61))):
        refused_to(decoy, by=by, at=at)
    with mar_scope():
        assert AuditEvent.objects.filter(action="licensing.decoy.opened").count() == 4
        cases = Incident.objects.order_by("reported_at", "facts")
        assert [name in case.facts for case, name in zip(cases, ("ann", "bob", "ann"), strict=True)] == [
            True
        ] * 3
    assert OutboxItem.objects.filter(task="licensing.tell_decoy").count() == 3


def test_a_decoy_in_quarantine_still_rings(decoy: ProductKey) -> None:
    with mar_scope():
        ProductKey.objects.filter(pk=decoy.pk).update(hold="quarantined")
    refused_to(decoy)
    assert the_incident().state == "open"


def test_compliance_reads_the_case_and_nobody_reports_one_of_its_kind(decoy: ProductKey) -> None:
    refused_to(decoy, by=Actor.system("shell ann"), at=NOW)
    officer, case = sign_in(Client(), make_member("compliance")), the_incident()
    for address in ("/mar/incidents/", f"/mar/incidents/{case.pk}/"):
        page = officer.get(address)
        assert page.status_code == 200
        assert "A guarded key was opened" in page.text
        assert decoy.product_key_id not in page.text
    form = IncidentForm({"kind": "opened", "facts": "I looked at it myself"})
    assert set(form.errors) == {"kind"}


def test_compliance_closes_the_incident_and_no_key_moves(decoy: ProductKey) -> None:
    refused_to(decoy)
    with mar_scope():
        by = actor_for(make_member("compliance"))
        close_incident(the_incident().pk, outcome="settled", measures="talked", note="a drill", by=by, at=NOW)
        assert decoy_incidents() == {"open": 0, "closed": 1}
        assert ProductKey.objects.get(pk=decoy.pk).state == 1
