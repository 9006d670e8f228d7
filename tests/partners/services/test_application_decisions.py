"""Two people: one recommends, another decides. By the services, and by raw SQL of the application's role."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from core.actor import Actor
from core.tenancy import mar_scope, partner_scope
from partners.models import Application, ApplicationDecision, Document, FieldQuestion, Invitation, Partner
from partners.services.applications import (
    ApplicationCannotMove,
    ClaimedByAnother,
    ProposalNotDecidable,
    ReasonMissing,
    SamePersonDecides,
    approve_application,
    claim_application,
    recommend,
    reject_application,
    send_back,
)
from partners.services.documents import store_document
from tests.factories import AT, actor_for, make_member
from tests.partners.papers import make_pdf
from tests.partners.samples import (
    audited,
    make_application,
    make_claimed_application,
    make_reviewed_application,
    queued,
)
from tests.partners.services.test_application_claims import make_appealed_application

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(hours=1)


def _approve(application, user):
    with mar_scope():
        return approve_application(
            application.pk, credit_limit=Decimal("5000"), currency="EUR", by=actor_for(user), at=LATER
        )


def _reject(application, user, code="facts_not_confirmed", reason="No register entry."):
    with mar_scope():
        return reject_application(
            application.pk, reason_code=code, reason=reason, by=actor_for(user), at=LATER
        )


def _recommend(application, user, **changes):
    words = {"recommendation": "approve", "note": "Checked."} | changes
    with mar_scope():
        return recommend(application.pk, by=actor_for(user), at=LATER, **words)


def _stored(application) -> Application:
    with mar_scope():
        return Application.objects.get(pk=application.pk)


def _history(application) -> list[tuple]:
    with mar_scope():
        rows = ApplicationDecision.objects.filter(application=application).order_by("at", "step")
        return list(rows.values_list("round", "step", "person_id", "reviewer_id", "recommendation"))


def test_a_recommendation_names_what_was_checked_and_closes_the_questions():
    application = make_claimed_application()
    with mar_scope():
        FieldQuestion.objects.create(
            application=application, section="company", field="vat_id", reason_code="unclear", text="?",
            due_on=AT, asked_by=application.claimed_by, asked_at=AT,
        )  # fmt: skip
    _recommend(application, application.claimed_by, note=" Register seen. ")
    stored = _stored(application)
    assert (stored.state, stored.review_note, stored.recommendation) == (
        "recommended",
        "Register seen.",
        "approve",
    )
    assert _history(application) == [(1, "recommended", application.claimed_by_id, None, "approve")]
    with mar_scope():
        assert FieldQuestion.objects.get().closed_at == LATER
    assert audited("partners.application.reviewed") == 1


@pytest.mark.parametrize(
    "words", [{"note": " "}, {"recommendation": "reject"}, {"recommendation": "reject", "reason_code": "x"}]
)
def test_a_recommendation_without_its_words_is_refused(words):
    application = make_claimed_application()
    with pytest.raises(ReasonMissing):
        _recommend(application, application.claimed_by, **words)
    assert (_stored(application).state, _history(application)) == ("in_review", [])


def test_only_who_claimed_the_case_recommends():
    application = make_claimed_application()
    with pytest.raises(ClaimedByAnother):
        _recommend(application, make_member("mar_admin"))
    assert _stored(application).state == "in_review"


def test_a_case_nobody_claimed_is_neither_recommended_nor_decided():
    application = make_application()
    marta, jonas = make_member("mar_admin"), make_member("mar_approver")
    for step in (_recommend, _approve, _reject):
        with pytest.raises(ApplicationCannotMove) as caught:
            step(application, marta if step is _recommend else jonas)
        assert caught.value.code == "application_not_reviewed"
    with mar_scope(), pytest.raises(ApplicationCannotMove):
        send_back(application.pk, reason="Look again.", by=actor_for(jonas), at=LATER)
    assert _stored(application).state == "submitted"


def test_a_machine_never_reviews_or_decides():
    application = make_reviewed_application()
    with mar_scope(), pytest.raises(ApplicationCannotMove) as caught:
        approve_application(
            application.pk, credit_limit=Decimal(1), currency="EUR", by=Actor.system("robot"), at=LATER
        )
    assert caught.value.code == "needs_a_person"
    assert _stored(application).state == "recommended"


def test_the_reviewer_may_not_decide_nor_send_back():
    application = make_reviewed_application()
    for step in (_approve, _reject):
        with pytest.raises(SamePersonDecides):
            step(application, application.reviewed_by)
    with mar_scope(), pytest.raises(SamePersonDecides):
        send_back(application.pk, reason="x", by=actor_for(application.reviewed_by), at=LATER)
    with mar_scope():
        counts = (Partner.objects.count(), Invitation.objects.count())
    assert (_stored(application).state, counts) == ("recommended", (0, 0))


def test_an_approved_applicant_takes_his_papers_along_but_for_what_he_took_back():
    application = make_reviewed_application()
    with mar_scope():
        kept, taken_back = (
            store_document(
                make_pdf(), name=f"wiping-{number}.pdf", kind=Document.Kind.WIPING_PROOF,
                application_id=application.pk, by=Actor.system("test"), at=AT,
            )
            for number in range(2)
        )  # fmt: skip
        Document.objects.filter(pk=taken_back.pk).update(removed_at=AT)
    _approve(application, make_member("mar_approver"))
    with partner_scope(application.pk):
        assert list(Document.objects.values_list("pk", flat=True)) == [kept.pk]


def test_the_second_approver_sees_who_was_first():
    application = make_reviewed_application()
    _approve(application, make_member("mar_approver", name="Jonas Weber"))
    with pytest.raises(ApplicationCannotMove) as caught:
        _approve(application, make_member("mar_approver"))
    assert caught.value.refusals[0].facts["By"] == "Jonas Weber"
    with mar_scope():
        assert Partner.objects.count() == 1


def test_an_approval_needs_two_people_who_are_for_it():
    application = make_reviewed_application(recommendation="reject")
    with pytest.raises(ProposalNotDecidable):
        _approve(application, make_member("mar_approver"))
    with mar_scope():
        assert (_stored(application).state, Partner.objects.count()) == ("recommended", 0)


def test_sending_back_gives_the_case_to_its_reviewer_again():
    application, jonas = make_reviewed_application(), make_member("mar_approver")
    with mar_scope():
        send_back(application.pk, reason="Ask for the register extract.", by=actor_for(jonas), at=LATER)
    assert _stored(application).state == "in_review"
    assert _stored(application).claimed_by_id == application.reviewed_by_id
    _recommend(application, application.claimed_by)
    _approve(application, jonas)
    assert [row[1] for row in _history(application)] == [
        "recommended",
        "approved",
        "recommended",
        "sent_back",
    ]


def test_a_case_goes_back_with_a_reason_only():
    application = make_reviewed_application()
    with mar_scope(), pytest.raises(ReasonMissing):
        send_back(application.pk, reason=" ", by=actor_for(make_member("mar_approver")), at=LATER)
    assert _stored(application).state == "recommended"


def test_a_refusal_stores_code_and_reason_and_queues_the_mail():
    application = make_reviewed_application()
    _reject(application, make_member("mar_approver"), reason="No wiping records.")
    stored = _stored(application)
    assert (stored.state, stored.decision_code, stored.decision_reason, stored.partner_id) == (
        "rejected",
        "facts_not_confirmed",
        "No wiping records.",
        None,
    )
    assert queued("partners.send_application_rejected") == [
        {"application_id": str(application.pk), "round": 1}
    ]


def test_a_refusal_without_words_takes_those_of_its_code_in_the_applicants_language():
    application = make_reviewed_application()
    with mar_scope():
        Application.objects.filter(pk=application.pk).update(language="nl")
    _reject(application, make_member("mar_approver"), code="duplicate", reason="")
    assert _stored(application).decision_reason.startswith("Uw bedrijf is al partner")


@pytest.mark.parametrize(("code", "reason"), [("", "No."), ("no_such", "No."), ("other", " ")])
def test_a_refusal_without_reason_is_refused(code, reason):
    application = make_reviewed_application()
    with pytest.raises(ReasonMissing):
        _reject(application, make_member("mar_approver"), code=code, reason=reason)
    assert (_stored(application).state, len(_history(application))) == ("recommended", 1)


def test_an_appeal_is_decided_anew_and_the_first_refusal_stays_readable():
    marta, jonas, nina = (make_member(role) for role in ("mar_admin", "mar_approver", "mar_approver"))
    application = make_appealed_application(marta, jonas)
    with mar_scope():
        claim_application(application.pk, by=actor_for(nina), at=LATER)
    _recommend(application, nina)
    with pytest.raises(SamePersonDecides):
        _approve(application, nina)
    _approve(application, jonas)
    stored = _stored(application)
    assert (stored.state, stored.decision_code) == ("approved", "")
    steps = [(1, "recommended"), (1, "rejected"), (2, "approved"), (2, "recommended")]
    assert sorted(row[:2] for row in _history(application)) == steps


# The database, by raw statements of the role that the MAR's requests run as.


def _raw(application, **columns) -> None:
    with mar_scope(), transaction.atomic():
        Application.objects.filter(pk=application.pk).update(**columns)


def _partner_for(application) -> Partner:
    with mar_scope():
        return Partner.objects.create(
            id=application.pk, code="X", name="X", country="DE", state="agreement_pending",
            state_since=AT, created_at=AT,
        )  # fmt: skip


def _row(application, step, person, reviewer=None, **changes) -> ApplicationDecision:
    facts = {
        "round": 1,
        "recommendation": "approve",
        "note": "x",
        "reason_code": "other",
        "at": LATER,
    } | changes
    with mar_scope(), transaction.atomic():
        return ApplicationDecision.objects.create(
            application=application, step=step, person=person, reviewer=reviewer, **facts
        )


def test_a_raw_update_approves_nothing_without_its_row_in_the_history():
    application, jonas = make_reviewed_application(), make_member("mar_approver")
    partner = _partner_for(application)
    with pytest.raises(IntegrityError, match="needs its row in the history"):
        _raw(application, state="approved", partner=partner, decided_by=jonas, decided_at=LATER)
    with pytest.raises(IntegrityError, match="needs its row in the history"):
        _raw(
            application, state="rejected", decided_by=jonas, decided_at=LATER, decision_code="other",
            decision_reason="x",
        )  # fmt: skip
    assert _stored(application).state == "recommended"


def test_the_database_refuses_one_person_in_both_chairs():
    application = make_reviewed_application()
    reviewer, partner = application.reviewed_by, _partner_for(application)
    with pytest.raises(IntegrityError, match="decision_two_different_people"):
        _row(application, "approved", reviewer, reviewer)
    with pytest.raises(IntegrityError):
        _raw(application, state="approved", partner=partner, decided_by=reviewer, decided_at=LATER)
    assert (_stored(application).state, len(_history(application))) == ("recommended", 1)


def test_the_database_refuses_a_borrowed_reviewer():
    """Naming somebody else as reviewer, to decide on one's own case, fails at each place."""
    application, other = make_reviewed_application(), make_member("mar_admin")
    with pytest.raises(IntegrityError, match="stands before the decision"):
        _raw(application, reviewed_by=other)
    with pytest.raises(IntegrityError, match="follows a recommendation"):
        _row(application, "approved", application.reviewed_by, other)
    claimed = make_claimed_application(other)
    with pytest.raises(IntegrityError, match="nobody recommended"):
        _raw(claimed, state="recommended", reviewed_by=other, reviewed_at=LATER, recommendation="approve")


