"""Courses: the editor, and who passed."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from core.errors import DomainError
from partners.models import Course, TrainingAttempt
from partners.rules.quiz import write_questions
from partners.selectors import training as selectors
from partners.selectors.mar import mar_zone
from partners.services.training import save_course
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.tables import ChoiceFilter, Column, Empty, Table, render_table
from portal.web.mar.rules_forms import CourseForm
from portal.web.refused import render_refused

HOUSES = ("mar", "compliance")


class CourseTable(Table):
    """Every course."""

    dom_id = "courses"
    caption = gettext_lazy("Courses")
    columns = (
        Column("title", gettext_lazy("Course"), sort="title", primary=True),
        Column("required", gettext_lazy("Orders need it"),
               accessor=lambda row: _("Yes") if row.is_required else _("No"), sort="is_required"),
        Column("mark", gettext_lazy("Pass mark"), accessor=lambda row: f"{row.pass_mark} %", sort="pass_mark"),
        Column("months", gettext_lazy("Months valid"), kind="number", accessor="valid_months", sort="valid_months"),
        Column("versions", gettext_lazy("Version"), kind="number", accessor="version_count"),
        Column("attempts", gettext_lazy("Tests"), kind="number", accessor="attempt_count", sort="attempt_count"),
        Column("passes", gettext_lazy("Passed"), kind="number", accessor="pass_count", sort="pass_count"),
    )  # fmt: skip
    order = "title"
    empty = Empty(
        gettext_lazy("No courses yet"),
        gettext_lazy("Without a required course nobody's orders wait for training."),
    )

    def row_url(self, row: Course) -> str:
        """Return the course's results."""
        return reverse("mar:course-results", args=[row.code])


class ResultTable(Table):
    """Every graded test of a course."""

    dom_id = "results"
    caption = gettext_lazy("Results")
    columns = (
        Column("partner", gettext_lazy("Partner"), accessor="partner.name", sort="partner__name", primary=True),
        Column("person", gettext_lazy("Person"), accessor="user.name", sort="user__name"),
        Column("handed_in", gettext_lazy("Handed in"), kind="datetime", accessor="submitted_at", sort="submitted_at"),
        Column("score", gettext_lazy("Score"), accessor=lambda row: f"{row.score} %", sort="score", align="end"),
        Column("passed", gettext_lazy("Passed"), accessor=lambda row: _("Yes") if row.is_passed else _("No")),
        Column("until", gettext_lazy("Valid until"), kind="date", accessor="expires_on", sort="expires_on"),
    )  # fmt: skip
    filters = (
        ChoiceFilter("is_passed", gettext_lazy("Passed"),
                     choices=(("True", gettext_lazy("Passed")), ("False", gettext_lazy("Not passed")))),
    )  # fmt: skip
    search = ("partner__name", "partner__code", "user__name")
    search_label = gettext_lazy("Partner or person")
    order = "-handed_in"
    empty = Empty(gettext_lazy("No tests yet"), gettext_lazy("Results appear as people hand in their tests."))

    def row_url(self, row: TrainingAttempt) -> str:
        """Return the partner's page."""
        return reverse("mar:partner-detail", args=[row.partner_id])


@allow("rules.view", houses=HOUSES)
@require_safe
def course_list(request: HttpRequest) -> HttpResponse:
    """List the courses."""
    context = {"table": CourseTable(request, selectors.courses(timezone.now())), "section": "courses"}
    return render_table(request, "mar/rules/course_list.html", context)


@allow("rules.view", houses=HOUSES)
@require_safe
def course_results(request: HttpRequest, course_code: str) -> HttpResponse:
    """Show who took a course's test, and how it went."""
    course = _find(course_code)
    results: QuerySet[TrainingAttempt] = selectors.results_of(course.pk)
    context = {"course": course, "table": ResultTable(request, results)}
    return render_table(request, "mar/rules/course_results.html", context)


@allow("rules.write", houses=("mar",))
@require_http_methods(["GET", "HEAD", "POST"])
def course_new(request: HttpRequest) -> HttpResponse:
    """Write a course."""
    today = timezone.now().astimezone(mar_zone()).date()
    return _edit(request, CourseForm(request.POST or None, initial={"required_on": today}), None)


@allow("rules.write", houses=("mar",))
@require_http_methods(["GET", "HEAD", "POST"])
def course_edit(request: HttpRequest, course_code: str) -> HttpResponse:
    """Change a course; tests already taken keep the questions they had."""
    course = _find(course_code)
    form = CourseForm(request.POST or None, initial=_initial(course))
    form.fields["code"].disabled = True
    return _edit(request, form, course)


def _edit(request: HttpRequest, form: CourseForm, course: Course | None) -> HttpResponse:
    template, context = "mar/rules/course_edit.html", {"form": form, "course": course}
    if not form.is_valid():
        return render(request, template, context, status=FORM_ERROR_STATUS if form.is_bound else 200)
    now = timezone.now()
    try:
        saved = save_course(
            form.written_course(now=now, zone=mar_zone()),
            is_new=course is None,
            by=actor_of(request),
            at=now,
        )
    except DomainError as error:
        return render_refused(request, template, context, error)
    messages.success(request, _("Saved."))
    return redirect("mar:course-results", saved.code)


def _initial(course: Course) -> dict[str, Any]:
    version = selectors.newest_version(course.pk)
    texts = version.texts if version else {}
    return {
        "code": course.code,
        "title": course.title,
        "pass_mark": course.pass_mark,
        "valid_months": course.valid_months,
        "is_required": course.is_required,
        "required_on": course.required_from.astimezone(mar_zone()).date(),
        **{f"reading_{code}": words["reading"] for code, words in texts.items()},
        **{
            f"questions_{code}": write_questions(selectors.questions_of(version, code))
            for code in texts
            if version
        },
    }


def _find(course_code: str) -> Course:
    course = selectors.course_by_code(course_code)
    if course is None:
        raise Http404
    return course
