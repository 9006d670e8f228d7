"""A partner's labels: what he has, where each went, and labels used against keys enabled."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from core.errors import DomainError
from licensing.models import LabelUse
from licensing.selectors.labels import issues_of, label_months, label_stock, uses_of
from licensing.selectors.orders import devices_of
from licensing.services.labels import spoil_label, use_label
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.plain_text import plain_text
from portal.policy import allow
from portal.tables import Column, Empty, Table, render_table, status_filter
from portal.web.refused import render_refused
from portal.web.tpr.place import partner_id_of

HOUSE = ("tpr",)
SHOWN_MONTHS = timedelta(days=183)
LIST = "tpr/label_list.html"


class LabelTable(Table):
    """Every label that was used or spoiled."""

    dom_id = "labels"
    caption = gettext_lazy("Labels used and spoiled")
    columns = (
        Column("serial", gettext_lazy("Label"), kind="mono", sort="position", primary=True),
        Column("kind", gettext_lazy("Where it went"), kind="status", status="label", sort="kind"),
        Column(
            "device",
            gettext_lazy("PC"),
            accessor=lambda use: str(use.device) if use.device else "–",
            url=lambda use: reverse("tpr:device-detail", args=[use.device_id]) if use.device_id else None,
        ),
        Column("reason", gettext_lazy("Reason")),
        Column("noted", gettext_lazy("Noted"), kind="ago", accessor="noted_at", sort="noted_at"),
    )
    filters = (status_filter("kind", gettext_lazy("Where it went"), "label"),)
    search = ("serial__iexact", "device__serial_norm__exact")
    search_label = gettext_lazy("Label or serial number of the PC")
    order = "-noted"
    empty = Empty(
        gettext_lazy("No label used yet"),
        gettext_lazy("Note the label of a PC on the PC's page, when the label is put on."),
        icon="clipboard-check",
    )

    def row_url(self, row: LabelUse) -> str | None:
        """Return where a row leads."""
        return None


class SpoilForm(forms.Form):
    """A label that is on no PC and never will be."""

    serial = forms.CharField(
        label=gettext_lazy("Label"),
        max_length=20,
        widget=forms.TextInput({"class": "mono", "autocomplete": "off"}),
    )
    reason = forms.CharField(
        label=gettext_lazy("How was it spoiled?"),
        max_length=200,
        min_length=5,
        validators=[plain_text],
        help_text=gettext_lazy("Torn, misprinted, lost: and where it is, if it is lost."),
        widget=forms.Textarea({"rows": 2}),
    )


class UseForm(forms.Form):
    """The label that a PC carries."""

    serial = forms.CharField(
        label=gettext_lazy("Label"),
        max_length=20,
        help_text=gettext_lazy("Scan or type the number under the hologram."),
        widget=forms.TextInput({"class": "mono", "autocomplete": "off"}),
    )


@allow("label.view", houses=HOUSE)
@require_safe
def label_list(request: HttpRequest) -> HttpResponse:
    """Show the partner's labels."""
    return render_table(request, LIST, _context(request, SpoilForm()))


@allow("build.report", houses=HOUSE)
@require_POST
def spoil(request: HttpRequest) -> HttpResponse:
    """Note a label as spoiled."""
    form = SpoilForm(request.POST)
    if not form.is_valid():
        return render(request, LIST, _context(request, form), status=FORM_ERROR_STATUS)
    try:
        noted = spoil_label(
            partner_id_of(request), by=actor_of(request), at=timezone.now(), **form.cleaned_data
        )
    except DomainError as error:
        return render_refused(request, LIST, _context(request, form), error)
    messages.success(request, _("%(label)s is noted as spoiled.") % {"label": noted.serial})
    return redirect("tpr:label-list")


@allow("build.report", houses=HOUSE)
@require_POST
def use(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """Note the label of a PC."""
    device = devices_of(partner_id_of(request)).filter(pk=device_id).first()
    if device is None:
        raise Http404
    form = UseForm(request.POST)
    context = {"device": device, "form": form}
    if not form.is_valid():
        return render(request, "tpr/label_use.html", context, status=FORM_ERROR_STATUS)
    try:
        noted = use_label(
            partner_id_of(request), device_id=device_id, serial=form.cleaned_data["serial"],
            by=actor_of(request), at=timezone.now(),
        )  # fmt: skip
    except DomainError as error:
        return render_refused(request, "tpr/label_use.html", context, error)
    messages.success(request, _("%(label)s is noted for this PC.") % {"label": noted.serial})
    return redirect("tpr:device-detail", device_id)


def _context(request: HttpRequest, form: SpoilForm) -> dict[str, Any]:
    partner_id = partner_id_of(request)
    months = label_months([partner_id], timezone.now() - SHOWN_MONTHS).get(partner_id, [])
    return {
        "table": LabelTable(request, uses_of(partner_id)),
        "stock": label_stock(partner_id),
        "issues": list(issues_of(partner_id)[:20]),
        "months": months,
        "form": form if "build.report" in request.permissions else None,  # type: ignore[attr-defined]
    }
