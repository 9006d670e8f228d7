"""What people do with a case: claim, let go, recommend, decide, send back, tick off."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import DomainError
from licensing.services.onboarding import open_account
from partners.models import Application
from partners.selectors.applications import carry_over_item, next_case, proposed_reason
from partners.selectors.mar import mar_currency
from partners.services import applications as services
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.web.mar.applications_case import case_context, case_url, find, queue_of, refusal_words
from portal.web.mar.applications_forms import RecommendationForm, RefusalForm, SendBackForm, SettleForm
from portal.web.mar.forms import ApprovalForm
from portal.web.refused import render_refused

PAGE = "mar/application_detail.html"


@allow("application.review", houses=("mar",))
@require_POST
def claim(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Take a case from the queue."""
    find(application_id)
    return _do(
        request, application_id, lambda: services.claim_application(application_id, **_now(request)),
        _("This case is yours now."),
    )  # fmt: skip


@allow("application.review", houses=("mar",))
@require_POST
def release(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Put one's own case back into the queue."""
    find(application_id)
    return _do(
        request, application_id, lambda: services.let_go(application_id, **_now(request)),
        _("The case is back in the queue."),
    )  # fmt: skip


@allow("application.review", houses=("mar",))
@require_POST
def recommend(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Pass a reviewed case on to a second person; the next one opens."""
    application, form = find(application_id), RecommendationForm(request.POST)
    if not form.is_valid():
        return _page(request, application, form)
    return _do(
        request,
        application_id,
        lambda: services.recommend(application_id, **form.cleaned_data, **_now(request)),
        _("%(reference)s is reviewed. Another person decides now.") % {"reference": application.reference},
        opens_next=True,
    )


@allow("application.decide", houses=("mar",), fresh_factor=True)
@require_POST
def approve(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Make the applicant a partner with his limits, in one transaction."""
    application, form = find(application_id), ApprovalForm(request.POST)
    if not form.is_valid():
        return _page(request, application, form)
    try:
        partner = _approve(application_id, form.cleaned_data, _now(request))
    except DomainError as error:
        return _refused(request, application_id, error)
    messages.success(
        request,
        _("%(company)s is now partner %(code)s. The invitation is on its way.")
        % {"company": partner.name, "code": partner.code},
    )
    return _onward(request, application_id)


@allow("application.decide", houses=("mar",), fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def reject(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Refuse an application with a reason the applicant reads."""
    application = find(application_id)
    form = RefusalForm(request.POST or None, initial=_proposed(application))
    if not form.is_valid():
        context = {"words": refusal_words(application.language)}
        return _own_page(request, application, form, "mar/application_reject.html", **context)
    return _do(
        request,
        application_id,
        lambda: services.reject_application(application_id, **form.cleaned_data, **_now(request)),
        _("%(reference)s is refused. The applicant is told by mail.") % {"reference": application.reference},
        opens_next=True,
    )


@allow("application.decide", houses=("mar",))
@require_http_methods(["GET", "HEAD", "POST"])
def send_back(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Give a case back to its reviewer with the reason."""
    application, form = find(application_id), SendBackForm(request.POST or None)
    if not form.is_valid():
        return _own_page(request, application, form, "mar/application_send_back.html")
    return _do(
        request,
        application_id,
        lambda: services.send_back(application_id, **form.cleaned_data, **_now(request)),
        _("%(reference)s is back with its reviewer.") % {"reference": application.reference},
        opens_next=True,
    )


@allow("application.review", houses=("mar",))
@require_POST
def settle(request: HttpRequest, application_id: UUID, item_id: UUID) -> HttpResponse:
    """Tick off one thing that is carried over from another MAR."""
    application, form = find(application_id), SettleForm(request.POST)
    note = form.cleaned_data["note"] if form.is_valid() else ""
    if carry_over_item(application, item_id) is None:
        raise Http404
    return _do(
        request,
        application_id,
        lambda: services.settle_carry_over(item_id, note=note, **_now(request)),
        _("Ticked off."),
    )


def _now(request: HttpRequest) -> dict[str, Any]:
    return {"by": actor_of(request), "at": timezone.now()}


def _approve(application_id: UUID, answers: dict[str, Any], now: dict[str, Any]) -> Any:
    with transaction.atomic():
        partner = services.approve_application(
            application_id, credit_limit=answers["credit_limit"], currency=mar_currency(), **now
        )
        open_account(
            partner.pk, monthly_quantity=answers["monthly_quantity"], families=answers["families"], **now
        )
    return partner


def _do(
    request: HttpRequest,
    application_id: UUID,
    step: Callable[[], object],
    words: str,
    *,
    opens_next: bool = False,
) -> HttpResponse:
    """Take a step of the case; say so and go on, or show what stands against it."""
    try:
        step()
    except DomainError as error:
        return _refused(request, application_id, error)
    messages.success(request, words)
    return _onward(request, application_id) if opens_next else _back(request, application_id)


def _back(request: HttpRequest, application_id: UUID) -> HttpResponse:
    return redirect(case_url(application_id, queue_of(request)))


def _onward(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Open the next case of the queue the person works through; the list when it is clear."""
    name = queue_of(request)
    following = next_case(name, request.user.pk, after=application_id)
    if following is None:
        response = redirect("mar:application-list")
        response["Location"] += f"?queue={name}"
        return response
    return redirect(case_url(following, name))


def _page(request: HttpRequest, application: Application, form: Form) -> HttpResponse:
    return render(request, PAGE, case_context(request, application, form), status=FORM_ERROR_STATUS)


def _own_page(
    request: HttpRequest, application: Application, form: Form, template: str, **more: Any
) -> HttpResponse:
    status = FORM_ERROR_STATUS if form.is_bound else 200
    context = {
        "application": application,
        "form": form,
        "case_url": case_url(application.pk, queue_of(request)),
        **more,
    }
    return render(request, template, context, status=status)


def _refused(request: HttpRequest, application_id: UUID, error: DomainError) -> HttpResponse:
    """Show the case as it stands now, with the reason on top."""
    return render_refused(request, PAGE, case_context(request, find(application_id)), error)


def _proposed(application: Application) -> dict[str, str]:
    """Return the reason the reviewer proposed, if he proposed a refusal."""
    if application.recommendation != Application.Recommendation.REJECT:
        return {}
    return {"reason_code": proposed_reason(application)}
