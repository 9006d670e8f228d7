"""A partner's recipients of Citizenship licences: who they are, their evidence, how they stand."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import DomainError
from licensing.selectors.quota import month_quotas
from partners.models import Recipient, RecipientClass
from partners.rules import recipients as rules
from partners.rules.countries import country_name
from partners.selectors.recipients import (
    class_in_force,
    class_names,
    classes_in_force,
    evidence_of,
    last_renewal_of,
    open_renewal_of,
    recipient_of,
    recipients_of,
    with_class_name,
)
from partners.services import recipients as services
from partners.services.recipient_renewals import renew_evidence
from portal.actors import actor_of
from portal.documents import document_response
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.tables import Column, Empty, Table, render_table, status_filter
from portal.web.quota_words import quota_meters
from portal.web.refused import render_refused
from portal.web.tpr.place import partner_id_of
from portal.web.tpr.recipient_forms import EvidenceForm, RecipientForm

HOUSE = ("tpr",)


class RecipientTable(Table):
    """The organisations for which a partner may order Citizenship licences, or wants to."""

    dom_id = "recipients"
    caption = gettext_lazy("Recipients")
    columns = (
        Column("name", gettext_lazy("Organisation"), sort="name", primary=True),
        Column("group", gettext_lazy("Class"), accessor="class_name", sort="class_code"),
        Column("town", gettext_lazy("Town"), sort="town"),
        Column("until", gettext_lazy("Evidence until"), kind="date", accessor="evidence_until", sort="evidence_until"),
        Column("last_order", gettext_lazy("Last order"), kind="ago", accessor="last_order_at", sort="last_order_at"),
        Column("state", gettext_lazy("State"), kind="status", status="recipient", sort="state"),
    )  # fmt: skip
    filters = (status_filter("state", gettext_lazy("State"), "recipient"),)
    search = ("name", "town", "register_id")
    search_label = gettext_lazy("Organisation, town or register number")
    order = "name"

    def row_url(self, row: Recipient) -> str:
        """Return where a row leads."""
        return reverse("tpr:recipient-detail", args=[row.pk])


@allow("recipient.view", houses=HOUSE)
@require_safe
def recipient_list(request: HttpRequest) -> HttpResponse:
    """List the partner's recipients, with what is left of the month's quota."""
    partner_id = partner_id_of(request)
    may = _may(request)
    empty = Empty(
        _("No recipients yet"),
        _("Citizenship licences go to charities, schools and programmes that two people of the MAR have approved."),
        _("Register a recipient") if may else "",
        reverse("tpr:recipient-new") if may else "",
        "heart-handshake",
    )  # fmt: skip
    table = RecipientTable(request, with_class_name(recipients_of(partner_id)), empty=empty)
    context = {
        "table": table,
        "meters": quota_meters(month_quotas(partner_id, timezone.now())),
        "may_manage": may,
    }
    return render_table(request, "tpr/recipient_list.html", context)


@allow("recipient.manage", houses=HOUSE)
@require_http_methods(["GET", "HEAD", "POST"])
def new_recipient(request: HttpRequest) -> HttpResponse:
    """Choose the class first, then name the organisation."""
    now = timezone.now()
    group = class_in_force(request.GET.get("class", ""), now)
    if group is None:
        context = {"classes": [_class_words(each) for each in classes_in_force(now)]}
        return render(request, "tpr/recipient_class.html", context)
    form = RecipientForm(request.POST or None, group=group, initial={"country": _country(request)})
    page = _form_page(form, group, _("Register a recipient"))
    if not form.is_valid():
        return render(
            request, "tpr/recipient_form.html", page, status=FORM_ERROR_STATUS if form.is_bound else 200
        )
    try:
        recipient = services.register_recipient(
            partner_id_of(request), form.facts(), by=actor_of(request), at=now
        )
    except DomainError as error:
        return render_refused(request, "tpr/recipient_form.html", page, error)
    messages.success(request, _("Noted. Add the evidence now, then submit it."))
    return redirect("tpr:recipient-detail", recipient.pk)


@allow("recipient.view", houses=HOUSE)
@require_safe
def recipient_detail(request: HttpRequest, recipient_id: UUID) -> HttpResponse:
    """Show one recipient: facts, evidence, how it stands and what comes next."""
    return render(request, "tpr/recipient_detail.html", _context(request, _find(request, recipient_id)))


@allow("recipient.manage", houses=HOUSE)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_recipient(request: HttpRequest, recipient_id: UUID) -> HttpResponse:
    """Change a draft, or an organisation whose evidence has expired."""
    recipient, now = _find(request, recipient_id), timezone.now()
    group = class_in_force(recipient.class_code, now)
    if group is None:
        return redirect("tpr:recipient-detail", recipient_id)
    initial = {name: getattr(recipient, name) for name in RecipientForm.base_fields}
    form = RecipientForm(request.POST or None, group=group, initial=initial)
    page = _form_page(form, group, recipient.name) | {"recipient": recipient}
    if not form.is_valid():
        return render(
            request, "tpr/recipient_form.html", page, status=FORM_ERROR_STATUS if form.is_bound else 200
        )
    try:
        services.change_recipient(recipient_id, form.facts(), by=actor_of(request), at=now)
    except DomainError as error:
        return render_refused(request, "tpr/recipient_form.html", page, error)
    messages.success(request, _("Changed."))
    return redirect("tpr:recipient-detail", recipient_id)


@allow("recipient.manage", houses=HOUSE)
@require_POST
def add_evidence(request: HttpRequest, recipient_id: UUID) -> HttpResponse:
    """Add a paper to a recipient."""
    recipient = _find(request, recipient_id)
    form = EvidenceForm(
        request.POST, request.FILES, group=class_in_force(recipient.class_code, timezone.now())
    )
    if not form.is_valid():
        context = _context(request, recipient, form)
        return render(request, "tpr/recipient_detail.html", context, status=FORM_ERROR_STATUS)
    upload = form.cleaned_data["file"]
    try:
        services.add_evidence(
            recipient_id, upload.read(), kind=form.cleaned_data["kind"], name=upload.name or "paper",
            expires_on=form.cleaned_data["expires_on"], by=actor_of(request), at=timezone.now(),
        )  # fmt: skip
    except DomainError as error:
        return _refused(request, recipient_id, error)
    messages.success(request, _("The paper is added."))
    return redirect("tpr:recipient-detail", recipient_id)


@allow("recipient.manage", houses=HOUSE)
@require_POST
def renew(request: HttpRequest, recipient_id: UUID) -> HttpResponse:
    """Hand in newer evidence while the old one still holds."""
    recipient, now = _find(request, recipient_id), timezone.now()
    form = EvidenceForm(request.POST, request.FILES, group=class_in_force(recipient.class_code, now))
    if not form.is_valid():
        context = _context(request, recipient, form)
        return render(request, "tpr/recipient_detail.html", context, status=FORM_ERROR_STATUS)
    upload = form.cleaned_data["file"]
    try:
        renew_evidence(
            recipient_id, upload.read(), kind=form.cleaned_data["kind"], name=upload.name or "paper",
            expires_on=form.cleaned_data["expires_on"], by=actor_of(request), at=now,
        )  # fmt: skip
    except DomainError as error:
        return _refused(request, recipient_id, error)
    messages.success(request, _("Handed in. Orders go on; two people of the MAR look at it."))
    return redirect("tpr:recipient-detail", recipient_id)


@allow("recipient.manage", houses=HOUSE)
@require_POST
def remove_evidence(request: HttpRequest, recipient_id: UUID, evidence_id: UUID) -> HttpResponse:
    """Take a paper back."""
    _paper(request, recipient_id, evidence_id)
    try:
        services.remove_evidence(evidence_id, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return _refused(request, recipient_id, error)
    messages.success(request, _("The paper is taken back."))
    return redirect("tpr:recipient-detail", recipient_id)


@allow("recipient.view", houses=HOUSE)
@require_safe
def evidence_file(request: HttpRequest, recipient_id: UUID, evidence_id: UUID) -> HttpResponse:
    """Give a paper back as it was handed in."""
    return document_response(request, _paper(request, recipient_id, evidence_id).document)


@allow("recipient.manage", houses=HOUSE)
@require_POST
def submit(request: HttpRequest, recipient_id: UUID) -> HttpResponse:
    """Hand the recipient to the MAR."""
    _find(request, recipient_id)
    try:
        recipient = services.submit_recipient(recipient_id, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return _refused(request, recipient_id, error)
    if recipient.claim == "conflict":
        messages.warning(
            request, _("Submitted. This organisation is registered already: conflict under review.")
        )
    else:
        messages.success(request, _("Submitted. Two people of the MAR look at it; you get a mail."))
    return redirect("tpr:recipient-detail", recipient_id)


@allow("recipient.manage", houses=HOUSE)
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, recipient_id: UUID) -> HttpResponse:
    """Ask once more, then take the recipient back."""
    recipient = _find(request, recipient_id)
    if request.method != "POST":
        return render(request, "tpr/recipient_withdraw.html", {"recipient": recipient})
    try:
        services.withdraw_recipient(recipient_id, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return _refused(request, recipient_id, error)
    messages.success(request, _("Taken back. No Citizenship licence can be ordered for it any more."))
    return redirect("tpr:recipient-list")


def _find(request: HttpRequest, recipient_id: UUID) -> Recipient:
    recipient = recipient_of(partner_id_of(request), recipient_id)
    if recipient is None:
        raise Http404
    return recipient


def _paper(request: HttpRequest, recipient_id: UUID, evidence_id: UUID) -> Any:
    _find(request, recipient_id)
    paper = next((each for each in evidence_of(recipient_id) if each.pk == evidence_id), None)
    if paper is None:
        raise Http404
    return paper


def _may(request: HttpRequest) -> bool:
    return "recipient.manage" in request.permissions  # type: ignore[attr-defined]


def _country(request: HttpRequest) -> str:
    return str(request.membership.partner.country)  # type: ignore[attr-defined]


def _class_words(group: RecipientClass) -> dict[str, Any]:
    return {
        "group": group,
        "evidence": [rules.EVIDENCE_KINDS.get(kind, kind) for kind in group.evidence],
        "is_choice": len(group.evidence) > 1,
        "has_office": rules.OFFICE in group.products,
    }


def _form_page(form: RecipientForm, group: RecipientClass, title: str) -> dict[str, Any]:
    return {"form": form, "title": title, **_class_words(group)}


def _refused(request: HttpRequest, recipient_id: UUID, error: DomainError) -> HttpResponse:
    context = _context(request, _find(request, recipient_id))
    return render_refused(request, "tpr/recipient_detail.html", context, error)


def _context(request: HttpRequest, recipient: Recipient, form: EvidenceForm | None = None) -> dict[str, Any]:
    now = timezone.now()
    group = class_in_force(recipient.class_code, now)
    papers = evidence_of(recipient.pk)
    renewal = open_renewal_of(recipient.pk)
    is_open = _may(request) and recipient.state in rules.PARTNER_EDITS and renewal is None
    is_renewable = _may(request) and recipient.state == "approved" and renewal is None and group is not None
    missing = rules.missing_evidence(group.evidence, [each.kind for each in papers]) if group else []
    return {
        "recipient": recipient,
        "group": group,
        "class_name": class_names().get(recipient.class_code, recipient.class_code),
        "country": country_name(recipient.country),
        "criteria": [rules.TAP_CRITERIA.get(code, code) for code in recipient.criteria],
        "papers": [(each, rules.EVIDENCE_KINDS.get(each.kind, each.kind)) for each in papers],
        "missing": [rules.EVIDENCE_KINDS.get(kind, kind) for kind in missing],
        "is_open": is_open,
        "form": form or (EvidenceForm(group=group) if is_open or is_renewable else None),
        "renewal": renewal,
        "is_renewable": is_renewable,
        "last_renewal": last_renewal_of(recipient.pk) if renewal is None else None,
        "may_withdraw": _may(request) and rules.may_move(recipient.state, "withdrawn"),
    }
