"""Frozen keys and corrections, for stock keepers, approvers and compliance."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from core.errors import DomainError
from licensing.models import CorrectionRequest, Incident, ProductKey
from licensing.rules.corrections import corrections_for
from licensing.rules.key_states import Hold, KeyState
from licensing.selectors.incidents import all_corrections, all_incidents, with_keys
from licensing.selectors.orders import all_keys
from licensing.services.corrections import ask_for_correction, decide_correction
from licensing.services.incidents import close_incident, note_measures, report_incident
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.tables import Column, Empty, Table, TextFilter, render_table, status_filter
from portal.web.incident_forms import (
    CloseIncidentForm,
    CorrectionForm,
    DecideCorrectionForm,
    IncidentForm,
    MeasuresForm,
    due_day,
)
from portal.web.refused import render_refused

HOUSES = ("mar", "compliance")


class IncidentTable(Table):
    """Every incident, the one with the next deadline on top."""

    dom_id = "incidents"
    caption = gettext_lazy("Incidents")
    columns = (
        Column("reference", gettext_lazy("Incident"), kind="mono", sort="reference", primary=True),
        Column(
            "partner",
            gettext_lazy("Partner"),
            accessor=lambda incident: incident.partner.name if incident.partner else _("Own stock"),
            sort="partner__name",
        ),
        Column("kind", gettext_lazy("What happened"), accessor="get_kind_display", sort="kind"),
        Column("keys", gettext_lazy("Keys"), kind="number", accessor="key_count", sort="key_count"),
        Column("reported", gettext_lazy("Reported"), kind="ago", accessor="reported_at", sort="reported_at"),
        Column("due", gettext_lazy("To be settled by"), kind="date", accessor="due_on", sort="due_on"),
        Column("state", gettext_lazy("State"), kind="status", status="incident", sort="state"),
    )
    filters = (
        status_filter("state", gettext_lazy("State"), "incident"),
        TextFilter("partner", gettext_lazy("Partner"), "partner__code"),
    )
    order = "due"
    empty = Empty(
        gettext_lazy("No incidents"),
        gettext_lazy("Keys that are reported as lost, stolen or disputed stand here."),
        icon="shield-check",
    )

    def row_url(self, row: Incident) -> str:
        """Return where a row leads."""
        return reverse("mar:incident-detail", args=[row.pk])


class CorrectionTable(Table):
    """Wishes for a correction, the open ones on top."""

    dom_id = "corrections"
    caption = gettext_lazy("Corrections")
    columns = (
        Column(
            "key", gettext_lazy("Product key id"), kind="mono", accessor="key.product_key_id", primary=True
        ),
        Column("kind", gettext_lazy("What is to be put right"), accessor="get_kind_display", sort="kind"),
        Column("asked_by", gettext_lazy("Asked by"), accessor="asked_by.name"),
        Column("asked", gettext_lazy("Asked"), kind="ago", accessor="asked_at", sort="asked_at"),
        Column("state", gettext_lazy("State"), kind="status", status="correction", sort="state"),
    )
    filters = (status_filter("state", gettext_lazy("State"), "correction"),)
    order = "-asked"
    empty = Empty(
        gettext_lazy("No corrections"),
        gettext_lazy("Whoever finds a key in a wrong place asks here; a second person decides."),
        icon="checklist",
    )

    def row_url(self, row: CorrectionRequest) -> str:
        """Return where a row leads."""
        return reverse("mar:correction-detail", args=[row.pk])


@allow("stock.view", houses=HOUSES)
@require_safe
def incident_list(request: HttpRequest) -> HttpResponse:
    """List every incident."""
    return render_table(request, "mar/incident_list.html", {"table": IncidentTable(request, all_incidents())})


@allow("stock.view", houses=HOUSES)
@require_safe
def incident_detail(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    """Show one incident, its keys and what is left to do."""
    return render(request, "mar/incident_detail.html", _incident_context(request, _incident(incident_id)))


@allow("incident.close", houses=HOUSES)
@require_http_methods(["POST"])
def measures(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    """Write down what is done, and until when."""
    context = _incident_context(request, _incident(incident_id))
    form = context["form"] = MeasuresForm(request.POST)
    if not form.is_valid():
        return render(request, "mar/incident_detail.html", context, status=FORM_ERROR_STATUS)
    try:
        note_measures(incident_id, by=actor_of(request), at=timezone.now(), **form.cleaned_data)
    except DomainError as error:
        return render_refused(request, "mar/incident_detail.html", context, error)
    messages.success(request, _("Noted."))
    return redirect("mar:incident-detail", incident_id)


@allow("incident.close", houses=HOUSES, fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def close(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    """End an incident: free the keys, or leave them frozen for good."""
    incident = _incident(incident_id)
    form = CloseIncidentForm(request.POST or None, initial={"measures": incident.measures})
    back_url = reverse("mar:incident-detail", args=[incident_id])
    context = {"incident": incident, "form": form, "back_url": back_url}
    if request.method != "POST" or not form.is_valid():
        status = FORM_ERROR_STATUS if request.method == "POST" else 200
        return render(request, "mar/incident_close.html", context, status=status)
    try:
        close_incident(incident_id, by=actor_of(request), at=timezone.now(), **form.cleaned_data)
    except DomainError as error:
        return render_refused(request, "mar/incident_close.html", context, error)
    messages.success(request, _("Closed."))
    return redirect("mar:incident-detail", incident_id)


@allow("incident.report", houses=HOUSES)
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, product_key_id: str) -> HttpResponse:
    """Freeze any key: a partner's, or one in stock."""
    key = _key(product_key_id)
    form = IncidentForm(request.POST or None)
    context = _key_context(key, form)
    if request.method != "POST" or not form.is_valid():
        status = FORM_ERROR_STATUS if request.method == "POST" else 200
        return render(request, "custody/incident_report.html", context, status=status)
    at = timezone.now()
    try:
        incident = report_incident(
            [product_key_id],
            partner_id=None,
            due_on=due_day(at),
            by=actor_of(request),
            at=at,
            **form.cleaned_data,
        )
    except DomainError as error:
        return render_refused(request, "custody/incident_report.html", context, error)
    messages.success(request, _("Frozen. Nobody can take, see or report this key any more."))
    return redirect("mar:incident-detail", incident.pk)