def test_the_database_knows_no_decision_before_a_recommendation():
    application, jonas = make_claimed_application(), make_member("mar_approver")
    with pytest.raises(IntegrityError, match="follows a recommendation"):
        _row(application, "approved", jonas, application.claimed_by)
    with pytest.raises(IntegrityError, match="only who claimed the case"):
        _row(application, "recommended", jonas)
    assert _history(application) == []


def test_the_database_refuses_an_approval_that_the_reviewer_is_against():
    application, jonas = make_reviewed_application(recommendation="reject"), make_member("mar_approver")
    with pytest.raises(IntegrityError, match="two people for it"):
        _row(application, "approved", jonas, application.reviewed_by, recommendation="reject")
    with pytest.raises(IntegrityError, match="follows a recommendation"):
        _row(application, "approved", jonas, application.reviewed_by, recommendation="approve")


def test_the_database_refuses_a_refusal_without_reason():
    application, jonas = make_reviewed_application(), make_member("mar_approver")
    with pytest.raises(IntegrityError, match="decision_refusal_has_a_code"):
        _row(application, "rejected", jonas, application.reviewed_by, reason_code="")
    with pytest.raises(IntegrityError, match="decision_against_says_why"):
        _row(application, "sent_back", jonas, application.reviewed_by, note="")
    _row(application, "rejected", jonas, application.reviewed_by)
    with pytest.raises(IntegrityError, match="application_refusal_says_why"):
        _raw(application, state="rejected", decided_by=jonas, decided_at=LATER)
    assert _stored(application).state == "recommended"


