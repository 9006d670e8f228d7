"""Write courses, begin a test, and grade it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, Invalid, NotFound, refuse
from partners import locks
from partners.models import Course, CourseVersion, TrainingAttempt
from partners.rules.quiz import QuizUnreadable, grade, is_same_test, parse_questions, to_data
from partners.rules.training import ATTEMPTS_A_DAY, expiry_of, may_sit, renewal_opens_on
from partners.selectors.mar import mar_zone
from partners.selectors.training import (
    attempts_between,
    course_by_code,
    language_of,
    newest_version,
    open_attempt,
    questions_of,
    valid_until,
)


class TrainingRefused(DomainError):
    """The test cannot be begun or handed in."""


@dataclass(frozen=True, slots=True)
class WrittenCourse:
    """A course as it is written; the questions in the form of partners/rules/quiz.py, by language."""

    code: str
    title: str
    pass_mark: int
    valid_months: int
    is_required: bool
    required_from: datetime
    readings: Mapping[str, str]
    questions: Mapping[str, str]


@transaction.atomic
def save_course(written: WrittenCourse, *, is_new: bool, by: Actor, at: datetime) -> Course:
    """Make a course or change it; new words become a new version, tests already taken keep theirs.

    :raises Invalid: when a language cannot be read as a test, or the languages ask different things.
    :raises TrainingRefused: for a new course whose code is taken.
    """
    texts = _texts_of(written)
    locks.lock_courses()
    if is_new and course_by_code(written.code) is not None:
        raise TrainingRefused(
            refuse(
                "course_code_taken",
                _("There is a course with this code already."),
                rule="P-TRAIN-6",
                facts={_("Code"): written.code},
                next_step=_("Choose another code, or edit that course."),
                lifted_by=_("You"),
            )
        )
    course, _made = Course.objects.update_or_create(
        code=written.code,
        defaults={
            "title": written.title,
            "pass_mark": written.pass_mark,
            "valid_months": written.valid_months,
            "is_required": written.is_required,
            "required_from": written.required_from,
        },
        create_defaults={
            "title": written.title,
            "pass_mark": written.pass_mark,
            "valid_months": written.valid_months,
            "is_required": written.is_required,
            "required_from": written.required_from,
            "created_at": at,
        },
    )
    newest = newest_version(course.pk)
    number = newest.number if newest else 0
    if newest is None or newest.texts != texts:
        number += 1
        CourseVersion.objects.create(
            course=course, number=number, texts=texts, published_at=at, published_by=by.label[:200]
        )
    audit.record(
        "partners.course.saved",
        by=by,
        at=at,
        object_type="course",
        object_id=course.pk,
        facts={
            "code": course.code,
            "version": number,
            "pass_mark": course.pass_mark,
            "is_required": course.is_required,
            "is_new": is_new,
        },
    )
    return course


def _texts_of(written: WrittenCourse) -> dict[str, dict[str, object]]:
    texts: dict[str, dict[str, object]] = {}
    first = None
    for language, source in written.questions.items():
        if not source.strip():
            continue
        try:
            questions = parse_questions(source)
        except QuizUnreadable as error:
            raise _unreadable(language, error.problem, error.line) from error
        first = first or questions
        if not is_same_test(first, questions):
            raise _unreadable(language, _("it asks something else than the first language"), 0)
        reading = written.readings.get(language, "").replace("\r\n", "\n").strip()
        texts[language] = {"reading": reading, "questions": to_data(questions)}
    if not texts:
        raise _unreadable("–", _("there are no questions"), 0)
    return texts


def _unreadable(language: str, problem: str, line: int) -> Invalid:
    return Invalid(
        refuse(
            "course_unreadable",
            _("The questions cannot be used: %(problem)s.") % {"problem": problem},
            rule="P-TRAIN-5",
            facts={_("Language"): language, _("Line"): line or "–"},
            next_step=_("Correct the text; what you wrote is still in the form."),
            lifted_by=_("You"),
        )
    )


@transaction.atomic
def begin_test(
    *, partner_id: UUID, course_code: str, language: str, seed: int, by: Actor, at: datetime
) -> TrainingAttempt:
    """Begin a test, or return the one the person has begun already.

    ``seed`` decides the order of questions and answers.

    :raises TrainingRefused: after three tests on one day of the MAR's zone, or before a renewal opens.
    """
    # The partner's row, so that two clicks at once do not begin two tests.
    if locks.lock_partner(partner_id) is None or by.user_id is None:
        raise NotFound(_("There is no such partner."))
    course = course_by_code(course_code)
    version = newest_version(course.pk) if course else None
    if course is None or version is None:
        raise NotFound(_("There is no such course."))
    begun = open_attempt(partner_id, by.user_id, course.pk)
    if begun is not None and begun.version_id == version.pk:
        return begun
    _require_seat(partner_id, course, by.user_id, at)
    attempt = TrainingAttempt.objects.create(
        partner_id=partner_id,
        user_id=by.user_id,
        course=course,
        version=version,
        language=language_of(version, language),
        seed=seed,
        pass_mark=course.pass_mark,
        started_at=at,
    )
    audit.record(
        "partners.training.begun",
        by=by,
        at=at,
        object_type="course",
        object_id=course.pk,
        partner_id=partner_id,
        facts={"course": course.code, "version": version.number},
    )
    return attempt


def _require_seat(partner_id: UUID, course: Course, user_id: UUID, at: datetime) -> None:
    zone = mar_zone()
    today = at.astimezone(zone).date()
    until = valid_until(partner_id, user_id, course.pk, today=today)
    if until is not None and not may_sit(today, valid_until=until):
        raise TrainingRefused(
            refuse(
                "renewal_not_open",
                _("Your pass is still valid and cannot be renewed yet."),
                rule="P-TRAIN-3",
                facts={_("Valid until"): until, _("Renewal opens"): renewal_opens_on(until)},
                next_step=_("Come back when the renewal is open; you lose no day by waiting."),
                lifted_by=_("Time"),
            )
        )
    begin = datetime.combine(today, time(), zone)
    end = datetime.combine(today + timedelta(days=1), time(), zone)
    used = attempts_between(partner_id, user_id, course.pk, begin=begin, end=end)
    if used >= ATTEMPTS_A_DAY:
        raise TrainingRefused(
            refuse(
                "attempts_used",
                _("You have taken this test as often as one may in a day."),
                rule="P-TRAIN-2",
                facts={_("Tests a day"): ATTEMPTS_A_DAY, _("Yours today"): used, _("Again from"): end},
                next_step=_("Read the page once more, and try again tomorrow. A colleague may try today."),
                lifted_by=_("Time"),
            )
        )


@transaction.atomic
def hand_in_test(
    attempt_id: UUID,
    *,
    partner_id: UUID,
    answers: Mapping[int, frozenset[int]],
    by: Actor,
    at: datetime,
) -> TrainingAttempt:
    """Grade a person's own test. A pass early in its renewal window counts from the old pass's end.

    :raises TrainingRefused: when it was handed in before.
    """
    if by.user_id is None:
        raise NotFound(_("There is no such test."))
    attempt = locks.lock_attempt(attempt_id, partner_id=partner_id, user_id=by.user_id)
    if attempt is None:
        raise NotFound(_("There is no such test."))
    if attempt.submitted_at is not None:
        raise TrainingRefused(
            refuse(
                "test_handed_in",
                _("This test is graded already."),
                rule="P-TRAIN-4",
                facts={_("Handed in"): attempt.submitted_at, _("Score"): f"{attempt.score} %"},
                next_step=_("Look at its result, or begin a new test."),
                lifted_by=_("Nobody: a graded test stands"),
            )
        )
    result = grade(questions_of(attempt.version, attempt.language), answers, pass_mark=attempt.pass_mark)
    today = at.astimezone(mar_zone()).date()
    attempt.submitted_at, attempt.score, attempt.is_passed = at, result.score, result.is_passed
    attempt.answers = {str(place): sorted(chosen) for place, chosen in answers.items()}
    if result.is_passed:
        until = valid_until(partner_id, by.user_id, attempt.course_id, today=today)
        attempt.expires_on = expiry_of(today, valid_until=until, months=attempt.course.valid_months)
    attempt.save(update_fields=["submitted_at", "score", "is_passed", "answers", "expires_on"])
    audit.record(
        "partners.training.graded",
        by=by,
        at=at,
        object_type="course",
        object_id=attempt.course_id,
        partner_id=partner_id,
        facts={
            "course": attempt.course.code,
            "score": result.score,
            "is_passed": result.is_passed,
            "expires_on": str(attempt.expires_on or ""),
        },
    )
    return attempt
