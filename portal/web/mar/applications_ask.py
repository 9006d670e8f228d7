"""Ask the applicant back about single answers."""

from datetime import date
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import DomainError
from partners.models import Application
from partners.rules.questions import MAX_QUESTIONS
from partners.rules.reason_codes import QUESTION_REASONS
from partners.selectors.applications import question_of
from partners.selectors.mar import mar_zone
from partners.services.applications import ask_back, close_question
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.web.mar.applications_case import case_context, case_file, case_url, find, queue_of
from portal.web.mar.applications_forms import QuestionForm
from portal.web.mar.applications_words import Fact, fact_groups, facts_by_key
from portal.web.refused import render_refused

Asked = list[tuple[Fact, QuestionForm]]


@allow("application.review", houses=("mar",))
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Put a question about each ticked answer, and send them as one mail."""
    application = find(application_id)
    asked = _asked(request, application)
    if not asked:
        messages.warning(request, _("Tick the answers you want to ask about."))
        return redirect(case_url(application_id, queue_of(request)))
    if any(form.errors or not form.is_bound for _fact, form in asked):
        return _page(request, application, asked)
    questions = [form.question(fact.section, fact.name) for fact, form in asked]
    try:
        ask_back(application_id, questions=questions, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        context = case_context(request, find(application_id))
        return render_refused(request, "mar/application_detail.html", context, error)
    messages.success(request, _("Asked. The applicant gets a mail with a link to these answers."))
    return redirect(case_url(application_id, queue_of(request)))


@allow("application.review", houses=("mar",))
@require_POST
def close(request: HttpRequest, application_id: UUID, question_id: UUID) -> HttpResponse:
    """Close a question that is answered or no longer needed."""
    application = find(application_id)
    if question_of(application, question_id) is None:
        raise Http404
    try:
        close_question(question_id, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        context = case_context(request, find(application_id))
        return render_refused(request, "mar/application_detail.html", context, error)
    messages.success(request, _("The question is closed."))
    return redirect(case_url(application_id, queue_of(request)))


def _asked(request: HttpRequest, application: Application) -> Asked:
    """Return the ticked answers, each with its form; what is no answer of this case is left out."""
    given = request.POST if request.method == "POST" else request.GET
    known = facts_by_key(fact_groups(case_file(application)))
    keys = [key for key in dict.fromkeys(given.getlist("field")) if key in known][:MAX_QUESTIONS]
    today, answers = _today(), request.POST if request.method == "POST" else None
    return [(known[key], QuestionForm(answers, prefix=key, today=today)) for key in keys]


def _today() -> date:
    return timezone.now().astimezone(mar_zone()).date()


def _page(request: HttpRequest, application: Application, asked: Asked) -> HttpResponse:
    context = {
        "application": application,
        "asked": asked,
        "words": [
            (reason.label, reason.text(application.language), reason.example) for reason in QUESTION_REASONS
        ],
        "case_url": case_url(application.pk, queue_of(request)),
        "queue": queue_of(request),
        "page_has_errors": any(form.errors for _fact, form in asked),
    }
    status = FORM_ERROR_STATUS if request.method == "POST" else 200
    return render(request, "mar/application_ask.html", context, status=status)