def test_the_database_begins_no_application_decided():
    for state in ("recommended", "approved", "rejected"):
        with mar_scope(), pytest.raises(IntegrityError, match="does not begin"), transaction.atomic():
            Application.objects.create(
                reference="A-RAW001", country="DE", contact_email="x@example.test", state=state, started_at=AT,
                saved_at=AT, submitted_at=AT,
            )  # fmt: skip


def test_the_history_is_only_added_to():
    application = make_reviewed_application()
    for statement in (
        "UPDATE partners_applicationdecision SET note = 'x'",
        "DELETE FROM partners_applicationdecision",
    ):
        with (
            mar_scope(),
            pytest.raises(ProgrammingError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
    assert len(_history(application)) == 1


def test_the_history_names_its_reviewer_and_its_round():
    application, jonas = make_reviewed_application(), make_member("mar_approver")
    with pytest.raises(IntegrityError, match="round of the case"):
        _row(application, "approved", jonas, application.reviewed_by, round=2)
    with pytest.raises(IntegrityError, match=r"decision_names_the_reviewer|follows a recommendation"):
        _row(application, "approved", jonas)
    with pytest.raises(IntegrityError, match=r"decision_knows_its_proposal|follows a recommendation"):
        _row(application, "approved", jonas, application.reviewed_by, recommendation="")


def test_a_round_is_decided_once():
    application, jonas = make_reviewed_application(), make_member("mar_approver")
    _row(application, "rejected", jonas, application.reviewed_by)
    with pytest.raises(IntegrityError, match="decided_once_a_round"):
        _row(application, "approved", make_member("mar_approver"), application.reviewed_by)


def test_a_new_partner_takes_his_bank_telephone_and_site_along():
    application = make_reviewed_application(
        phone="+49 40 1234567", website="https://werk.example", iban="DE89 3704 0044 0532 0130 00",
    )  # fmt: skip
    with mar_scope():
        partner = approve_application(
            application.pk, credit_limit=Decimal(100), currency="EUR",
            by=actor_for(make_member("mar_approver")), at=AT,
        )  # fmt: skip
    assert (partner.phone, partner.website, partner.iban) == (
        "+49 40 1234567", "https://werk.example", "DE89370400440532013000",
    )  # fmt: skip
