"""The application: its start, its task list, its pages, its papers."""

from datetime import date
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import DomainError
from partners.models import Application, Document
from partners.models.application import ApplicationState
from partners.rules.application_fields import FieldKind, Section
from partners.rules.application_form import CERTIFICATES, section_named
from partners.selectors.drafts import Page, answers_of, case_of, pages_of, paper_of, papers_of
from partners.services.application_drafts import (
    hand_in_paper,
    save_section,
    start_application,
    take_back_paper,
)
from portal.actors import actor_of
from portal.documents import document_response, words_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import public
from portal.refusals import note_refusal
from portal.web.public.applicant import applicant, held_id, hold, keep_writes, let_go
from portal.web.public.apply_forms import PageForm, StartForm
from portal.web.public.check import checker_answers, start_values
from portal.web.public.paper_turns import take_turn
from portal.web.throttle import Throttle

HOUR = 3600
throttle = Throttle("apply", limit=settings.APPLICATION_STARTS_PER_HOUR, seconds=HOUR)
OWN_FORMS = {"knowledge": "apply-knowledge", "terms": "apply-statement"}
LATER, ANOTHER = "later", "another"


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """Ask what decides about the pages, and begin a draft; lead back to one that this browser holds."""
    if request.membership is not None:  # type: ignore[attr-defined]
        return render(request, "public/apply_signed_in.html")
    if request.method != "POST" and held_id(request) is not None:
        return redirect("apply-tasks")
    form = StartForm(request.POST) if request.method == "POST" else StartForm(initial=start_values(request))
    if not form.is_valid():
        return _start_page(request, form, status=FORM_ERROR_STATUS if form.is_bound else 200)
    if not throttle.is_open(request.META.get("REMOTE_ADDR")):
        form.add_error(
            None, _("Several applications came from your network within an hour. Try again in an hour.")
        )
        response = _start_page(request, form, status=429)
        response["Retry-After"] = str(HOUR)
        return response
    answers = {name: form.cleaned_data[name] for name in ("kind", "branch", "country", "contact_email")}
    application = start_application(
        **answers, checker_answers=checker_answers(request), by=actor_of(request), at=timezone.now()
    )
    hold(request, application)
    return redirect("apply-tasks")


@applicant
@never_cache
@require_safe
def tasks(request: HttpRequest, application: Application) -> HttpResponse:
    """Show the pages and how far each is; an application that was sent shows how it stands."""
    if application.state != ApplicationState.DRAFT:
        return redirect("apply-status")
    pages = pages_of(application)
    done = sum(page.state == "done" for page in pages)
    context = {
        "application": application,
        "tasks": [_task(page) for page in pages],
        "done": done,
        "total": len(pages),
        "is_ready": done == len(pages),
        "send": [_send_task(is_ready=done == len(pages))],
    }
    return render(request, "public/apply_tasks.html", context)


@applicant
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, application: Application, name: str) -> HttpResponse:
    """Show one page, and keep what is right of it, complete or not."""
    section = section_named(name, case_of(application))
    if section is None:
        raise Http404
    if application.state != ApplicationState.DRAFT:
        return redirect("apply-status")
    if name in OWN_FORMS:
        return redirect(OWN_FORMS[name])
    if request.method != "POST":
        return _page(request, application, section, _form(request, application, section), status=200)
    form = _form(request, application, section)
    form.is_valid()
    save_section(application.pk, name, form.answers(), by=actor_of(request), at=timezone.now())
    _keep_papers(request, application, section, form)
    if form.errors:
        keep_writes(request)
        return _page(request, application, section, form, status=FORM_ERROR_STATUS)
    if request.POST.get("then") == ANOTHER:
        return redirect("apply-page", name)
    if request.POST.get("then") == LATER:
        messages.success(request, _("Saved. You can close this page and come back by the link in our mail."))
        return redirect("apply-tasks")
    return redirect(_next_address(application, name))


@applicant
@never_cache
@require_safe
def paper(request: HttpRequest, application: Application, document_id: UUID) -> HttpResponse:
    """Send the applicant a paper he handed in."""
    return document_response(request, _paper(application, document_id))


