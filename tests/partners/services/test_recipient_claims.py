"""First come: who holds an organisation, who waits, what the MAR decides, and two at once."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction

from core.errors import DomainError, Invalid
from core.tenancy import mar_scope, partner_scope
from partners import locks
from partners.models import Partner, Recipient, RecipientConflict
from partners.services.recipient_claims import settle_conflict
from partners.services.recipient_review import approve_recipient, refuse_recipient, review_recipient
from partners.services.recipients import change_recipient, submit_recipient, withdraw_recipient
from partners.tasks import send_recipient_claim
from tests import databases
from tests.factories import AT, actor_for, make_mar, make_member, make_partner
from tests.factories.recipients import (
    BUYER,
    UNTIL,
    make_draft,
    make_recipient,
    make_submitted,
    recipient_facts,
)
from tests.partners.samples import queued
from tests.race.server import all_at_once


@pytest.fixture
def pair(db: None) -> tuple[Recipient, Recipient]:
    """One school, registered by two partners; the second writes its name a little differently."""
    make_mar()
    first = make_submitted(make_partner())
    return first, make_submitted(make_partner(), name="Grundschule am Parke", register_id="")


def _fresh(recipient: Recipient) -> Recipient:
    with mar_scope():
        return Recipient.objects.get(pk=recipient.pk)


def _standing(recipient: Recipient) -> tuple[str, bool]:
    found = _fresh(recipient)
    return found.claim, found.is_protected


def _conflict() -> RecipientConflict:
    with mar_scope():
        return RecipientConflict.objects.get(outcome="open")


def _settle(outcome: str, *, reason: str = "The school says so.", at: Any = AT) -> None:
    decider = make_member("mar_approver", name="Decider")
    with mar_scope():
        settle_conflict(_conflict().pk, outcome=outcome, reason=reason, by=actor_for(decider), at=at)


def test_the_second_is_told_of_a_conflict_and_sees_nothing_of_the_first(
    pair: tuple[Recipient, Recipient],
) -> None:
    first, second = pair
    assert (_standing(first), _standing(second)) == (("first", True), ("conflict", False))
    conflict = _conflict()
    assert (conflict.first_id, conflict.second_id, conflict.likeness) == (first.pk, second.pk, "name")
    with partner_scope(second.partner_id):
        assert list(Recipient.objects.values_list("pk", flat=True)) == [second.pk]
        with pytest.raises(Exception, match="permission denied"), transaction.atomic():
            RecipientConflict.objects.count()


def test_a_like_name_in_another_town_is_no_conflict(pair: tuple[Recipient, Recipient]) -> None:
    third = make_submitted(make_partner(), town="Kiel", register_id="")
    assert _standing(third) == ("first", True)


def test_the_second_is_not_approved_before_the_conflict_is_decided(pair: tuple[Recipient, Recipient]) -> None:
    _first, second = pair
    with mar_scope():
        review_recipient(
            second.pk, note="Fine.", evidence_until=UNTIL, by=actor_for(make_member("mar_admin")), at=AT
        )
        with pytest.raises(DomainError) as caught:
            approve_recipient(second.pk, by=actor_for(make_member("mar_approver")), at=AT)
    assert caught.value.refusals[0].rule == "P-REC-4"
    assert _fresh(second).state == "reviewed"


@pytest.mark.parametrize(
    ("outcome", "first_stands", "second_stands"),
    [
        ("kept", ("first", True), ("lost", False)),
        ("shared", ("first", True), ("shared", False)),
        ("transferred", ("lost", False), ("first", True)),
    ],
)
def test_the_mar_decides(
    pair: tuple[Recipient, Recipient],
    outcome: str,
    first_stands: tuple[str, bool],
    second_stands: tuple[str, bool],
    mailoutbox: Any,
) -> None:
    first, second = pair
    _settle(outcome)
    assert (_standing(first), _standing(second)) == (first_stands, second_stands)
    told = {work["recipient_id"] for work in queued("partners.send_recipient_claim")}
    assert told == ({str(first.pk), str(second.pk)} if outcome == "transferred" else {str(second.pk)})
    with mar_scope():
        send_recipient_claim.run(recipient_id=str(second.pk))
        names = {first.partner.name, first.partner.code}
    assert mailoutbox
    assert not any(name in mail.body for mail in mailoutbox for name in names)


def test_a_decision_needs_a_reason_a_person_and_comes_once(pair: tuple[Recipient, Recipient]) -> None:
    conflict, decider = _conflict(), actor_for(make_member("mar_approver"))
    with mar_scope():
        for reason, by, outcome, kind in (
            ("", decider, "kept", DomainError),
            ("Sound.", BUYER, "kept", DomainError),
            ("Sound.", decider, "lapsed", DomainError),
            ("Frau Meier rang", decider, "kept", Invalid),
        ):
            with pytest.raises(kind):
                settle_conflict(conflict.pk, outcome=outcome, reason=reason, by=by, at=AT)
    assert _conflict().outcome == "open"
    _settle("kept")
    with mar_scope(), pytest.raises(DomainError) as caught:
        settle_conflict(conflict.pk, outcome="shared", reason="Again.", by=decider, at=AT)
    assert caught.value.code == "conflict_decided"


def test_when_the_first_withdraws_the_second_comes_first(pair: tuple[Recipient, Recipient]) -> None:
    first, second = pair
    with partner_scope(first.partner_id):
        withdraw_recipient(first.pk, by=BUYER, at=AT)
    assert (_standing(first), _standing(second)) == (("", False), ("first", True))
    with mar_scope():
        assert RecipientConflict.objects.get().outcome == "lapsed"


def test_when_the_first_is_refused_the_second_comes_first(pair: tuple[Recipient, Recipient]) -> None:
    first, second = pair
    with mar_scope():
        review_recipient(
            first.pk, note="Hm.", evidence_until=UNTIL, by=actor_for(make_member("mar_admin")), at=AT
        )
        refuse_recipient(first.pk, reason="No school.", by=actor_for(make_member("mar_approver")), at=AT)
    assert _standing(second) == ("first", True)


def test_protection_lapses_after_the_days_without_an_order_and_not_a_second_earlier(
    db: None, settings: Any
) -> None:
    make_mar()
    settings.RECIPIENT_PROTECTION_DAYS = 100
    first, other, late = make_submitted(make_partner()), make_partner(), make_partner()
    with mar_scope():
        Recipient.objects.filter(pk=first.pk).update(last_order_at=AT + timedelta(days=20))
    end = AT + timedelta(days=120)
    assert make_submitted(other, at=end - timedelta(seconds=1)).claim == "conflict"
    assert make_submitted(late, at=end).claim == "first"
    assert _standing(first) == ("lost", False)


def test_a_shared_organisation_stays_shared_when_it_is_submitted_again(
    pair: tuple[Recipient, Recipient],
) -> None:
    _first, second = pair
    _settle("shared")
    with mar_scope():
        from partners.services.recipient_review import send_recipient_back

        send_recipient_back(second.pk, reason="More.", by=actor_for(make_member("mar_admin")), at=AT)
    with partner_scope(second.partner_id):
        assert submit_recipient(second.pk, by=BUYER, at=AT).claim == "shared"
    with mar_scope():
        assert RecipientConflict.objects.count() == 1


def test_another_organisation_is_another_claim(db: None) -> None:
    make_mar()
    first = make_submitted(make_partner())
    with mar_scope():
        from partners.services.recipient_review import send_recipient_back

        send_recipient_back(first.pk, reason="Wrong town.", by=actor_for(make_member("mar_admin")), at=AT)
    with partner_scope(first.partner_id):
        change_recipient(first.pk, recipient_facts(town="Kiel", register_id="K 1"), by=BUYER, at=AT)
    assert _standing(first) == ("", False)
    assert make_submitted(make_partner()).claim == "first"


def test_a_change_waits_for_the_registrations_of_its_old_country_first(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_mar()
    draft = make_draft(make_partner())
    taken: list[str] = []
    registrations, recipient = locks.lock_registrations, locks.lock_recipient
    monkeypatch.setattr(
        locks, "lock_registrations", lambda country: (taken.append(country), registrations(country))
    )
    monkeypatch.setattr(locks, "lock_recipient", lambda pk: (taken.append("recipient"), recipient(pk))[1])
    with partner_scope(draft.partner_id):
        change_recipient(draft.pk, recipient_facts(country="FR", town="Lille"), by=BUYER, at=AT)
    assert taken == ["DE", "recipient"]


def test_the_database_refuses_a_decision_without_a_reason(pair: tuple[Recipient, Recipient]) -> None:
    with mar_scope(), pytest.raises(IntegrityError, match="recipient_conflict_decided_with_reason"):
        RecipientConflict.objects.update(outcome="kept")
    with (
        mar_scope(),
        pytest.raises(IntegrityError, match="recipient_conflict_open_once"),
        transaction.atomic(),
    ):
        RecipientConflict.objects.create(first=pair[0], second=pair[1], likeness="name", found_at=AT)
    with mar_scope(), pytest.raises(IntegrityError, match="recipient_conflict_of_two"):
        RecipientConflict.objects.create(first=pair[0], second=pair[0], likeness="name", found_at=AT)


# Two at once


def _drafts() -> list[Recipient]:
    make_mar()
    return [make_draft(make_partner()) for _ in range(2)]


def _race(drafts: list[Recipient]) -> list[str]:
    def submit(draft: Recipient) -> str:
        try:
            with partner_scope(draft.partner_id):
                return str(submit_recipient(draft.pk, by=BUYER, at=AT).claim)
        except IntegrityError:
            return "constraint"

    return sorted(str(each) for each in all_at_once([lambda draft=draft: submit(draft) for draft in drafts]))


def _protected() -> int:
    with mar_scope():
        return Recipient.objects.filter(is_protected=True).count()


def _without_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare without waiting for the other, and write only when both have compared."""
    from partners.services import recipient_claims

    both_have_read = threading.Barrier(2)
    read = recipient_claims.neighbours_of

    def read_and_wait(own: Recipient) -> Any:
        found = read(own)
        both_have_read.wait(timeout=30)
        return found

    monkeypatch.setattr(locks, "lock_registrations", lambda _country: None)
    monkeypatch.setattr(recipient_claims, "neighbours_of", read_and_wait)


