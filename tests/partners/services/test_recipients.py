"""A recipient from draft to approval by two people: every step, every refusal, and the database's own guards."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from core.actor import Actor
from core.errors import DomainError, Invalid, NotFound
from core.tenancy import mar_scope, partner_scope
from partners.models import Partner, Recipient, RecipientClass, RecipientEvidence
from partners.services.recipient_review import (
    approve_recipient,
    expire_recipients,
    refuse_recipient,
    return_to_reviewer,
    review_recipient,
    send_recipient_back,
)
from partners.services.recipients import (
    add_evidence,
    change_recipient,
    register_recipient,
    remove_evidence,
    submit_recipient,
    withdraw_recipient,
)
from partners.tasks import send_recipient_state
from tests.factories import AT, actor_for, make_mar, make_member, make_partner
from tests.factories.recipients import (
    BUYER,
    PAPER,
    UNTIL,
    make_draft,
    make_recipient,
    make_reviewed,
    make_submitted,
    recipient_facts,
)
from tests.partners.samples import audited, queued

pytestmark = pytest.mark.django_db


@pytest.fixture
def partner() -> Partner:
    make_mar()
    return make_partner()


def _fresh(recipient: Recipient) -> Recipient:
    with mar_scope():
        return Recipient.objects.get(pk=recipient.pk)


def _approver() -> Actor:
    return actor_for(make_member("mar_approver", name="Approver"))


def _reviewer() -> Actor:
    return actor_for(make_member("mar_admin", name="Reviewer"))


def test_from_draft_to_approval_by_two_people(partner: Partner) -> None:
    recipient = _fresh(make_recipient(partner))
    assert (recipient.state, recipient.claim, recipient.is_protected) == ("approved", "first", True)
    assert recipient.reviewed_by != recipient.decided_by
    assert recipient.evidence_until == UNTIL
    for step in ("registered", "submitted", "reviewed", "approved"):
        assert audited(f"partners.recipient.{step}") == 1
    (mail,) = queued("partners.send_recipient_state")
    assert mail["state"] == "approved"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"purpose": "PCs for Frau Müller"}, "P-REC-5"),
        ({"town": "Hamburg, Tel. 040 1234567"}, "P-REC-5"),
        ({"website": "https://schule.example/mail@schule.example"}, "P-REC-5"),
        ({"register_id": "anna@schule.example"}, "P-REC-5"),
        ({"register_id": "?!"}, "P-REC-6"),
        ({"class_code": "friends"}, "P-REC-6"),
        ({"size": "huge"}, "P-REC-6"),
        ({"country": "XX"}, "P-REC-6"),
        ({"name": "..."}, "P-REC-6"),
        ({"class_code": "tap", "criteria": ()}, "P-REC-6"),
        ({"class_code": "tap", "criteria": ("poor",)}, "P-REC-6"),
        ({"class_code": "tap", "programme_criteria": "Herr Meier decides"}, "P-REC-5"),
    ],
)
def test_a_wrong_or_personal_fact_is_refused_at_the_door(
    partner: Partner, changes: dict[str, Any], rule: str
) -> None:
    with partner_scope(partner.pk), pytest.raises(Invalid) as caught:
        register_recipient(partner.pk, recipient_facts(**changes), by=BUYER, at=AT)
    assert caught.value.refusals[0].rule == rule
    with mar_scope():
        assert Recipient.objects.count() == 0


def test_programme_facts_are_kept_of_a_programme_only(partner: Partner) -> None:
    facts = recipient_facts(criteria=("disability",), programme_page="https://x.example")
    with partner_scope(partner.pk):
        school = register_recipient(partner.pk, facts, by=BUYER, at=AT)
    tap = make_draft(partner, class_code="tap", name="PCs for All")
    assert (school.criteria, school.programme_page) == ([], "")
    assert (_fresh(tap).criteria, _fresh(tap).programme_page) == (["state_benefit"], "https://tap.example")


def test_a_personal_file_name_is_refused_and_nothing_is_kept(partner: Partner) -> None:
    recipient = make_draft(partner, paper=False)
    with partner_scope(partner.pk), pytest.raises(Invalid) as caught:
        add_evidence(
            recipient.pk, PAPER, kind="school_status", name="Letter of Frau Müller.png", by=BUYER, at=AT
        )
    assert caught.value.refusals[0].rule == "P-REC-5"
    with mar_scope():
        assert RecipientEvidence.objects.count() == 0


def test_submitting_without_the_evidence_of_the_class_names_it(partner: Partner) -> None:
    recipient = make_draft(partner, paper=False)
    with partner_scope(partner.pk), pytest.raises(DomainError) as caught:
        submit_recipient(recipient.pk, by=BUYER, at=AT)
    (refusal,) = caught.value.refusals
    assert (refusal.code, refusal.rule) == ("evidence_missing", "P-REC-2")
    assert "school" in refusal.facts["Missing"]
    assert _fresh(recipient).state == "draft"


def test_an_expired_paper_is_no_evidence_and_a_valid_one_ends_the_approval(partner: Partner) -> None:
    recipient = make_draft(partner, paper=False)
    last = datetime(2026, 11, 15, 22, 59, 59, tzinfo=UTC)  # 23:59:59 in Berlin
    with partner_scope(partner.pk):
        add_evidence(
            recipient.pk, PAPER, kind="school_status", name="proof.png", expires_on=date(2026, 11, 15),
            by=BUYER, at=AT,
        )  # fmt: skip
        with pytest.raises(DomainError) as caught:
            submit_recipient(recipient.pk, by=BUYER, at=last + timedelta(seconds=1))
        assert caught.value.code == "evidence_missing"
        assert submit_recipient(recipient.pk, by=BUYER, at=last).evidence_until == date(2026, 11, 15)


def test_a_paper_taken_back_is_no_evidence(partner: Partner) -> None:
    recipient = make_draft(partner)
    with partner_scope(partner.pk):
        paper = RecipientEvidence.objects.get(recipient=recipient)
        remove_evidence(paper.pk, by=BUYER, at=AT)
        with pytest.raises(DomainError):
            submit_recipient(recipient.pk, by=BUYER, at=AT)
    assert _fresh(recipient).state == "draft"


def test_a_class_out_of_force_takes_no_new_recipient(partner: Partner) -> None:
    recipient = make_draft(partner)
    with mar_scope():
        RecipientClass.objects.filter(code="academic").update(valid_before=AT + timedelta(hours=1))
    with partner_scope(partner.pk):
        with pytest.raises(Invalid):
            submit_recipient(recipient.pk, by=BUYER, at=AT + timedelta(hours=1))
        assert submit_recipient(recipient.pk, by=BUYER, at=AT).state == "submitted"


def test_the_same_organisation_twice_by_one_partner_leads_to_the_first(partner: Partner) -> None:
    first = make_submitted(partner)
    second = make_draft(partner, name="Grundschule am Park")
    with partner_scope(partner.pk), pytest.raises(DomainError) as caught:
        submit_recipient(second.pk, by=BUYER, at=AT)
    assert (caught.value.code, caught.value.refusals[0].fix_path) == (
        "recipient_known",
        f"/tpr/recipients/{first.pk}/",
    )
    assert _fresh(second).state == "draft"


def test_what_is_with_the_mar_is_closed_to_the_partner(partner: Partner) -> None:
    recipient = make_submitted(partner)
    with partner_scope(partner.pk):
        for act in (
            lambda: change_recipient(recipient.pk, recipient_facts(town="Kiel"), by=BUYER, at=AT),
            lambda: add_evidence(recipient.pk, PAPER, kind="school_status", name="a.png", by=BUYER, at=AT),
            lambda: submit_recipient(recipient.pk, by=BUYER, at=AT),
        ):
            with pytest.raises(DomainError) as caught:
                act()
            assert caught.value.code == "recipient_closed"
    assert _fresh(recipient).town == "Hamburg"


def test_a_stranger_meets_nothing(partner: Partner) -> None:
    recipient = make_draft(partner)
    with partner_scope(make_partner().pk), pytest.raises(NotFound):
        submit_recipient(recipient.pk, by=BUYER, at=AT)
    assert _fresh(recipient).state == "draft"


def test_the_reviewer_does_not_decide(partner: Partner) -> None:
    recipient = make_submitted(partner)
    reviewer = _reviewer()
    with mar_scope():
        review_recipient(recipient.pk, note="Fine.", evidence_until=UNTIL, by=reviewer, at=AT)
        for act in (
            lambda: approve_recipient(recipient.pk, by=reviewer, at=AT),
            lambda: refuse_recipient(recipient.pk, reason="No.", by=reviewer, at=AT),
            lambda: return_to_reviewer(recipient.pk, reason="Again.", by=reviewer, at=AT),
            lambda: approve_recipient(recipient.pk, by=Actor.system("machine"), at=AT),
        ):
            with pytest.raises(DomainError) as caught:
                act()
            assert caught.value.refusals[0].rule == "P-REC-3"
    assert _fresh(recipient).state == "reviewed"


def test_nothing_is_approved_without_a_review(partner: Partner) -> None:
    recipient = make_submitted(partner)
    with mar_scope(), pytest.raises(DomainError) as caught:
        approve_recipient(recipient.pk, by=_approver(), at=AT)
    assert caught.value.code == "recipient_cannot_move"
    assert _fresh(recipient).state == "submitted"


def test_evidence_that_is_over_is_neither_reviewed_nor_approved(partner: Partner) -> None:
    recipient = make_submitted(partner)
    with mar_scope(), pytest.raises(DomainError) as caught:
        review_recipient(recipient.pk, note="x", evidence_until=date(2026, 11, 14), by=_reviewer(), at=AT)
    assert caught.value.code == "evidence_over"
    with mar_scope():
        review_recipient(recipient.pk, note="x", evidence_until=date(2026, 11, 15), by=_reviewer(), at=AT)
        with pytest.raises(DomainError) as caught:
            approve_recipient(recipient.pk, by=_approver(), at=AT + timedelta(days=1))
    assert caught.value.code == "evidence_over"
    assert _fresh(recipient).state == "reviewed"


def test_sent_back_with_a_reason_it_is_open_again_and_still_first(partner: Partner) -> None:
    recipient = make_submitted(partner)
    with mar_scope():
        with pytest.raises(Invalid):
            send_recipient_back(recipient.pk, reason=" ", by=_reviewer(), at=AT)
        with pytest.raises(Invalid):
            send_recipient_back(recipient.pk, reason="Ask Herr Meier", by=_reviewer(), at=AT)
        send_recipient_back(recipient.pk, reason="The licence is missing.", by=_reviewer(), at=AT)
    found = _fresh(recipient)
    assert (found.state, found.decision_reason, found.is_protected) == (
        "draft",
        "The licence is missing.",
        True,
    )
    with partner_scope(partner.pk):
        assert submit_recipient(recipient.pk, by=BUYER, at=AT).claim == "first"


def test_a_refusal_frees_the_organisation_and_is_final(partner: Partner) -> None:
    recipient = make_reviewed(partner)
    with mar_scope():
        refuse_recipient(recipient.pk, reason="Not a school.", by=_approver(), at=AT)
    found = _fresh(recipient)
    assert (found.state, found.is_protected, found.decision_reason) == ("refused", False, "Not a school.")
    with partner_scope(partner.pk), pytest.raises(DomainError):
        withdraw_recipient(recipient.pk, by=BUYER, at=AT)


def test_evidence_expires_at_midnight_of_the_mars_zone_and_is_renewed(partner: Partner) -> None:
    recipient = make_recipient(partner, until=date(2026, 11, 15))
    midnight = datetime(2026, 11, 15, 23, 0, tzinfo=UTC)
    with mar_scope():
        assert expire_recipients(by=BUYER, at=midnight - timedelta(seconds=1)) == 0
        assert expire_recipients(by=BUYER, at=midnight) == 1
        assert expire_recipients(by=BUYER, at=midnight) == 0
    assert _fresh(recipient).state == "expired"
    with partner_scope(partner.pk):
        add_evidence(recipient.pk, PAPER, kind="school_status", name="new.png", by=BUYER, at=midnight)
        submit_recipient(recipient.pk, by=BUYER, at=midnight)
    with mar_scope():
        review_recipient(recipient.pk, note="New.", evidence_until=UNTIL, by=_reviewer(), at=midnight)
        approve_recipient(recipient.pk, by=_approver(), at=midnight)
    assert (_fresh(recipient).state, _fresh(recipient).evidence_until) == ("approved", UNTIL)


def test_the_partner_is_told_once_and_not_of_a_state_that_passed(partner: Partner, mailoutbox: Any) -> None:
    recipient = make_recipient(partner)
    (work,) = queued("partners.send_recipient_state")
    with mar_scope():
        assert send_recipient_state.run(**work) == 1
        assert send_recipient_state.run(**{**work, "state": "refused"}) == 0
    (mail,) = mailoutbox
    assert recipient.name in mail.subject
    assert f"/tpr/recipients/{recipient.pk}/" in mail.body


# What the database refuses by itself


def _raw(statement: str, *values: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, list(values))


def test_the_database_refuses_one_person_in_both_places(partner: Partner) -> None:
    recipient = make_reviewed(partner)
    with mar_scope(), pytest.raises(IntegrityError, match="recipient_two_different_people"):
        _raw(
            "UPDATE partners_recipient SET state = 'approved', decided_by_id = reviewed_by_id, decided_at = %s"
            " WHERE id = %s", AT, recipient.pk,
        )  # fmt: skip


def test_the_database_refuses_a_decision_by_one(partner: Partner) -> None:
    recipient = make_reviewed(partner)
    with mar_scope(), pytest.raises(IntegrityError, match="recipient_decision_needs_two"):
        _raw("UPDATE partners_recipient SET state = 'approved' WHERE id = %s", recipient.pk)


def test_the_database_refuses_another_reviewer_at_the_decision(partner: Partner) -> None:
    recipient, other = make_reviewed(partner), make_member("mar_admin")
    with mar_scope(), pytest.raises(IntegrityError, match="the reviewer stands before the decision"):
        _raw(
            "UPDATE partners_recipient SET state = 'approved', decided_by_id = reviewed_by_id, reviewed_by_id = %s,"
            " decided_at = %s WHERE id = %s", other.pk, AT, recipient.pk,
        )  # fmt: skip


def test_the_database_refuses_a_step_that_is_not_in_the_table(partner: Partner) -> None:
    recipient = make_submitted(partner)
    with mar_scope(), pytest.raises(IntegrityError, match="may not go from submitted to approved"):
        _raw("UPDATE partners_recipient SET state = 'approved' WHERE id = %s", recipient.pk)


def test_the_database_refuses_approval_without_an_end_of_evidence(partner: Partner) -> None:
    recipient, other = make_reviewed(partner), make_member("mar_approver")
    with mar_scope(), pytest.raises(IntegrityError, match="recipient_approved_has_evidence"):
        _raw(
            "UPDATE partners_recipient SET state = 'approved', evidence_until = NULL, decided_by_id = %s,"
            " decided_at = %s WHERE id = %s", other.pk, AT, recipient.pk,
        )  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        "state = 'reviewed'",  # the MAR's step
        "is_protected = true",  # no right to the column
        "reviewed_by_id = NULL",
        "town = 'Kiel'",  # with the MAR: closed
        "evidence_until = '2030-01-01'",
    ],
)
def test_the_database_lets_a_partner_take_his_own_steps_only(partner: Partner, change: str) -> None:
    recipient = make_submitted(partner)
    with partner_scope(partner.pk), pytest.raises(DatabaseError):
        _raw(f"UPDATE partners_recipient SET {change} WHERE id = %s", recipient.pk)
    assert _fresh(recipient).town == "Hamburg"


def test_the_database_lets_a_partner_begin_with_a_draft_only(partner: Partner) -> None:
    with partner_scope(partner.pk), pytest.raises(DatabaseError, match="begins as a draft"):
        Recipient.objects.create(
            partner=partner, class_code="academic", name="X", name_norm="x", country="DE", town="Kiel",
            town_norm="kiel", size="under_20", state="submitted", created_at=AT, submitted_at=AT,
        )  # fmt: skip


@pytest.mark.parametrize("state", ["submitted", "approved"])
def test_the_database_takes_no_decided_recipient_from_anybody(partner: Partner, state: str) -> None:
    first, second = make_member("mar_admin"), make_member("mar_approver")
    for scope in (partner_scope(partner.pk), mar_scope()):
        with scope, pytest.raises(DatabaseError, match="begins as a draft"):
            Recipient.objects.create(
                partner=partner, class_code="academic", name="X", name_norm="x", country="DE", town="Kiel",
                town_norm="kiel", size="under_20", state=state, created_at=AT, submitted_at=AT,
                evidence_until=UNTIL, reviewed_by=first, decided_by=second,
            )  # fmt: skip
    with partner_scope(partner.pk), pytest.raises(DatabaseError, match="begins as a draft"):
        Recipient.objects.create(
            partner=partner, class_code="academic", name="X", name_norm="x", country="DE", town="Kiel",
            town_norm="kiel", size="under_20", state="draft", created_at=AT, reviewed_by=first,
        )  # fmt: skip


def test_the_database_knows_one_protected_registration(partner: Partner) -> None:
    make_submitted(partner)
    other = make_draft(make_partner(), name="Other", town="Kiel")
    for change, name in (
        ("register_norm = 'DEHH12345'", "recipient_protected_register"),
        (
            "name_norm = 'grundschule am park', town_norm = 'hamburg', register_norm = ''",
            "recipient_protected_name",
        ),
    ):
        with mar_scope(), pytest.raises(IntegrityError, match=name):
            _raw(
                f"UPDATE partners_recipient SET is_protected = true, claim = 'first', claimed_at = %s, {change}"
                " WHERE id = %s", AT, other.pk,
            )  # fmt: skip
    with mar_scope(), pytest.raises(IntegrityError, match="recipient_protected_is_first"):
        _raw("UPDATE partners_recipient SET is_protected = true WHERE id = %s", other.pk)


def test_the_database_wants_the_time_of_a_submission(partner: Partner) -> None:
    recipient = make_draft(partner)
    with mar_scope(), pytest.raises(IntegrityError, match="recipient_sent_has_time"):
        _raw("UPDATE partners_recipient SET state = 'submitted' WHERE id = %s", recipient.pk)
