"""A partner's only owner is let in again: evidence, two people, mail to everybody, a waiting time."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from core.errors import DomainError
from core.keyring import KeyDestroyed
from core.models import User
from core.tenancy import acting_as, mar_scope
from partners.models import FactorReset, OwnerReset, Partner
from partners.services.contacts import name_contact
from partners.services.factor_resets import OwnFactors
from partners.services.owner_resets import (
    WAITING_TIME,
    OwnerResetRefused,
    begin_owner_reset,
    carry_out_owner_reset,
    confirm_owner_reset,
    open_evidence,
    stop_owner_reset,
)
from partners.services.retention import count_expired, purge_expired
from partners.tasks import send_owner_reset
from tests.factories import AT, actor_for, make_mar, make_member, make_partner
from tests.partners.papers import JPEG, make_pdf
from tests.partners.samples import audited, queued
from tests.web import sign_in

pytestmark = pytest.mark.django_db
OPENS = AT + WAITING_TIME
SAID: dict[str, Any] = {"proof": "call_back", "reason": "Called back, phone stolen.", "evidence": JPEG}


@pytest.fixture
def house() -> tuple[Partner, User, User, User]:
    """Return a partner, his only owner with a factor, and two people of the MAR."""
    make_mar()
    partner = make_partner(accepts_terms=False)
    owner = make_member("tpr_owner", partner=partner, name="Olga Only")
    sign_in(Client(), owner)
    return partner, owner, make_member("mar_admin", name="Marta"), make_member("mar_approver", name="Jonas")


def _begin(house: tuple[Partner, User, User, User]) -> OwnerReset:
    with mar_scope():
        return begin_owner_reset(house[0].pk, **SAID, by=actor_for(house[2]), at=AT)


def _act(
    act: Callable[..., OwnerReset], case: OwnerReset, person: User, at: Any = OPENS, **facts: Any
) -> Any:
    with mar_scope():
        return act(case.pk, partner_id=case.partner_id, by=actor_for(person), at=at, **facts)


def _factors(user: User) -> int:
    return Authenticator.objects.filter(user=user).count()


def test_the_whole_way_on_the_pages(house: tuple[Partner, User, User, User]) -> None:
    partner, owner, *people = house
    first, second = (sign_in(Client(), person) for person in people)
    page = f"/mar/partners/{partner.pk}/owner-reset/"
    assert page in first.get(f"/mar/partners/{partner.pk}/people/").text
    paper = make_pdf()
    said = {
        "proof": "letter",
        "reason": "Letter of Olga, phone stolen.",
        "evidence": SimpleUploadedFile("l.pdf", paper),
    }
    assert first.post(page, said).headers["Location"] == page
    with mar_scope():
        case = OwnerReset.objects.get()
    acts = f"{page}{case.pk}/"
    assert "another person confirms it" in first.get(page).text
    assert second.get(f"{acts}evidence/").content == paper
    assert second.post(acts, {"confirm": "1"}).headers["Location"] == page
    assert "P-OWNER-4" in second.post(acts, {"carry_out": "1"}).text
    assert _factors(owner) == 1
    begun = timezone.now() - WAITING_TIME
    with mar_scope():
        OwnerReset.objects.update(asked_at=begun, opens_at=begun + WAITING_TIME)
    assert second.post(acts, {"carry_out": "1"}).headers["Location"] == page
    assert _factors(owner) == 0
    with mar_scope():
        assert FactorReset.objects.get().user_id == owner.pk
        assert OwnerReset.objects.get().state == "done"
    assert [
        audited(f"partners.owner_reset.{act}")
        for act in ("begun", "confirmed", "evidence_seen", "carried_out")
    ] == [1] * 4


def test_every_address_of_the_partner_is_told(house: tuple[Partner, User, User, User]) -> None:
    partner, owner, admin, _second = house
    buyer = make_member("tpr_buyer", partner=partner)
    with mar_scope():
        Partner.objects.filter(pk=partner.pk).update(contact_email="head@house.example")
        name_contact(
            partner.pk,
            area="management",
            name="Mia",
            email="mia@house.example",
            phone="",
            by=actor_for(admin),
            at=AT,
        )
    _begin(house)
    with mar_scope():
        send_owner_reset(**queued("partners.send_owner_reset")[0])
    to = sorted(message.to[0] for message in mail.outbox)
    assert to == sorted([owner.email, buyer.email, "head@house.example", "mia@house.example"])
    assert "18 November 2026, 19:00" in mail.outbox[0].body


def test_nobody_resets_himself_or_acts_twice_or_too_early(house: tuple[Partner, User, User, User]) -> None:
    _partner, owner, first, second = house
    with mar_scope(), pytest.raises(OwnFactors):
        begin_owner_reset(house[0].pk, **SAID, by=actor_for(owner), at=AT)
    case = _begin(house)
    refusals = (
        (confirm_owner_reset, first, OPENS, OwnerResetRefused),
        (confirm_owner_reset, owner, OPENS, OwnFactors),
        (carry_out_owner_reset, second, OPENS, OwnerResetRefused),
    )
    for act, person, at, error in refusals:
        with pytest.raises(error):
            _act(act, case, person, at)
    _act(confirm_owner_reset, case, second, AT)
    for person, at, error in (
        (second, OPENS - timedelta(microseconds=1), OwnerResetRefused),
        (owner, OPENS, OwnFactors),
    ):
        with pytest.raises(error):
            _act(carry_out_owner_reset, case, person, at)
    assert _factors(owner) == 1
    _act(carry_out_owner_reset, case, first, OPENS)
    assert _factors(owner) == 0


def test_with_a_second_owner_or_one_under_way_or_no_reason_nothing_begins(
    house: tuple[Partner, User, User, User],
) -> None:
    partner, _owner, first, _second = house
    for wrong in ({"reason": "short"}, {"proof": "guess"}, {"evidence": b"MZ no paper"}):
        with mar_scope(), pytest.raises(DomainError), transaction.atomic():
            begin_owner_reset(partner.pk, **SAID | wrong, by=actor_for(first), at=AT)
    other = make_partner()
    for _number in range(2):
        make_member("tpr_owner", partner=other)
    with mar_scope(), pytest.raises(OwnerResetRefused):
        begin_owner_reset(other.pk, **SAID, by=actor_for(first), at=AT)
    _begin(house)
    with pytest.raises(OwnerResetRefused):
        _begin(house)
    with mar_scope():
        assert OwnerReset.objects.count() == 1


def test_an_objection_stops_it_for_good(house: tuple[Partner, User, User, User]) -> None:
    _partner, owner, first, second = house
    case = _begin(house)
    _act(confirm_owner_reset, case, second)
    with pytest.raises(OwnerResetRefused):
        _act(stop_owner_reset, case, first, reason=" ")
    _act(stop_owner_reset, case, first, reason="Olga called: not she.")
    with pytest.raises(OwnerResetRefused):
        _act(carry_out_owner_reset, case, second)
    assert _factors(owner) == 1


def test_the_database_holds_two_people_and_the_time(house: tuple[Partner, User, User, User]) -> None:
    partner, owner, first, second = house
    _begin(house)

    def refused(person: User, words: str, **columns: Any) -> None:
        with (
            mar_scope(),
            acting_as(person.pk),
            pytest.raises(IntegrityError, match=words),
            transaction.atomic(),
        ):
            OwnerReset.objects.update(**columns)

    confirmed = {"state": "confirmed", "confirmed_at": AT}
    refused(first, "owner_reset_by_two_people", confirmed_by_user=first, **confirmed)
    refused(first, "names somebody who is not acting", confirmed_by_user=second, **confirmed)
    refused(owner, "owner_reset_not_ones_own", confirmed_by_user=owner, **confirmed)
    refused(second, "owner_reset_is_confirmed_first", **confirmed)
    refused(
        second,
        "owner_reset_waits",
        confirmed_by_user=second,
        **confirmed | {"state": "done", "closed_at": AT},
    )
    refused(second, "owner_reset_says_why", state="stopped")
    refused(second, "owner_reset_opens_late", opens_at=OPENS - timedelta(seconds=1))
    with mar_scope(), acting_as(first.pk), pytest.raises(IntegrityError, match="one_open_owner_reset"):
        OwnerReset.objects.create(
            partner=partner, user=owner, reason="x", asked_by_user=first, asked_at=AT, opens_at=OPENS
        )


def test_evidence_is_sealed_and_goes_ninety_days_after_the_case(
    house: tuple[Partner, User, User, User], django_capture_on_commit_callbacks: Any
) -> None:
    case = _begin(house)
    _act(stop_owner_reset, case, house[2], reason="Found the codes.", at=AT)
    due = AT + timedelta(days=90, microseconds=1)
    assert (
        count_expired(at=AT + timedelta(days=90))["owner_evidence"],
        count_expired(at=due)["owner_evidence"],
    ) == (0, 1)
    with mar_scope():
        assert open_evidence(case, by=actor_for(house[3]), at=AT) == JPEG
    with django_capture_on_commit_callbacks(execute=True):
        purge_expired(by=actor_for(house[2]), second=actor_for(house[3]), at=due)
    with mar_scope(), pytest.raises(KeyDestroyed):
        open_evidence(case, by=actor_for(house[3]), at=due)
    assert count_expired(at=due)["owner_evidence"] == 0