@allow("stock.view", houses=HOUSES)
@require_safe
def correction_list(request: HttpRequest) -> HttpResponse:
    """List the wishes for a correction."""
    return render_table(
        request, "mar/correction_list.html", {"table": CorrectionTable(request, all_corrections())}
    )


@allow("stock.view", houses=HOUSES)
@require_safe
def correction_detail(request: HttpRequest, correction_id: UUID) -> HttpResponse:
    """Show one wish with its facts and proof."""
    return render(
        request, "mar/correction_detail.html", _correction_context(request, _correction(correction_id))
    )


@allow("correction.decide", houses=HOUSES, fresh_factor=True)
@require_http_methods(["POST"])
def decide(request: HttpRequest, correction_id: UUID) -> HttpResponse:
    """Approve a correction and carry it out, or refuse it, as the second person."""
    context = _correction_context(request, _correction(correction_id))
    form = context["form"] = DecideCorrectionForm(request.POST)
    if not form.is_valid():
        return render(request, "mar/correction_detail.html", context, status=FORM_ERROR_STATUS)
    try:
        decide_correction(
            correction_id,
            is_approved=form.cleaned_data["decision"] == "approve",
            note=form.cleaned_data["note"],
            by=actor_of(request),
            at=timezone.now(),
        )
    except DomainError as error:
        return render_refused(request, "mar/correction_detail.html", context, error)
    messages.success(request, _("Decided."))
    return redirect("mar:correction-detail", correction_id)


@allow("correction.ask", houses=HOUSES)
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, product_key_id: str) -> HttpResponse:
    """Ask that a key be put right."""
    key = _key(product_key_id)
    form = CorrectionForm(request.POST or None, kinds=kinds_for(key))
    context = _key_context(key, form)
    if request.method != "POST" or not form.is_valid():
        status = FORM_ERROR_STATUS if request.method == "POST" else 200
        return render(request, "mar/correction_ask.html", context, status=status)
    try:
        asked = ask_for_correction(key.pk, by=actor_of(request), at=timezone.now(), **form.cleaned_data)
    except DomainError as error:
        return render_refused(request, "mar/correction_ask.html", context, error)
    messages.success(request, _("Asked. Nothing has moved: a second person decides."))
    return redirect("mar:correction-detail", asked.pk)


def kinds_for(key: ProductKey) -> list[str]:
    """Return the corrections that a key's place allows."""
    return corrections_for(KeyState(key.state), Hold(key.hold), is_disclosed=key.is_disclosed)


def _key(product_key_id: str) -> ProductKey:
    key = all_keys().filter(product_key_id=product_key_id).first()
    if key is None:
        raise Http404
    return key


def _key_context(key: ProductKey, form: Any) -> dict[str, Any]:
    return {
        "key": key,
        "form": form,
        "back_url": reverse("mar:key-detail", args=[key.product_key_id]),
        "list_url": reverse("mar:order-list"),
        "list_label": _("Orders"),
    }


def _incident(incident_id: UUID) -> Incident:
    incident = with_keys(all_incidents()).filter(pk=incident_id).first()
    if incident is None:
        raise Http404
    return incident


def _incident_context(request: HttpRequest, incident: Incident) -> dict[str, Any]:
    is_ours = "incident.close" in request.permissions  # type: ignore[attr-defined]
    may_close = is_ours and incident.state == Incident.State.OPEN
    form = MeasuresForm(initial={"measures": incident.measures, "due_on": incident.due_on})
    return {"incident": incident, "may_close": may_close, "form": form if may_close else None}


def _correction(correction_id: UUID) -> CorrectionRequest:
    asked = all_corrections().filter(pk=correction_id).first()
    if asked is None:
        raise Http404
    return asked


def _correction_context(request: HttpRequest, asked: CorrectionRequest) -> dict[str, Any]:
    may_decide = (
        "correction.decide" in request.permissions  # type: ignore[attr-defined]
        and asked.state == CorrectionRequest.State.OPEN
        and asked.asked_by_id != request.user.pk
    )
    return {"asked": asked, "form": DecideCorrectionForm() if may_decide else None}
