"""The pages of the application with a form of their own, and the last look before it is sent."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from core.errors import DomainError
from partners.models import Application
from partners.models.application import ApplicationState
from partners.rules import application_statement
from partners.rules.application_fields import FieldKind, FormField, Section
from partners.rules.knowledge_test import PASS_MARK, QUESTIONS
from partners.selectors.drafts import all_answers, answers_of, case_of, pages_of, papers_of
from partners.services.application_drafts import (
    agree_to_statement,
    submit_application,
    take_knowledge_test,
)
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.web.public.applicant import applicant
from portal.web.public.apply import OWN_FORMS
from portal.web.public.apply_forms import KnowledgeForm, StatementForm
from portal.web.refused import render_refused


@applicant
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def knowledge(request: HttpRequest, application: Application) -> HttpResponse:
    """Ask the six questions, count the attempt, say what was wrong and why."""
    if application.state != ApplicationState.DRAFT:
        return redirect("apply-status")
    form = KnowledgeForm(request.POST) if request.method == "POST" else KnowledgeForm()
    if not form.is_valid():
        status = FORM_ERROR_STATUS if form.is_bound else 200
        return _knowledge_page(request, application, form, status=status)
    marked = take_knowledge_test(application.pk, form.cleaned_data, by=actor_of(request), at=timezone.now())
    feedback = [
        {"question": question, "is_right": question.name not in marked.wrong} for question in QUESTIONS
    ]
    context = {"application": application, "marked": marked, "feedback": feedback, "total": len(QUESTIONS)}
    return render(request, "public/apply_marked.html", context)


@applicant
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def statement(request: HttpRequest, application: Application) -> HttpResponse:
    """Show the statement and take the agreement to exactly this text."""
    if application.state != ApplicationState.DRAFT:
        return redirect("apply-status")
    known = answers_of(application.pk, "terms")
    initial = {"name": known.get("name") or application.contact_name, "role": known.get("role", "")}
    initial["text_sha256"] = application_statement.TEXT_SHA256
    form = StatementForm(request.POST) if request.method == "POST" else StatementForm(initial=initial)
    context = {
        "application": application,
        "form": form,
        "summary": application_statement.SUMMARY,
        "text": application_statement.TEXT,
        "version": application_statement.VERSION,
        "agreed": known,
    }
    if not form.is_valid():
        status = FORM_ERROR_STATUS if form.is_bound else 200
        return render(request, "public/apply_statement.html", context, status=status)
    answers = {name: form.cleaned_data[name] for name in ("name", "role", "text_sha256")}
    try:
        agree_to_statement(application.pk, **answers, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, "public/apply_statement.html", context, error)
    messages.success(request, _("Noted: you agree to the statement."))
    return redirect("apply-tasks")


@applicant
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def answers(request: HttpRequest, application: Application) -> HttpResponse:
    """Show every answer on one page, and send the application."""
    if application.state != ApplicationState.DRAFT:
        return redirect("apply-status")
    pages = pages_of(application)
    context = {
        "application": application,
        "groups": answer_groups(application),
        "open_pages": [page for page in pages if page.state != "done"],
    }
    if request.method != "POST":
        return render(request, "public/apply_answers.html", context)
    try:
        submit_application(application.pk, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, "public/apply_answers.html", context, error)
    messages.success(request, _("Sent. You have our mail with the reference."))
    return redirect("apply-status")


def answer_groups(application: Application) -> list[dict[str, Any]]:
    """Return the answers in words, page by page, with the address at which each page is changed."""
    kept, case = all_answers(application.pk), case_of(application)
    papers = papers_of(application.pk)
    groups = []
    for page in pages_of(application):
        given = kept.get(page.section.name, {})
        if page.section.is_done is None:
            pairs = [
                (field.label, _in_words(field, given, papers))
                for field in page.section.fields_for(case)
                if field.name not in ("certificate", "expires_on")
            ]
        else:
            pairs = _own_form_pairs(page.section, given)
        address = OWN_FORMS.get(page.section.name)
        groups.append(
            {
                "title": page.section.title,
                "state": page.state,
                "pairs": pairs,
                "url": reverse(address) if address else reverse("apply-page", args=[page.section.name]),
            }
        )
    return groups


def _own_form_pairs(section: Section, given: dict[str, Any]) -> list[tuple[Any, Any]]:
    if section.name == "knowledge":
        result = _("%(right)d of %(total)d right") % {"right": given.get("right", 0), "total": len(QUESTIONS)}
        return [
            (_("Passed"), _("Yes") if given.get("passed_at") else _("Not yet")),
            (_("Last attempt"), result if given else ""),
            (_("Attempts"), given.get("attempts", 0)),
        ]
    return [(_("Agreed by"), given.get("name", "")), (_("Position"), given.get("role", ""))]


def _in_words(field: FormField, given: dict[str, Any], papers: list[Any]) -> Any:
    if field.kind == FieldKind.PAPER:
        return "\n".join(_paper_words(paper) for paper in papers if paper.kind == field.paper_kind)
    value = given.get(field.name)
    if field.kind == FieldKind.TICK:
        return _("Yes") if value else _("No")
    words = {code: str(text) for code, text in field.choices}
    if field.kind == FieldKind.CHOICES:
        return "\n".join(words[code] for code in value or [] if code in words)
    if field.kind == FieldKind.CHOICE:
        return words.get(value or "", "")
    return "" if value is None else value


def _paper_words(paper: Any) -> str:
    if paper.expires_on:
        words = {"title": paper.title, "name": paper.file_name, "day": f"{paper.expires_on:%-d %B %Y}"}
        return _("%(title)s, valid until %(day)s (%(name)s)") % words
    return str(paper.file_name)


def _knowledge_page(
    request: HttpRequest, application: Application, form: KnowledgeForm, *, status: int
) -> HttpResponse:
    context = {
        "application": application,
        "form": form,
        "known": answers_of(application.pk, "knowledge"),
        "pass_mark": PASS_MARK,
        "total": len(QUESTIONS),
    }
    return render(request, "public/apply_knowledge.html", context, status=status)
