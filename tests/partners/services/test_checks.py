"""Checks of an application: each source asked once, its answer kept, its silence outlived."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from core.errors import NotFound
from core.models import AuditEvent, OutboxItem
from core.tenancy import mar_scope
from partners.checks.base import ApplicantFacts, CheckAnswer, ProviderUnavailable
from partners.models import Application, ApplicationSection, CheckResult
from partners.rules.check_retries import GIVE_UP_AFTER
from partners.selectors.checks import newest_checks
from partners.services import checks
from partners.services.checks import (
    MAX_RAW_CHARACTERS,
    CheckStillRunning,
    recheck_sanctions,
    repeat_check,
    request_checks,
    run_check,
)
from tests.factories import AT, actor_for, make_member
from tests.partners.samples import audited, make_application, queued

pytestmark = pytest.mark.django_db
KINDS = ["vat", "email_domain", "duplicate", "sanctions", "website"]


@dataclass
class Told:
    """A source that says what a test told it to."""

    kind: str = "vat"
    name: str = "told"
    says: CheckAnswer | ProviderUnavailable | None = None
    asked: int = 0

    def run(self, facts: ApplicantFacts) -> CheckAnswer:
        self.asked += 1
        if isinstance(self.says, ProviderUnavailable):
            raise self.says
        return self.says or CheckAnswer("clear", f"{facts.company} is known.", {"found": 1}, "<raw>")


@pytest.fixture
def told(monkeypatch) -> Told:
    provider = Told()
    monkeypatch.setattr(checks, "providers", lambda: (provider,))
    monkeypatch.setattr(checks, "provider_of", lambda kind: provider)
    return provider


def begun(at=AT) -> tuple[Application, CheckResult]:
    application = make_application()
    with mar_scope():
        return application, request_checks(application.pk, at=at)[0]


def row(check: CheckResult) -> CheckResult:
    with mar_scope():
        return CheckResult.objects.get(pk=check.pk)


def all_rows() -> list[CheckResult]:
    with mar_scope():
        return list(CheckResult.objects.order_by("requested_at"))


def test_every_source_is_asked_and_each_run_is_queued():
    application = make_application()
    with mar_scope():
        rows = request_checks(application.pk, at=AT)
        assert [check.kind for check in newest_checks(application.pk)] == KINDS
    assert {(check.outcome, check.requested_at, check.attempts) for check in rows} == {("pending", AT, 0)}
    assert sorted(work["check_id"] for work in queued("partners.run_check")) == sorted(
        str(c.pk) for c in rows
    )


def test_asking_twice_changes_nothing():
    application = make_application()
    with mar_scope():
        request_checks(application.pk, at=AT)
        assert request_checks(application.pk, at=AT + timedelta(seconds=5)) == []
        for check in newest_checks(application.pk):
            run_check(check.pk, at=AT)
        assert request_checks(application.pk, at=AT + timedelta(hours=1)) == []
    assert len(all_rows()) == len(KINDS)


def test_changed_facts_are_asked_anew():
    application = make_application()
    with mar_scope():
        for check in request_checks(application.pk, at=AT):
            run_check(check.pk, at=AT)
        Application.objects.filter(pk=application.pk).update(website="https://anders.example")
        again = request_checks(application.pk, at=AT + timedelta(hours=1))
    assert [check.kind for check in again] == KINDS


def test_what_names_the_company_is_stored_in_one_form():
    application = make_application(company="Kreislauf PC  G.m.b.H.", vat_id="DE136695976")
    with mar_scope():
        Application.objects.filter(pk=application.pk).update(
            iban="de89 3704 0044 0532 0130 00",
            phone="+49 40 1234 5678",
            street="Hauptstraße 5",
            postcode="10115",
        )
        request_checks(application.pk, at=AT)
        stored = Application.objects.get(pk=application.pk)
    assert (
        stored.company_norm,
        stored.vat_root,
        stored.address_norm,
        stored.iban_norm,
        stored.phone_norm,
    ) == (
        "kreislauf pc",
        "DE:136695976",
        "DE:10115:hauptstr5",
        "DE89370400440532013000",
        "012345678",
    )


def test_an_answer_is_stored_with_time_source_facts_and_raw_answer(told):
    _application, check = begun()
    run_check(check.pk, at=AT + timedelta(seconds=3))
    stored = row(check)
    assert (stored.outcome, stored.provider, stored.summary, stored.facts, stored.raw_answer) == (
        "clear",
        "told",
        "Kreislauf PC GmbH is known.",
        {"found": 1},
        "<raw>",
    )
    assert (stored.answered_at, stored.attempts, stored.next_try_at) == (AT + timedelta(seconds=3), 1, None)
    assert audited("partners.check.answered") == 1


def test_an_audit_row_holds_codes_and_no_names(told):
    _application, check = begun()
    run_check(check.pk, at=AT)
    with mar_scope():
        facts = AuditEvent.objects.get(action="partners.check.answered").facts
    assert facts == {
        "application": str(check.application_id),
        "kind": "vat",
        "outcome": "clear",
        "attempts": 1,
    }


def test_the_owners_of_the_page_are_handed_to_the_source(told, monkeypatch):
    application, check = begun()
    seen = []
    monkeypatch.setattr(told, "run", lambda facts: seen.append(facts.owners) or CheckAnswer("clear", "."))
    with mar_scope():
        page = ApplicationSection.objects.get(application=application, name="owners")
        page.answers = {"owners": "Eva Brandt\nJan Kowalski"}
        page.save()
    run_check(check.pk, at=AT)
    assert seen == [("Eva Brandt", "Jan Kowalski")]


def test_a_long_answer_is_cut_and_nul_is_left_out(told):
    told.says = CheckAnswer("clear", "s" * 900, {}, "\0" + "r" * 50_000)
    _application, check = begun()
    run_check(check.pk, at=AT)
    stored = row(check)
    assert (len(stored.summary), stored.raw_answer) == (300, "r" * MAX_RAW_CHARACTERS)


def test_running_an_answered_check_again_asks_nobody(told):
    _application, check = begun()
    assert run_check(check.pk, at=AT) is not None
    assert run_check(check.pk, at=AT + timedelta(hours=1)) is None
    assert (told.asked, row(check).attempts, audited("partners.check.answered")) == (1, 1, 1)


def test_a_check_that_nobody_knows_is_no_error():
    assert run_check(uuid4(), at=AT) is None


def test_an_answer_that_comes_second_is_dropped(told, monkeypatch):
    _application, check = begun()
    plain = told.run

    def run(facts):
        monkeypatch.setattr(told, "run", plain)
        run_check(check.pk, at=AT)  # the rival is quicker
        return CheckAnswer("failed", "Too late.")

    monkeypatch.setattr(told, "run", run)
    assert run_check(check.pk, at=AT) is None
    assert (row(check).outcome, row(check).attempts) == ("clear", 1)


def test_the_source_is_asked_outside_every_scope(told, monkeypatch):
    from core.tenancy import current_scope

    _application, check = begun()
    seen = []
    monkeypatch.setattr(
        told, "run", lambda _facts: seen.append(current_scope()) or CheckAnswer("clear", "In order.")
    )
    run_check(check.pk, at=AT)
    assert seen == [None]


def test_a_source_that_is_away_is_asked_again_later_and_the_application_stays(told):
    told.says = ProviderUnavailable("MS_UNAVAILABLE", raw="<fault/>")
    application, check = begun()
    run_check(check.pk, at=AT)
    stored = row(check)
    assert (stored.outcome, stored.facts, stored.raw_answer, stored.attempts, stored.next_try_at) == (
        "unavailable",
        {"reason": "MS_UNAVAILABLE"},
        "<fault/>",
        1,
        AT + timedelta(minutes=5),
    )
    with mar_scope():
        due = list(
            OutboxItem.objects.filter(task="partners.run_check").order_by("due_at").values_list("due_at")
        )
        assert Application.objects.get(pk=application.pk).state == "submitted"
    assert due == [(AT,), (AT + timedelta(minutes=5),)]


def test_a_source_that_comes_back_answers_in_the_same_row(told):
    told.says = ProviderUnavailable("TIMEOUT")
    _application, check = begun()
    run_check(check.pk, at=AT)
    told.says = None
    run_check(check.pk, at=AT + timedelta(minutes=5))
    stored = row(check)
    assert (stored.outcome, stored.attempts, stored.next_try_at) == ("clear", 2, None)
    assert len(all_rows()) == 1


def test_a_source_that_stays_away_is_given_up_after_five_days(told):
    told.says = ProviderUnavailable("TIMEOUT")
    _application, check = begun()
    at, waits = AT, []
    while True:
        run_check(check.pk, at=at)
        due = row(check).next_try_at
        if due is None:
            break
        waits.append(due - at)
        at = due
    assert waits == [
        timedelta(minutes=5),
        timedelta(minutes=30),
        timedelta(hours=2),
        timedelta(hours=12),
        *[timedelta(days=1)] * 4,
    ]
    assert at - AT <= GIVE_UP_AFTER
    stored = row(check)
    assert (stored.outcome, stored.is_waiting) == ("unavailable", False)
    assert stored.summary.startswith("The source did not answer for five days")
    assert run_check(check.pk, at=at + timedelta(days=1)) is None


def test_a_person_asks_again_and_the_earlier_answer_stays(told):
    application, check = begun()
    run_check(check.pk, at=AT)
    person = actor_for(make_member("mar_admin"))
    with mar_scope():
        again = repeat_check(check.pk, application_id=application.pk, by=person, at=AT + timedelta(hours=1))
        assert newest_checks(application.pk) == [again]
    assert [(each.pk, each.outcome) for each in all_rows()] == [(check.pk, "clear"), (again.pk, "pending")]
    assert audited("partners.check.repeated") == 1
    assert queued("partners.run_check")[-1] == {"check_id": str(again.pk)}


def test_a_check_that_is_running_is_not_begun_twice(told):
    application, check = begun()
    person = actor_for(make_member("mar_admin"))
    with mar_scope(), pytest.raises(CheckStillRunning) as refused:
        repeat_check(check.pk, application_id=application.pk, by=person, at=AT)
    assert refused.value.refusals[0].rule == "P-CHK-2"
    assert (len(all_rows()), audited("partners.check.repeated")) == (1, 0)


def test_asking_again_ends_the_waiting_for_a_source_that_is_away(told):
    told.says = ProviderUnavailable("TIMEOUT")
    application, check = begun()
    run_check(check.pk, at=AT)
    with mar_scope():
        again = repeat_check(
            check.pk, application_id=application.pk, by=actor_for(make_member("mar_admin")), at=AT
        )
    assert (row(check).is_waiting, row(again).is_waiting) == (False, True)
    assert run_check(check.pk, at=AT + timedelta(minutes=5)) is None
    assert told.asked == 1


def test_another_applications_check_is_not_there(told):
    _application, check = begun()
    other = make_application()
    with mar_scope(), pytest.raises(NotFound):
        repeat_check(check.pk, application_id=other.pk, by=actor_for(make_member("mar_admin")), at=AT)
    assert len(all_rows()) == 1


def test_no_application_no_checks():
    with mar_scope(), pytest.raises(NotFound):
        request_checks(uuid4(), at=AT)
    assert all_rows() == []


def test_a_new_list_is_compared_with_the_cases_that_are_undecided():
    application, withdrawn = make_application(), make_application()
    with mar_scope():
        Application.objects.filter(pk=withdrawn.pk).update(state="withdrawn")
        for each in (application, withdrawn):
            for check in request_checks(each.pk, at=AT):
                run_check(check.pk, at=AT)
        assert recheck_sanctions(at=AT + timedelta(days=1)) == 1
        assert recheck_sanctions(at=AT + timedelta(days=1)) == 0
        waiting = CheckResult.objects.filter(outcome="pending")
        assert [(check.application_id, check.kind) for check in waiting] == [(application.pk, "sanctions")]


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"outcome": "clear", "answered_at": None}, "check_answered_has_time"),
        ({"outcome": "clear", "answered_at": AT, "next_try_at": AT}, "only_unavailable_is_tried_again"),
    ],
)
def test_the_database_refuses_a_check_that_contradicts_itself(told, changes, constraint):
    _application, check = begun()
    with mar_scope(), pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        CheckResult.objects.filter(pk=check.pk).update(**changes)
    assert row(check).outcome == "pending"


def test_the_database_refuses_two_waiting_checks_of_a_kind(told):
    application, _check = begun()
    with mar_scope(), pytest.raises(IntegrityError, match="one_waiting_check_a_kind"), transaction.atomic():
        CheckResult.objects.create(
            application=application, kind="vat", provider="x", outcome="pending", requested_at=AT
        )
    assert len(all_rows()) == 1
