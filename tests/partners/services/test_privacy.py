"""A person is forgotten by two people; ids stay, words about him go, and the chains still hold."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from core.models import AuditEvent, OutboxItem, SignInSession, User
from core.people import forget_names
from core.tenancy import mar_scope, no_scope
from partners.models import ErasureRequest, Membership
from partners.selectors.personal_data import personal_data_of, residues_of
from partners.services.privacy import (
    ErasureOpen,
    LastKeeperStays,
    SecondPersonNeeded,
    carry_out_erasure,
    refuse_erasure,
    request_erasure,
)
from partners.services.retention import count_expired, kept_days, purge_expired
from tests.factories import AT, actor_for, make_member, make_partner
from tests.partners.forgotten import EMAIL, NAME, PHONE, forget_by_two, make_person
from tests.web import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> User:
    """Return somebody who has left words about himself in many tables."""
    return make_person()


def test_rows_about_the_person_show_a_number_from_then_on(person: User) -> None:
    forget_by_two(person)
    forget_names()
    with mar_scope():
        event = AuditEvent.objects.get(action="test.acted")
        assert str(event.actor_label) == f"Former user {person.pk.hex[:4].upper()}"
    person.refresh_from_db()
    assert (person.is_active, person.has_usable_password()) == (False, False)
    assert Authenticator.objects.filter(user=person).count() == 0
    assert SignInSession.objects.filter(user=person).count() == 0
    with mar_scope():
        assert Membership.objects.get(user=person).is_active is False


def test_a_person_asks_for_himself_by_the_page_and_cannot_carry_it_out(person: User) -> None:
    client = sign_in(Client(), person)
    assert "Be forgotten" in client.get("/my-data/").text
    assert client.post("/my-data/forget-me/").headers["Location"] == "/my-data/"
    assert "You asked for it" in client.get("/my-data/").text
    with mar_scope():
        request = ErasureRequest.objects.get()
        with pytest.raises(SecondPersonNeeded):
            carry_out_erasure(request.pk, by=actor_for(person), at=AT)
        assert User.objects.get(pk=person.pk).name == NAME
    compliance = sign_in(Client(), make_member("compliance"))
    assert NAME in compliance.get(f"/compliance/privacy/{request.pk}/").text
    compliance.post(f"/compliance/privacy/{request.pk}/", {"erase": "1"})
    assert User.objects.get(pk=person.pk).name.startswith("Former user ")


def test_who_asked_for_somebody_does_not_carry_it_out(person: User) -> None:
    admin = make_member("mar_admin")
    client = sign_in(Client(), admin)
    client.post("/compliance/privacy/ask/", {"email": EMAIL})
    with mar_scope():
        request = ErasureRequest.objects.get()
    answer = client.post(f"/compliance/privacy/{request.pk}/", {"erase": "1"})
    assert "P-PRIVACY-3" in answer.text
    assert User.objects.get(pk=person.pk).email == EMAIL
    with mar_scope(), pytest.raises(IntegrityError), transaction.atomic():
        ErasureRequest.objects.filter(pk=request.pk).update(
            state="done", decided_by_user=admin, decided_at=AT
        )


def test_the_last_owner_is_not_forgotten_and_nothing_changes() -> None:
    partner = make_partner(accepts_terms=False)
    owner = make_member("tpr_owner", partner=partner, name=NAME, email=EMAIL)
    answer = sign_in(Client(), owner).post("/my-data/forget-me/")
    assert "P-PRIVACY-1" in answer.text
    with mar_scope():
        assert ErasureRequest.objects.count() == 0
        with pytest.raises(LastKeeperStays):
            request_erasure(owner.pk, by=actor_for(make_member("mar_admin")), at=AT)
    assert User.objects.get(pk=owner.pk).name == NAME


def test_a_request_is_open_once_and_decided_once(person: User) -> None:
    admin, other = make_member("mar_admin"), make_member("compliance")
    with mar_scope():
        request = request_erasure(person.pk, by=actor_for(admin), at=AT)
        with pytest.raises(ErasureOpen):
            request_erasure(person.pk, by=actor_for(other), at=AT)
        refuse_erasure(request.pk, reason="Contract runs", by=actor_for(other), at=AT)
        with pytest.raises(ErasureOpen):
            carry_out_erasure(request.pk, by=actor_for(other), at=AT)
    assert User.objects.get(pk=person.pk).name == NAME


def test_copy_holds_what_is_stored_and_asks_for_a_fresh_factor(person: User) -> None:
    stale = sign_in(Client(), person, second_factor_age=600)
    assert "/reauthenticate/" in stale.get("/my-data/copy/").headers["Location"]
    copy = sign_in(Client(), person).get("/my-data/copy/").json()
    assert copy["account"][0]["email"] == EMAIL
    assert copy["applications"][0]["phone"] == PHONE
    assert copy["named_contacts"][0]["name"] == NAME
    assert [act["action"] for act in copy["acts"]].count("test.acted") == 1


def test_copy_of_another_person_holds_nothing_of_this_one(person: User) -> None:
    other = make_member("tpr_buyer", partner=make_partner())
    assert EMAIL not in sign_in(Client(), other).get("/my-data/copy/").text
    with mar_scope():
        assert NAME not in str(personal_data_of(other.pk))


def test_search_finds_a_word_that_was_left(person: User) -> None:
    with mar_scope():
        assert residues_of([EMAIL])["core_user"] == 1
        assert residues_of(["nobody.writes.this@example.test"]) == {}


def test_retention_counts_and_throws_away_only_what_is_past_its_time() -> None:
    by, second = make_member("mar_admin"), make_member("compliance")
    old = timezone.now() - timedelta(days=kept_days()["finished_work"] + 1)
    with no_scope():
        for done_at in (old, timezone.now(), None):
            OutboxItem.objects.create(task="t.retention", done_at=done_at)
    assert count_expired(at=timezone.now())["finished_work"] == 1
    call_command("retention", "--dry-run")
    with no_scope():
        assert OutboxItem.objects.filter(task="t.retention").count() == 3
    call_command("retention", "--really", "--by", by.email, "--second", second.email)
    with no_scope():
        assert OutboxItem.objects.filter(task="t.retention").count() == 2
    with mar_scope():
        event = AuditEvent.objects.get(action="partners.retention.run")
        assert (event.actor_id, event.facts["second"]) == (str(by.pk), str(second.pk))


def test_retention_takes_two_people_who_may() -> None:
    by, buyer = make_member("mar_admin"), make_member("tpr_buyer", partner=make_partner())
    for second in (by.email, buyer.email, ""):
        with pytest.raises(CommandError):
            call_command("retention", "--really", "--by", by.email, "--second", second)
    with pytest.raises(ValueError, match="two people"):
        purge_expired(by=actor_for(by), second=actor_for(by), at=AT)


def test_somebody_who_belongs_to_no_house_any_more_may_ask_too(person: User) -> None:
    client = sign_in(Client(), person)
    with mar_scope():
        Membership.objects.filter(user=person).update(is_active=False)
    assert client.post("/my-data/forget-me/").headers["Location"] == "/my-data/"
    with mar_scope():
        assert ErasureRequest.objects.count() == 1
