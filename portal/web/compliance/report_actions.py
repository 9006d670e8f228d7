"""The steps of a report, each on a page of its own: asked before, told afterwards."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from core.errors import DomainError
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.web.compliance.forms import AnswerForm, CorrectionForm, ReviewForm, SubmissionForm
from portal.web.refused import render_refused
from reporting.models import UsageReport
from reporting.selectors.reports import find_report
from reporting.services import workflow
from reporting.services.building import build_again
from reporting.services.comparing import queue_comparison

HOUSES = ("compliance", "mar")
TEMPLATE = "compliance/report_action.html"
Act = Callable[[forms.Form], UUID | None]


@dataclass(frozen=True, slots=True)
class Page:
    """The words of a step's page, and what is said when it is done."""

    heading: str
    lead: str
    submit: str
    done: str
    is_final: bool = False


@allow("report.review", houses=HOUSES, fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """Record the review of a draft."""
    page = Page(
        _("Review the draft"),
        _(
            "You looked at the figures, the exceptions and the draft PDF. A MAR approver, another person, decides."
        ),
        _("Record my review"),
        _("Your review is recorded. A MAR approver can approve the report now."),
    )

    def act(form: forms.Form) -> None:
        workflow.review_report(
            report_id=report_id, note=form.cleaned_data["note"], by=actor_of(request), at=timezone.now()
        )

    return _step(request, report_id, page, ReviewForm, act)


@allow("report.approve", houses=HOUSES, fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def approve(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """Approve a reviewed report; its final files are made next."""
    page = Page(
        _("Approve the report"),
        _(
            "Its final files are made with your name and the reviewer's. They can never change; only be corrected."
        ),
        _("Approve and issue"),
        _("Approved. The final files are being made."),
        is_final=True,
    )

    def act(_form: forms.Form) -> None:
        workflow.approve_report(report_id=report_id, by=actor_of(request), at=timezone.now())

    return _step(request, report_id, page, forms.Form, act)


@allow("report.submit", houses=HOUSES, fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def submit(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """Record that the report was sent to Microsoft."""
    page = Page(
        _("Record that the report was sent"),
        _(
            "The portal sends nothing by itself. Send PDF and CSV on the agreed way first, then record it here."
        ),
        _("Record"),
        _("Recorded. The answer is recorded when it comes."),
    )

    def act(form: forms.Form) -> None:
        workflow.record_submission(
            report_id=report_id,
            reference=form.cleaned_data["reference"],
            by=actor_of(request),
            at=timezone.now(),
        )

    return _step(request, report_id, page, SubmissionForm, act)


@allow("report.submit", houses=HOUSES, fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """Record Microsoft's answer."""
    page = Page(
        _("Record Microsoft's answer"),
        _("A rejected report stays as it is; a correction takes its place."),
        _("Record the answer"),
        _("The answer is recorded."),
    )

    def act(form: forms.Form) -> None:
        workflow.record_answer(
            report_id=report_id,
            is_accepted=form.cleaned_data["answer"] == "accepted",
            by=actor_of(request),
            at=timezone.now(),
        )

    return _step(request, report_id, page, AnswerForm, act)


@allow("report.correct", houses=HOUSES, fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """Begin the next revision."""
    page = Page(
        _("Begin a correction"),
        _(
            "The month is computed anew as the next revision, which lists every difference. This one stays readable."
        ),
        _("Begin the correction"),
        _("The correction is being built."),
    )

    def act(form: forms.Form) -> UUID:
        return workflow.request_correction(
            report_id=report_id, reason=form.cleaned_data["reason"], by=actor_of(request), at=timezone.now()
        )

    return _step(request, report_id, page, CorrectionForm, act)


@allow("report.view", houses=HOUSES)
@require_http_methods(["GET", "HEAD", "POST"])
def compare(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """Have the files recreated from the frozen lines and compared with the stored ones."""
    page = Page(
        _("Recreate and compare"),
        _("The files are made again from the frozen lines and their checksums compared. Nothing is changed."),
        _("Recreate and compare"),
        _("The files are being recreated. The outcome appears here."),
    )

    def act(_form: forms.Form) -> None:
        queue_comparison(report_id=report_id, by=actor_of(request), at=timezone.now())

    return _step(request, report_id, page, forms.Form, act)


@allow("report.build", houses=HOUSES)
@require_http_methods(["GET", "HEAD", "POST"])
def build(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """Build a report again whose building found a problem."""
    page = Page(
        _("Build the report again"),
        _("Do this when what stood in the way has been repaired. The month is read from the ledger anew."),
        _("Build again"),
        _("The report is being built again."),
    )

    def act(_form: forms.Form) -> None:
        build_again(report_id=report_id, by=actor_of(request), at=timezone.now())

    return _step(request, report_id, page, forms.Form, act)


def _step(
    request: HttpRequest,
    report_id: UUID,
    page: Page,
    form_class: type[forms.Form],
    act: Act | Callable[[forms.Form], None],
) -> HttpResponse:
    """Show the step's page; on POST do it, say so, and lead to the report (or to what was begun)."""
    report = _find(report_id)
    form = form_class(request.POST or None)
    context = {"report": report, "page": page, "form": form if form.fields else None}
    if request.method != "POST":
        return render(request, TEMPLATE, context)
    form = form_class(request.POST)
    context["form"] = form if form.fields else None
    if not form.is_valid():
        return render(request, TEMPLATE, context, status=FORM_ERROR_STATUS)
    try:
        begun = act(form)
    except DomainError as error:
        return render_refused(request, TEMPLATE, context, error)
    messages.success(request, page.done)
    return redirect("compliance:report-detail", report_id=begun or report_id)


def _find(report_id: UUID) -> UsageReport:
    report = find_report(report_id)
    if report is None:
        raise Http404
    return report
