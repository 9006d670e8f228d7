"""Recipients as the MAR sees them: the queue, one recipient with its evidence, review and decision by two."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
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
from licensing.selectors.quota import month_quotas
from partners.models import Recipient
from partners.models.recipients import RecipientState
from partners.rules import recipients as rules
from partners.rules.countries import country_name
from partners.selectors import recipients as selectors
from partners.selectors.mar import mar_zone
from partners.services import recipient_review as services
from portal.actors import actor_of
from portal.documents import document_response
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.tables import Column, Empty, Table, TextFilter, render_table, status_filter
from portal.web.mar.recipient_forms import RecipientReasonForm, RecipientReviewForm, suggested_end
from portal.web.mar.renewals_views import renewal_page
from portal.web.quota_words import quota_meters
from portal.web.refused import render_refused

HOUSES = ("mar", "compliance")


class RecipientTable(Table):
    """Every partner's recipients; what waits longest stands on top."""

    dom_id = "recipients"
    caption = gettext_lazy("Recipients")
    columns = (
        Column("name", gettext_lazy("Organisation"), sort="name", primary=True),
        Column("group", gettext_lazy("Class"), accessor="class_name", sort="class_code"),
        Column("partner", gettext_lazy("Partner"), accessor="partner.name", sort="partner__name"),
        Column("submitted", gettext_lazy("Submitted"), kind="ago", accessor="submitted_at", sort="submitted_at"),
        Column("until", gettext_lazy("Evidence until"), kind="date", accessor="evidence_until", sort="evidence_until"),
        Column("claim", gettext_lazy("First come"), kind="status", status="claim", sort="claim"),
        Column("state", gettext_lazy("State"), kind="status", status="recipient", sort="state"),
    )  # fmt: skip
    filters = (
        status_filter("state", gettext_lazy("State"), "recipient"),
        status_filter("claim", gettext_lazy("First come"), "claim"),
        TextFilter("partner", gettext_lazy("Partner"), "partner__code"),
    )
    search = ("name", "town", "register_id")
    search_label = gettext_lazy("Organisation, town or register number")
    empty = Empty(
        gettext_lazy("No recipients yet"),
        gettext_lazy("Partners register them to order Citizenship licences."),
        icon="heart-handshake",
    )

    def row_url(self, row: Recipient) -> str:
        """Return where a row leads."""
        return reverse("mar:recipient-detail", args=[row.pk])


@allow("recipient.view", houses=HOUSES)
@require_safe
def recipient_list(request: HttpRequest) -> HttpResponse:
    """List the recipients, what waits longest first."""
    context = {"table": RecipientTable(request, _queue()), "waiting": selectors.recipient_counts()}
    return render_table(request, "mar/recipient_list.html", context)


@allow("recipient.view", houses=HOUSES)
@require_safe
def recipient_detail(request: HttpRequest, recipient_id: UUID) -> HttpResponse:
    """Show one recipient, and the next step to whoever may take it."""
    return render(request, "mar/recipient_detail.html", _context(request, _find(recipient_id)))


@allow("recipient.view", houses=HOUSES)
@require_safe
def evidence_file(request: HttpRequest, recipient_id: UUID, evidence_id: UUID) -> HttpResponse:
    """Give a paper out as it was handed in."""
    papers = selectors.evidence_of(_find(recipient_id).pk)
    paper = next((each for each in papers if each.pk == evidence_id), None)
    if paper is None:
        raise Http404
    return document_response(request, paper.document)


@allow("recipient.review", houses=("mar",))
@require_POST
def review(request: HttpRequest, recipient_id: UUID) -> HttpResponse:
    """Record the first person's check."""
    recipient, form = _find(recipient_id), RecipientReviewForm(request.POST)
    if not form.is_valid():
        context = _context(request, recipient, form)
        return render(request, "mar/recipient_detail.html", context, status=FORM_ERROR_STATUS)
    given = form.cleaned_data
    return _act(
        request, recipient_id, _("Reviewed. Another person decides now."),
        lambda: services.review_recipient(
            recipient_id, note=given["note"], evidence_until=given["evidence_until"], by=actor_of(request),
            at=timezone.now(),
        ),
    )  # fmt: skip


@allow("recipient.decide", houses=("mar",), fresh_factor=True)
@require_POST
def approve(request: HttpRequest, recipient_id: UUID) -> HttpResponse:
    """Open the organisation for Citizenship orders, as second person."""
    _find(recipient_id)
    return _act(
        request, recipient_id, _("Approved. The partner is told and may order for it."),
        lambda: services.approve_recipient(recipient_id, by=actor_of(request), at=timezone.now()),
    )  # fmt: skip