@applicant
@require_POST
def remove_paper(request: HttpRequest, application: Application, document_id: UUID) -> HttpResponse:
    """Take a paper back."""
    found = _paper(application, document_id)
    try:
        take_back_paper(application.pk, found.pk, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        note_refusal(request, error)
        return redirect("apply-status")
    messages.success(request, _("Taken back: %(name)s") % {"name": found.file_name})
    holder = next(
        (one.section for one in pages_of(application) if any(f.paper_kind == found.kind for f in one.section.fields)),
        None,
    )  # fmt: skip
    return redirect("apply-page", holder.name) if holder else redirect("apply-tasks")


@public
@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Forget the application in this browser; the link in the mail opens it again."""
    let_go(request)
    return redirect("apply")


def _start_page(request: HttpRequest, form: StartForm, *, status: int) -> HttpResponse:
    return render(request, "public/apply.html", {"form": form}, status=status)


def _form(request: HttpRequest, application: Application, section: Section) -> PageForm:
    kept = answers_of(application.pk, section.name)
    case = case_of(application)
    papers = {found.kind for found in papers_of(application.pk)}
    if request.method == "POST":
        return PageForm(
            section, case, request.POST, request.FILES, papers=papers,
            must_be_complete=request.POST.get("then") not in (LATER, ANOTHER),
        )  # fmt: skip
    held = {field.name: getattr(application, field.column) for field in section.fields if field.column}
    initial = {name: value for name, value in held.items() if value} | kept
    return PageForm(section, case.with_answers(kept), initial=initial, papers=papers)


def _page(
    request: HttpRequest, application: Application, section: Section, form: PageForm, *, status: int
) -> HttpResponse:
    kinds = {field.paper_kind for field in section.fields if field.kind == FieldKind.PAPER}
    pages = pages_of(application)
    context = {
        "application": application,
        "section": section,
        "form": form,
        "papers": [found for found in papers_of(application.pk) if found.kind in kinds],
        "is_multipart": bool(kinds),
        "takes_many": section.name == "certificates",
        "number": [one.section.name for one in pages].index(section.name) + 1,
        "total": len(pages),
        "pages": [_side_entry(one, section) for one in pages],
        "saved_at": next(one.saved_at for one in pages if one.section.name == section.name),
    }
    return render(request, "public/apply_page.html", context, status=status)


def _keep_papers(request: HttpRequest, application: Application, section: Section, form: PageForm) -> None:
    for field_name, file in form.new_papers().items():
        title, expires_on = _about(form) if section.name == "certificates" else ("", None)
        if section.name == "certificates" and (not title or expires_on is None):
            continue  # said beside the fields: without them a certificate says nothing
        try:
            take_turn(request)
            hand_in_paper(
                application.pk, section.name, field_name, file.read(), file_name=file.name, title=title,
                expires_on=expires_on, by=actor_of(request), at=timezone.now(),
            )  # fmt: skip
        except DomainError as error:
            form.add_error(field_name, words_of(error))
    if section.name == "certificates" and form.new_papers() and not form.errors:
        cleared = form.answers() | {"certificate": "", "expires_on": ""}
        save_section(application.pk, section.name, cleared, by=actor_of(request), at=timezone.now())


def _about(form: PageForm) -> tuple[str, date | None]:
    """Return what a certificate is called and until when it is valid."""
    answers = form.answers()
    ends = answers.get("expires_on")
    title = str(dict(CERTIFICATES).get(answers.get("certificate") or "", ""))
    return title, date.fromisoformat(ends) if ends else None


def _paper(application: Application, document_id: UUID) -> Document:
    found = paper_of(application.pk, document_id)
    if found is None:
        raise Http404
    return found


def _next_address(application: Application, name: str) -> str:
    """Return the next unfinished page after this one, else the task list."""
    pages = pages_of(application)
    names = [one.section.name for one in pages]
    after = pages[names.index(name) + 1 :]
    unfinished = next((one.section.name for one in after if one.state != "done"), None)
    return _address(unfinished) if unfinished else reverse("apply-tasks")


def _address(name: str) -> str:
    return reverse(OWN_FORMS[name]) if name in OWN_FORMS else reverse("apply-page", args=[name])


def _task(page: Page) -> dict[str, Any]:
    return {
        "label": page.section.title,
        "text": page.section.lead,
        "state": page.state,
        "url": _address(page.section.name),
        "action": {"done": _("Change"), "doing": _("Go on"), "todo": _("Start")}[page.state],
    }


def _side_entry(page: Page, current: Section) -> dict[str, Any]:
    return {
        "label": page.section.title,
        "url": _address(page.section.name),
        "state": page.state,
        "is_current": page.section.name == current.name,
    }


def _send_task(*, is_ready: bool) -> dict[str, Any]:
    return {
        "label": _("Check your answers and send"),
        "text": _("All on one page, before anybody reads it.") if is_ready else _("When all pages are complete."),
        "state": "todo" if is_ready else "blocked",
        "url": reverse("apply-answers") if is_ready else "",
        "action": _("Check and send"),
    }  # fmt: skip
