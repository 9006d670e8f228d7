"""Courses, tests and passes: graded once, three a day, and each date at its second."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from core.actor import Actor, ActorKind
from core.errors import Invalid, NotFound
from core.models import User
from core.tenancy import mar_scope, partner_scope
from licensing.services.orders import OrderRefused, OrderRequest, place_order
from partners.models import Course, CourseVersion, Membership, Partner, Reminder, TrainingAttempt
from partners.selectors.training import course_standings, missing_training
from partners.services.reminders import send_due_reminders
from partners.services.training import (
    TrainingRefused,
    WrittenCourse,
    begin_test,
    hand_in_test,
    save_course,
)
from tests.factories import AT, actor_for, make_mar, make_member, make_partner, make_product, make_stock
from tests.partners.samples import audited

pytestmark = pytest.mark.django_db
BY = Actor.system("test")
SECOND = timedelta(seconds=1)
QUESTIONS = "# One?\n+ yes\n- no\n> so\n\n# Two?\n- no\n+ yes\n> so\n"
RIGHT = {0: frozenset({0}), 1: frozenset({1})}
HALF = {0: frozenset({0}), 1: frozenset({0})}
# A pass of 15 November 2026 ends when 15 November 2027 begins in Berlin.
ENDS = datetime(2027, 11, 14, 23, 0, tzinfo=UTC)
WINDOW = datetime(2027, 10, 15, 22, 0, tzinfo=UTC)  # 16 October, in summer time


def _written(**changes: Any) -> WrittenCourse:
    return WrittenCourse(
        **{
            "code": "licences", "title": "Licences", "pass_mark": 70, "valid_months": 12, "is_required": True,
            "required_from": AT - timedelta(days=1), "readings": {"en": "Read."}, "questions": {"en": QUESTIONS},
        } | changes
    )  # fmt: skip


def _save(is_new: bool = True, **changes: Any) -> Course:
    with mar_scope():
        return save_course(_written(**changes), is_new=is_new, by=BY, at=AT)


@pytest.fixture
def seat() -> tuple[Partner, User]:
    make_mar()
    _save()
    partner = make_partner()
    return partner, make_member("tpr_buyer", partner=partner)


def _sit(seat: tuple[Partner, User], answers: Any = RIGHT, at: datetime = AT) -> TrainingAttempt:
    partner, user = seat
    with partner_scope(partner.pk):
        attempt = begin_test(
            partner_id=partner.pk, course_code="licences", language="en", seed=7, by=actor_for(user), at=at
        )
        return hand_in_test(attempt.pk, partner_id=partner.pk, answers=answers, by=actor_for(user), at=at)


def _missing(partner: Partner, at: datetime) -> list[str]:
    with partner_scope(partner.pk):
        return [course.code for course in missing_training(partner.pk, at)]


def _rules(error: pytest.ExceptionInfo[Any]) -> list[str]:
    return [refusal.rule for refusal in error.value.refusals]


def test_a_pass_is_stored_with_its_end_and_counts_for_the_company(seat):
    assert _missing(seat[0], AT) == ["licences"]
    attempt = _sit(seat)
    assert (attempt.score, attempt.is_passed, attempt.expires_on) == (100, True, date(2027, 11, 15))
    assert _missing(seat[0], AT) == []
    assert audited("partners.training.graded") == 1
    with partner_scope(seat[0].pk):
        (standing,) = course_standings(seat[0].pk, AT)
        assert ([one.user for one in standing.people], standing.valid_until) == (
            [seat[1]],
            date(2027, 11, 15),
        )


def test_half_is_no_pass_and_nothing_is_gained(seat):
    attempt = _sit(seat, HALF)
    assert (attempt.score, attempt.is_passed, attempt.expires_on) == (50, False, None)
    assert _missing(seat[0], AT) == ["licences"]


def test_a_test_begun_is_gone_on_with_and_graded_once(seat):
    partner, user = seat
    with partner_scope(partner.pk):
        first, again = (
            begin_test(
                partner_id=partner.pk, course_code="licences", language="en", seed=seed, by=actor_for(user), at=AT
            )
            for seed in (1, 2)
        )  # fmt: skip
        assert (again.pk, again.seed) == (first.pk, 1)
        hand_in_test(first.pk, partner_id=partner.pk, answers=HALF, by=actor_for(user), at=AT)
        with pytest.raises(TrainingRefused) as refused:
            hand_in_test(first.pk, partner_id=partner.pk, answers=RIGHT, by=actor_for(user), at=AT)
        assert _rules(refused) == ["P-TRAIN-4"]
        assert TrainingAttempt.objects.get().score == 50


def test_three_tries_a_day_of_the_mars_zone_and_a_colleague_has_his_own(seat):
    midnight = datetime(2026, 11, 15, 23, 0, tzinfo=UTC)
    for _ in range(3):
        _sit(seat, HALF, at=midnight - SECOND)
    with pytest.raises(TrainingRefused) as refused:
        _sit(seat, at=midnight - SECOND)
    assert _rules(refused) == ["P-TRAIN-2"]
    with mar_scope():
        assert TrainingAttempt.objects.count() == 3
    colleague = (seat[0], make_member("tpr_technician", partner=seat[0]))
    assert _sit(colleague, HALF, at=midnight - SECOND).score == 50
    assert _sit(seat, at=midnight).is_passed


def test_nobody_hands_in_anothers_test(seat):
    partner, user = seat
    with partner_scope(partner.pk):
        attempt = begin_test(
            partner_id=partner.pk, course_code="licences", language="en", seed=1, by=actor_for(user), at=AT
        )
        colleague = make_member("tpr_owner", partner=partner)
        with pytest.raises(NotFound):
            hand_in_test(attempt.pk, partner_id=partner.pk, answers=RIGHT, by=actor_for(colleague), at=AT)
    other = make_partner()
    with partner_scope(other.pk):
        assert TrainingAttempt.objects.count() == 0


def test_a_pass_goes_with_the_person_who_leaves(seat):
    _sit(seat)
    with mar_scope():
        Membership.objects.filter(user=seat[1]).update(is_active=False)
    assert _missing(seat[0], AT) == ["licences"]


def test_the_database_refuses_a_graded_test_that_changes_and_half_a_grade(seat):
    attempt = _sit(seat, HALF)
    with mar_scope():
        with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
            TrainingAttempt.objects.filter(pk=attempt.pk).update(score=100)
        for wrong, name in (
            ({"submitted_at": AT}, "attempt_graded_as_a_whole"),
            ({"submitted_at": AT, "score": 90, "answers": {}, "is_passed": True}, "a_pass_has_its_end"),
        ):
            with pytest.raises(IntegrityError, match=name), transaction.atomic():
                TrainingAttempt.objects.create(
                    partner=seat[0], user=seat[1], course=attempt.course, version=attempt.version, language="en",
                    seed=1, pass_mark=70, started_at=AT, **wrong,
                )  # fmt: skip
        for wrong, name in (({"pass_mark": 0}, "pass_mark_is_percent"), ({"valid_months": 0}, "pass_ends")):
            with pytest.raises(IntegrityError, match=name), transaction.atomic():
                Course.objects.update(**wrong)


def test_changed_questions_become_a_new_version_and_a_graded_test_keeps_its_own(seat):
    attempt = _sit(seat, HALF)
    _save(is_new=False, title="Licences, anew")
    assert CourseVersion.objects.count() == 1
    _save(is_new=False, questions={"en": QUESTIONS + "\n# Three?\n+ yes\n- no\n> so\n"})
    assert [one.number for one in CourseVersion.objects.order_by("number")] == [1, 2]
    with mar_scope():
        assert TrainingAttempt.objects.select_related("version").get(pk=attempt.pk).version.number == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"questions": {}},
        {"questions": {"en": "# One?\n- no\n- no\n> so"}},
        {"questions": {"en": QUESTIONS, "de": "# Eins?\n- nein\n+ ja\n> so"}},
    ],
)
def test_a_course_that_is_no_test_is_refused(changes):
    make_mar()
    with pytest.raises(Invalid) as refused:
        _save(**changes)
    assert _rules(refused) == ["P-TRAIN-5"]
    assert Course.objects.count() == 0


def test_a_new_course_does_not_overwrite_one_with_its_code(seat):
    with pytest.raises(TrainingRefused) as refused:
        _save(title="Another")
    assert _rules(refused) == ["P-TRAIN-6"]
    assert Course.objects.get().title == "Licences"


# Each date at its second, in Berlin.


def _order(partner: Partner, product: Any, at: datetime) -> Any:
    with partner_scope(partner.pk):
        return place_order(
            partner_id=partner.pk, request=OrderRequest(product.id, 1), idempotency_key=uuid4().hex,
            by=Actor(ActorKind.USER, "u1", "Buyer", partner_id=partner.pk), at=at,
        )  # fmt: skip


def test_orders_wait_from_the_day_a_course_is_required_and_from_the_end_of_the_last_pass(seat):
    partner, product = seat[0], make_product()
    make_stock(product, 4)
    required = AT + timedelta(days=1)
    _save(is_new=False, required_from=required)
    assert _order(partner, product, required - SECOND).is_new
    with pytest.raises(OrderRefused) as refused:
        _order(partner, product, required)
    assert _rules(refused) == ["P-TRAIN-1"]
    (refusal,) = refused.value.refusals
    assert refusal.fix_path == "/tpr/rules/courses/licences/"
    _sit(seat)
    assert _order(partner, product, required).is_new
    assert _order(partner, product, ENDS - SECOND).is_new
    with pytest.raises(OrderRefused) as expired:
        _order(partner, product, ENDS)
    assert _rules(expired) == ["P-TRAIN-1"]


def test_an_optional_course_holds_nothing_up(seat):
    _save(is_new=False, is_required=False)
    assert _missing(seat[0], AT) == []


def test_the_renewal_opens_thirty_days_before_the_end_and_loses_no_day(seat):
    _sit(seat)
    with pytest.raises(TrainingRefused) as refused:
        _sit(seat, at=WINDOW - SECOND)
    assert _rules(refused) == ["P-TRAIN-3"]
    assert _sit(seat, at=WINDOW).expires_on == date(2028, 11, 15)


def test_after_the_end_a_new_pass_counts_from_its_own_day(seat):
    _sit(seat)
    assert _sit(seat, at=ENDS - SECOND).expires_on == date(2028, 11, 15)
    other = (seat[0], make_member("tpr_owner", partner=seat[0]))
    _sit(other)
    assert _sit(other, at=ENDS).expires_on == date(2028, 11, 15)


@pytest.mark.parametrize(("days_before", "sent"), [(31, 0), (30, 1), (8, 1), (7, 2), (1, 2)])
def test_reminders_go_out_thirty_and_seven_days_before_the_end_and_once(seat, days_before, sent):
    _sit(seat)
    with mar_scope():
        for day in range(40, days_before - 1, -1):
            send_due_reminders(at=ENDS - timedelta(days=day) + timedelta(hours=6))
        assert send_due_reminders(at=ENDS - timedelta(days=days_before) + timedelta(hours=7)) == 0
        assert Reminder.objects.filter(subject="training").count() == sent


def test_who_has_renewed_is_left_in_peace(seat):
    _sit(seat)
    _sit(seat, at=WINDOW)
    with mar_scope():
        assert send_due_reminders(at=WINDOW + timedelta(days=1)) == 0
