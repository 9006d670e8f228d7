"""Applications: the queue, one application, its review and its decision."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import DomainError
from licensing.services.onboarding import open_account
from partners.models import Application
from partners.models.application import ApplicationState
from partners.rules.countries import country_name
from partners.rules.vat_ids import FORMS, fits_country
from partners.selectors import applications as selectors
from partners.selectors.mar import mar_currency
from partners.services.applications import approve_application, reject_application, review_application
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.tables import Column, Empty, Table, render_table, status_filter
from portal.web.mar.forms import ApprovalForm, RejectionForm, ReviewForm
from portal.web.refused import render_refused

HOUSES = ("mar", "compliance")


class ApplicationTable(Table):
    """The queue: what waits longest stands on top, what is decided below."""

    dom_id = "applications"
    caption = gettext_lazy("Applications")
    columns = (
        Column("reference", gettext_lazy("Reference"), kind="mono", sort="reference", primary=True),
        Column("company", gettext_lazy("Company"), sort="company"),
        Column(
            "country", gettext_lazy("Country"), accessor=lambda row: country_name(row.country), sort="country"
        ),
        Column(
            "volume",
            gettext_lazy("PCs a month"),
            kind="number",
            accessor="expected_volume",
            sort="expected_volume",
        ),
        Column("age", gettext_lazy("Received"), kind="ago", accessor="submitted_at", sort="submitted_at"),
        Column("state", gettext_lazy("State"), kind="status", status="application", sort="state"),
    )
    filters = (status_filter("state", gettext_lazy("State"), "application"),)
    search = ("reference", "company", "vat_id")
    search_label = gettext_lazy("Reference, company or VAT number")
    empty = Empty(
        gettext_lazy("No applications yet"), gettext_lazy("The public page leads refurbishers here.")
    )

    def row_url(self, row: Application) -> str:
        """Return the application's page."""
        return reverse("mar:application-detail", args=[row.pk])


@allow("application.view", houses=HOUSES)
@require_safe
def application_list(request: HttpRequest) -> HttpResponse:
    """List the applications, what waits longest first."""
    context = {
        "table": ApplicationTable(request, _queue()),
        "waiting": selectors.open_application_counts(),
    }
    return render_table(request, "mar/application_list.html", context)


@allow("application.view", houses=HOUSES)
@require_safe
def application_detail(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Show one application, and the next step to whoever may take it."""
    return _page(request, _find(application_id))


@allow("application.review", houses=("mar",))
@require_POST
def review(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Record the first person's check."""
    application, form = _find(application_id), ReviewForm(request.POST)
    if not form.is_valid():
        return _page(request, application, form=form, status=FORM_ERROR_STATUS)
    try:
        review_application(
            application_id, note=form.cleaned_data["note"], by=actor_of(request), at=timezone.now()
        )
    except DomainError as error:
        return _refused(request, application_id, error)
    messages.success(request, _("Reviewed. Another person decides now."))
    return redirect("mar:application-detail", application_id)


@allow("application.decide", houses=("mar",), fresh_factor=True)
@require_POST
def approve(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Make the applicant a partner with his limits, in one transaction."""
    application, form, now = _find(application_id), ApprovalForm(request.POST), timezone.now()
    if not form.is_valid():
        return _page(request, application, form=form, status=FORM_ERROR_STATUS)
    answers, by = form.cleaned_data, actor_of(request)
    try:
        with transaction.atomic():
            partner = approve_application(
                application_id, credit_limit=answers["credit_limit"], currency=mar_currency(), by=by, at=now
            )
            open_account(
                partner.pk,
                monthly_quantity=answers["monthly_quantity"],
                families=answers["families"],
                by=by,
                at=now,
            )
    except DomainError as error:
        return _refused(request, application_id, error)
    messages.success(
        request,
        _("%(company)s is now partner %(code)s. The invitation is on its way.")
        % {"company": partner.name, "code": partner.code},
    )
    return redirect("mar:application-detail", application_id)


@allow("application.decide", houses=("mar",))
@require_http_methods(["GET", "HEAD", "POST"])
def reject(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Refuse an application with a reason."""
    application, form = _find(application_id), RejectionForm(request.POST or None)
    if not form.is_valid():
        status = FORM_ERROR_STATUS if form.is_bound else 200
        context = {"application": application, "form": form}
        return render(request, "mar/application_reject.html", context, status=status)
    try:
        reject_application(
            application_id, reason=form.cleaned_data["reason"], by=actor_of(request), at=timezone.now()
        )
    except DomainError as error:
        return _refused(request, application_id, error)
    messages.success(request, _("Refused. The applicant is told by mail."))
    return redirect("mar:application-detail", application_id)


def _find(application_id: UUID) -> Application:
    application = selectors.application_by_id(application_id)
    if application is None:
        raise Http404
    return application


def _queue() -> QuerySet[Application]:
    rank = Case(
        When(state=ApplicationState.SUBMITTED, then=Value(0)),
        When(state=ApplicationState.RECOMMENDED, then=Value(0)),
        default=Value(1),
        output_field=IntegerField(),
    )
    return selectors.applications().order_by(rank, "submitted_at", "pk")


def _page(
    request: HttpRequest, application: Application, *, form: Form | None = None, status: int = 200
) -> HttpResponse:
    return render(request, "mar/application_detail.html", _context(request, application, form), status=status)


def _refused(request: HttpRequest, application_id: UUID, error: DomainError) -> HttpResponse:
    """Show the application as it stands now, with the reason on top."""
    context = _context(request, _find(application_id), None)
    return render_refused(request, "mar/application_detail.html", context, error)


def _context(request: HttpRequest, application: Application, form: Form | None) -> dict[str, Any]:
    permissions: frozenset[str] = request.permissions  # type: ignore[attr-defined]
    is_reviewable = application.state == ApplicationState.SUBMITTED and "application.review" in permissions
    is_decidable = application.state == ApplicationState.RECOMMENDED and "application.decide" in permissions
    is_same_person = is_decidable and application.reviewed_by_id == request.user.pk
    vat_form = FORMS.get(application.country)
    if form is None and is_reviewable:
        form = ReviewForm()
    if form is None and is_decidable:
        form = ApprovalForm(initial={"monthly_quantity": application.expected_volume * 2})
    return {
        "application": application,
        "country": country_name(application.country),
        "vat_fits": fits_country(application.vat_id, country=application.country),
        "vat_example": vat_form.example if vat_form else "",
        "partners_alike": selectors.partners_alike(application),
        "applications_alike": selectors.applications_alike(application),
        "can_review": is_reviewable,
        "can_decide": is_decidable and not is_same_person,
        "is_same_person": is_same_person,
        "form": form,
    }