def test_of_two_at_once_exactly_one_is_protected(cloned_db: str) -> None:
    assert _race(_drafts()) == ["conflict", "first"]
    assert _protected() == 1


def test_without_the_lock_the_database_lets_one_through(
    cloned_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    drafts = _drafts()
    _without_lock(monkeypatch)
    assert _race(drafts) == ["constraint", "first"]
    assert _protected() == 1


def test_without_lock_and_indexes_both_are_protected(cloned_db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    drafts = _drafts()
    _without_lock(monkeypatch)
    with databases.owner_connection(cloned_db) as owner, owner.cursor() as cursor:
        cursor.execute("DROP INDEX recipient_protected_register")
        cursor.execute("DROP INDEX recipient_protected_name")
    assert _race(drafts) == ["first", "first"]
    assert _protected() == 2


def test_partners_of_two_countries_do_not_wait_for_each_other(cloned_db: str) -> None:
    make_mar()
    other: Partner = make_partner()
    draft = make_draft(other, country="FR", town="Lille")
    with mar_scope():
        locks.lock_registrations("DE")
        assert _race([draft]) == ["first"]


@pytest.mark.parametrize(("early", "told"), [(timedelta(seconds=1), 0), (timedelta(), 2)])
def test_when_a_protection_lapses_both_sides_get_a_mail_from_that_instant(
    db: None, mailoutbox: Any, early: timedelta, told: int
) -> None:
    make_mar()
    first = make_recipient(make_partner(), at=AT)
    at = first.claimed_at + timedelta(days=settings.RECIPIENT_PROTECTION_DAYS) - early
    second = make_submitted(make_partner(), at=at)
    work = queued("partners.send_recipient_claim")
    assert [row["why"] for row in work] == ["lapsed", "taken_over"][:told]
    with mar_scope():
        for partner_id, address in ((first.partner_id, "a@x.example"), (second.partner_id, "b@x.example")):
            make_member("tpr_owner", partner=Partner.objects.get(pk=partner_id), email=address)
        for row in work:
            send_recipient_claim.run(**row)
    assert {tuple(message.to): message.subject for message in mailoutbox if "x.example" in message.to[0]} == (
        {
            ("a@x.example",): f"Your protection of {first.name} has lapsed",
            ("b@x.example",): f"Decided: {second.name}",
        }
        if told
        else {}
    )