@allow("recipient.review", houses=("mar",))
@require_http_methods(["GET", "HEAD", "POST"])
def send_back(request: HttpRequest, recipient_id: UUID) -> HttpResponse:
    """Give it back to the partner with what is missing."""
    words = {
        "title": _("Send it back?"),
        "text": _(
            "The partner reads your words, adds what is missing and submits it again, still as first comer."
        ),
        "submit": _("Send it back"),
        "danger": False,
    }
    return _with_reason(
        request,
        recipient_id,
        words,
        _("Sent back. The partner is told by mail."),
        services.send_recipient_back,
    )


@allow("recipient.decide", houses=("mar",))
@require_http_methods(["GET", "HEAD", "POST"])
def return_to_reviewer(request: HttpRequest, recipient_id: UUID) -> HttpResponse:
    """Ask for another look."""
    words = {"title": _("Back to the reviewer?"), "text": _("It is reviewed once more before anybody decides."),
             "submit": _("Ask for another look"), "danger": False}  # fmt: skip
    return _with_reason(
        request, recipient_id, words, _("Back in the queue for a review."), services.return_to_reviewer
    )


@allow("recipient.decide", houses=("mar",), fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def refuse(request: HttpRequest, recipient_id: UUID) -> HttpResponse:
    """Refuse it with a reason, as second person."""
    words = {
        "title": _("Refuse it?"),
        "text": _("This is final for this registration; the organisation is free for others."),
        "submit": _("Refuse the recipient"),
        "danger": True,
    }
    return _with_reason(
        request, recipient_id, words, _("Refused. The partner is told by mail."), services.refuse_recipient
    )


def _with_reason(
    request: HttpRequest,
    recipient_id: UUID,
    words: dict[str, Any],
    done: str,
    service: Callable[..., Recipient],
) -> HttpResponse:
    recipient, form = _find(recipient_id), RecipientReasonForm(request.POST or None)
    if not form.is_valid():
        context = {"recipient": recipient, "form": form, **words}
        status = FORM_ERROR_STATUS if form.is_bound else 200
        return render(request, "mar/recipient_reason.html", context, status=status)
    return _act(
        request, recipient_id, done,
        lambda: service(
            recipient_id, reason=form.cleaned_data["reason"], by=actor_of(request), at=timezone.now()
        ),
    )  # fmt: skip


def _act(request: HttpRequest, recipient_id: UUID, done: str, act: Callable[[], Recipient]) -> HttpResponse:
    try:
        act()
    except DomainError as error:
        context = _context(request, _find(recipient_id))
        return render_refused(request, "mar/recipient_detail.html", context, error)
    messages.success(request, done)
    return redirect("mar:recipient-detail", recipient_id)


def _find(recipient_id: UUID) -> Recipient:
    recipient = selectors.all_recipients().filter(pk=recipient_id).first()
    if recipient is None:
        raise Http404
    return recipient


def _queue() -> QuerySet[Recipient]:
    rank = Case(
        When(state__in=[RecipientState.SUBMITTED, RecipientState.REVIEWED], then=Value(0)),
        default=Value(1),
        output_field=IntegerField(),
    )
    return selectors.with_class_name(selectors.all_recipients()).order_by(rank, "submitted_at", "pk")


def _context(request: HttpRequest, recipient: Recipient, form: Form | None = None) -> dict[str, Any]:
    permissions: frozenset[str] = request.permissions  # type: ignore[attr-defined]
    now = timezone.now()
    can_review = recipient.state == RecipientState.SUBMITTED and "recipient.review" in permissions
    can_decide = recipient.state == RecipientState.REVIEWED and "recipient.decide" in permissions
    is_same = can_decide and recipient.reviewed_by_id == request.user.pk
    if can_review and form is None:
        today = now.astimezone(mar_zone()).date()
        form = RecipientReviewForm(initial={"evidence_until": suggested_end(today, recipient.evidence_until)})
    group = selectors.class_in_force(recipient.class_code, now)
    papers = selectors.evidence_of(recipient.pk)
    return {
        "recipient": recipient,
        "group": group,
        "class_name": selectors.class_names().get(recipient.class_code, recipient.class_code),
        "country": country_name(recipient.country),
        "criteria": [rules.TAP_CRITERIA.get(code, code) for code in recipient.criteria],
        "papers": [(each, rules.EVIDENCE_KINDS.get(each.kind, each.kind)) for each in papers],
        "conflicts": selectors.conflicts_of(recipient.pk),
        "meters": quota_meters(month_quotas(recipient.partner_id, now)),
        "can_review": can_review,
        "can_decide": can_decide and not is_same,
        "is_same_person": is_same,
        **renewal_page(recipient, permissions, request.user.pk),
        "form": form,
    }
