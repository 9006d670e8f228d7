"""Training: the reading of a course, its test, and what came of it."""

import secrets
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import DomainError
from partners.models import Course, CourseVersion, TrainingAttempt
from partners.rules.quiz import Shown, grade, shuffle
from partners.rules.training import may_sit, renewal_opens_on
from partners.selectors.mar import mar_zone
from partners.selectors.training import (
    course_by_code,
    course_standings,
    language_of,
    latest_attempt,
    newest_version,
    open_attempt,
    questions_of,
    reading_of,
    valid_until,
)
from partners.services.training import begin_test, hand_in_test
from portal.actors import actor_of
from portal.policy import allow
from portal.web.refused import render_refused
from portal.web.tpr.place import partner_id_of, user_id_of

HOUSE = ("tpr",)
SEEDS = 2**31 - 1


@allow("terms.view", houses=HOUSE)
@require_safe
def course_list(request: HttpRequest) -> HttpResponse:
    """Show every course with who of the company has a valid pass."""
    context = {"standings": course_standings(partner_id_of(request), timezone.now()), "section": "courses"}
    return render(request, "tpr/rules/course_list.html", context)


@allow("terms.view", houses=HOUSE)
@require_safe
def course_detail(request: HttpRequest, course_code: str) -> HttpResponse:
    """Show what to read, and the way to the test."""
    return render(request, "tpr/rules/course_detail.html", _course_context(request, course_code))


@allow("training.take", houses=HOUSE)
@require_POST
def begin(request: HttpRequest, course_code: str) -> HttpResponse:
    """Begin a test, or go on with the one begun."""
    context = _course_context(request, course_code)
    try:
        begin_test(
            partner_id=partner_id_of(request),
            course_code=course_code,
            language=get_language() or "en",
            seed=secrets.randbelow(SEEDS),
            by=actor_of(request),
            at=timezone.now(),
        )
    except DomainError as error:
        return render_refused(request, "tpr/rules/course_detail.html", context, error)
    return redirect("tpr:test", course_code)


@allow("training.take", houses=HOUSE)
@require_http_methods(["GET", "HEAD", "POST"])
def test(request: HttpRequest, course_code: str) -> HttpResponse:
    """Show the person's questions and take the answers; afterwards the result with each reason."""
    course, _version = _find(course_code)
    attempt = latest_attempt(partner_id_of(request), user_id_of(request), course.pk)
    if attempt is None:
        return redirect("tpr:course-detail", course_code)
    if request.method == "POST":
        try:
            hand_in_test(
                attempt.pk,
                partner_id=partner_id_of(request),
                answers=_answers(request, attempt),
                by=actor_of(request),
                at=timezone.now(),
            )
        except DomainError as error:
            return render_refused(request, "tpr/rules/test_result.html", _result(attempt), error)
        return redirect("tpr:test", course_code)
    if attempt.submitted_at is not None:
        return render(request, "tpr/rules/test_result.html", _result(attempt))
    context = {"attempt": attempt, "questions": _shown(attempt), "section": "courses"}
    return render(request, "tpr/rules/test.html", context)


def _course_context(request: HttpRequest, course_code: str) -> dict[str, Any]:
    course, version = _find(course_code)
    language = language_of(version, request.GET.get("language", get_language() or ""))
    partner_id, user_id, now = partner_id_of(request), user_id_of(request), timezone.now()
    today = now.astimezone(mar_zone()).date()
    until = valid_until(partner_id, user_id, course.pk, today=today)
    return {
        "course": course,
        "version": version,
        "language": language,
        "reading": reading_of(version, language),
        "question_count": len(questions_of(version, language)),
        "until": until,
        "renewal_from": renewal_opens_on(until) if until else None,
        "may_sit": may_sit(today, valid_until=until),
        "begun": open_attempt(partner_id, user_id, course.pk),
        "standing": next(
            (one for one in course_standings(partner_id, now) if one.course.pk == course.pk), None
        ),
        "section": "courses",
    }


def _find(course_code: str) -> tuple[Course, CourseVersion]:
    course = course_by_code(course_code)
    version = newest_version(course.pk) if course else None
    if course is None or version is None:
        raise Http404
    return course, version


def _ordered(attempt: TrainingAttempt) -> list[Shown]:
    return shuffle(questions_of(attempt.version, attempt.language), seed=attempt.seed)


def _answers(request: HttpRequest, attempt: TrainingAttempt) -> dict[int, frozenset[int]]:
    """Return the chosen choices by question; what is no choice of the question is left out."""
    return {
        shown.place: frozenset(
            int(value)
            for value in request.POST.getlist(f"q{shown.place}")
            if value.isdigit() and len(value) < 3 and int(value) in shown.order
        )
        for shown in _ordered(attempt)
    }


def _shown(attempt: TrainingAttempt) -> list[dict[str, Any]]:
    return [
        {
            "name": f"q{shown.place}",
            "number": number,
            "text": shown.question.text,
            "kind": "checkbox" if shown.question.has_several else "radio",
            "choices": [(place, shown.question.choices[place]) for place in shown.order],
        }
        for number, shown in enumerate(_ordered(attempt), start=1)
    ]


def _result(attempt: TrainingAttempt) -> dict[str, Any]:
    chosen = {int(place): frozenset(values) for place, values in (attempt.answers or {}).items()}
    ordered = _ordered(attempt)
    marks = grade(questions_of(attempt.version, attempt.language), chosen, pass_mark=attempt.pass_mark).right
    return {
        "attempt": attempt,
        "right_count": sum(marks),
        "questions": [
            {
                "number": number,
                "text": shown.question.text,
                "why": shown.question.why,
                "is_right": marks[shown.place],
                "choices": [
                    {
                        "text": shown.question.choices[place],
                        "is_right": place in shown.question.right,
                        "is_chosen": place in chosen.get(shown.place, frozenset()),
                    }
                    for place in shown.order
                ],
            }
            for number, shown in enumerate(ordered, start=1)
        ],
        "section": "courses",
    }
