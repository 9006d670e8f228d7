"""Keys that are lost, stolen or disputed, as the partner reports and follows them."""

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
from licensing.models import Incident
from licensing.selectors.incidents import incidents_of, with_keys
from licensing.selectors.orders import keys_of
from licensing.services.incidents import report_incident
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.tables import Column, Empty, Table, render_table, status_filter
from portal.web.incident_forms import IncidentForm, due_day
from portal.web.refused import render_refused
from portal.web.tpr.place import partner_id_of

HOUSE = ("tpr",)


class IncidentTable(Table):
    """A partner's incidents."""

    dom_id = "incidents"
    caption = gettext_lazy("Incidents")
    columns = (
        Column("reference", gettext_lazy("Incident"), kind="mono", sort="reference", primary=True),
        Column("kind", gettext_lazy("What happened"), accessor="get_kind_display", sort="kind"),
        Column("keys", gettext_lazy("Keys"), kind="number", accessor="key_count", sort="key_count"),
        Column("reported", gettext_lazy("Reported"), kind="ago", accessor="reported_at", sort="reported_at"),
        Column("due", gettext_lazy("To be settled by"), kind="date", accessor="due_on", sort="due_on"),
        Column("state", gettext_lazy("State"), kind="status", status="incident", sort="state"),
    )
    filters = (status_filter("state", gettext_lazy("State"), "incident"),)
    order = "-reported"
    empty = Empty(
        gettext_lazy("No incidents"),
        gettext_lazy("Should a key be lost or stolen, open its page and report it: it freezes at once."),
        gettext_lazy("Go to the keys"),
        "/tpr/keys/",
        icon="shield-check",
    )

    def row_url(self, row: Incident) -> str:
        """Return where a row leads."""
        return reverse("tpr:incident-detail", args=[row.pk])


@allow("key.view", houses=HOUSE)
@require_safe
def incident_list(request: HttpRequest) -> HttpResponse:
    """List the partner's incidents."""
    table = IncidentTable(request, incidents_of(partner_id_of(request)))
    return render_table(request, "tpr/incident_list.html", {"table": table})


@allow("key.view", houses=HOUSE)
@require_safe
def incident_detail(request: HttpRequest, incident_id: UUID) -> HttpResponse:
    """Show one incident and its keys."""
    incident = with_keys(incidents_of(partner_id_of(request))).filter(pk=incident_id).first()
    if incident is None:
        raise Http404
    return render(request, "tpr/incident_detail.html", {"incident": incident})


@allow("incident.report", houses=HOUSE)
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, product_key_id: str) -> HttpResponse:
    """Report one key as lost, stolen or disputed."""
    key = keys_of(partner_id_of(request)).filter(product_key_id=product_key_id).first()
    if key is None:
        raise Http404
    form = IncidentForm(request.POST or None)
    context = {
        "key": key,
        "form": form,
        "back_url": reverse("tpr:key-detail", args=[product_key_id]),
        "list_url": reverse("tpr:key-list"),
        "list_label": _("Keys"),
    }
    if request.method != "POST" or not form.is_valid():
        status = FORM_ERROR_STATUS if request.method == "POST" else 200
        return render(request, "custody/incident_report.html", context, status=status)
    at = timezone.now()
    try:
        incident = report_incident(
            [product_key_id],
            partner_id=partner_id_of(request),
            due_on=due_day(at),
            by=actor_of(request),
            at=at,
            **form.cleaned_data,
        )
    except DomainError as error:
        return render_refused(request, "custody/incident_report.html", context, error)
    messages.success(request, _("Frozen. Nobody can take, see or report this key any more."))
    return redirect("tpr:incident-detail", incident.pk)
