"""Quota exceptions as the MAR sees them: package, question to Microsoft, answer by another person."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from core import audit
from core.errors import DomainError, NotFound
from licensing.models import QuotaException
from licensing.models.quota import ExceptionState
from licensing.selectors.quota import all_exceptions, drawn_of, month_quotas
from licensing.services import quota as services
from licensing.services.quota_package import open_package
from portal.actors import actor_of
from portal.documents import document_response
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.tables import Column, Empty, Table, TextFilter, render_table, status_filter
from portal.web.mar.recipient_forms import AnswerForm
from portal.web.quota_words import quota_meters
from portal.web.refused import render_refused

HOUSES = ("mar", "compliance")


class ExceptionTable(Table):
    """Every partner's wishes for more than the quota: the register of exceptions."""

    dom_id = "exceptions"
    caption = gettext_lazy("Quota exceptions")
    columns = (
        Column("reference", gettext_lazy("Reference"), kind="mono", sort="reference", primary=True),
        Column("partner", gettext_lazy("Partner"), accessor="partner.name", sort="partner__name"),
        Column("product", gettext_lazy("Product"), accessor="product.name", sort="product__name"),
        Column("quantity", gettext_lazy("Licences"), kind="number", sort="quantity"),
        Column("first", gettext_lazy("First day"), kind="date", accessor="period_start", sort="period_start"),
        Column("last", gettext_lazy("Last day"), kind="date", accessor="period_end", sort="period_end"),
        Column("requested", gettext_lazy("Requested"), kind="ago", accessor="requested_at", sort="requested_at"),
        Column("state", gettext_lazy("State"), kind="status", status="quota_exception", sort="state"),
    )  # fmt: skip
    filters = (
        status_filter("state", gettext_lazy("State"), "quota_exception"),
        TextFilter("partner", gettext_lazy("Partner"), "partner__code"),
    )
    search = ("reference", "microsoft_reference")
    search_label = gettext_lazy("Our reference or Microsoft’s")
    order = "-requested"
    empty = Empty(
        gettext_lazy("No exceptions yet"),
        gettext_lazy("Partners ask here for more than the month’s quota."),
        icon="scale",
    )

    def row_url(self, row: QuotaException) -> str:
        """Return where a row leads."""
        return reverse("mar:quota-detail", args=[row.pk])


@allow("recipient.view", houses=HOUSES)
@require_safe
def exception_list(request: HttpRequest) -> HttpResponse:
    """List the quota exceptions."""
    table = ExceptionTable(request, all_exceptions())
    return render_table(request, "mar/quota_list.html", {"table": table})


@allow("recipient.view", houses=HOUSES)
@require_safe
def exception_detail(request: HttpRequest, exception_id: UUID) -> HttpResponse:
    """Show one exception, and the next step to whoever may take it."""
    return render(request, "mar/quota_detail.html", _context(request, _find(exception_id)))


@allow("recipient.view", houses=HOUSES)
@require_safe
def letter_file(request: HttpRequest, exception_id: UUID) -> HttpResponse:
    """Give the organisation's letter out."""
    return document_response(request, _find(exception_id).letter)


@allow("quota.handle", houses=("mar",))
@require_safe
def package_file(request: HttpRequest, exception_id: UUID) -> HttpResponse:
    """Download the package for the MAR's contact at Microsoft; audited."""
    exception = _find(exception_id)
    try:
        content = open_package(exception)
    except NotFound as error:
        raise Http404 from error
    audit.record(
        "licensing.quota_exception.package_downloaded",
        by=actor_of(request),
        at=timezone.now(),
        object_type="quota_exception",
        object_id=exception.pk,
        partner_id=exception.partner_id,
    )
    name = content_disposition_header(True, f"{exception.reference}.zip") or "attachment"
    return HttpResponse(content, content_type="application/zip", headers={"Content-Disposition": name})


@allow("quota.handle", houses=("mar",))
@require_POST
def package(request: HttpRequest, exception_id: UUID) -> HttpResponse:
    """Make the package; whoever does it handles the case."""
    return _act(
        request,
        exception_id,
        _("The package is ready. Download it and send it to your contact at Microsoft."),
        lambda: services.package_exception(exception_id, by=actor_of(request), at=timezone.now()),
    )


@allow("quota.handle", houses=("mar",))
@require_POST
def asked(request: HttpRequest, exception_id: UUID) -> HttpResponse:
    """Note that the package has gone to Microsoft."""
    return _act(
        request,
        exception_id,
        _("Noted. Another person records the answer."),
        lambda: services.mark_exception_asked(exception_id, by=actor_of(request), at=timezone.now()),
    )


@allow("quota.answer", houses=("mar",), fresh_factor=True)
@require_POST
def answer(request: HttpRequest, exception_id: UUID) -> HttpResponse:
    """Record Microsoft's answer, as another person than the handler."""
    exception, form = _find(exception_id), AnswerForm(request.POST)
    if not form.is_valid():
        context = _context(request, exception, form)
        return render(request, "mar/quota_detail.html", context, status=FORM_ERROR_STATUS)
    given = form.cleaned_data
    return _act(
        request, exception_id, _("Recorded. The partner is told."),
        lambda: services.record_answer(
            exception_id, is_approved=given["answer"] == "approved",
            microsoft_reference=given["microsoft_reference"], note=given["note"], by=actor_of(request),
            at=timezone.now(),
        ),
    )  # fmt: skip


def _act(
    request: HttpRequest, exception_id: UUID, done: str, act: Callable[[], QuotaException]
) -> HttpResponse:
    _find(exception_id)
    try:
        act()
    except DomainError as error:
        return render_refused(request, "mar/quota_detail.html", _context(request, _find(exception_id)), error)
    messages.success(request, done)
    return redirect("mar:quota-detail", exception_id)


def _find(exception_id: UUID) -> QuotaException:
    exception = all_exceptions().filter(pk=exception_id).first()
    if exception is None:
        raise Http404
    return exception


def _context(
    request: HttpRequest, exception: QuotaException, form: AnswerForm | None = None
) -> dict[str, Any]:
    permissions: frozenset[str] = request.permissions  # type: ignore[attr-defined]
    may_handle, state = "quota.handle" in permissions, exception.state
    may_answer = "quota.answer" in permissions and state in (ExceptionState.PACKAGED, ExceptionState.ASKED)
    is_same = may_answer and exception.handled_by_id == request.user.pk
    can_answer = may_answer and not is_same
    return {
        "exception": exception,
        "drawn": drawn_of(exception),
        "meters": quota_meters(month_quotas(exception.partner_id, timezone.now())),
        "can_package": may_handle and state == ExceptionState.REQUESTED,
        "can_download": may_handle and bool(exception.package_path),
        "can_ask": may_handle and state == ExceptionState.PACKAGED,
        "can_answer": can_answer,
        "is_same_person": is_same,
        "form": (form or AnswerForm()) if can_answer else None,
    }
