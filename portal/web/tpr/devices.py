"""The PCs for which keys were taken."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from core.errors import DomainError
from licensing.models import Device, KeyHandOver, ProductKey
from licensing.models.build import BuildState
from licensing.selectors.orders import devices_of
from licensing.selectors.replacements import replacements_of_device
from licensing.selectors.sale_countries import sold_outside
from licensing.selectors.timeline import key_events
from licensing.services.sales import record_sale
from partners.rules.countries import choices as countries
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.tables import Column, DateRangeFilter, Empty, Table, render_table
from portal.web.refused import render_refused
from portal.web.tpr.labels import UseForm
from portal.web.tpr.place import partner_id_of

HOUSE = ("tpr",)
REVERTABLE = (BuildState.NEEDS_DETAILS, BuildState.READY)


class DeviceTable(Table):
    """All PCs of a partner."""

    dom_id = "devices"
    caption = _("PCs")
    columns = (
        Column("serial", _("Serial number"), kind="mono", sort="serial_norm", primary=True),
        Column("manufacturer", _("Manufacturer"), sort="manufacturer_norm"),
        Column("model", _("Model"), sort="model_norm"),
        Column("key", _("Product key id"), kind="mono", accessor="latest_key"),
        Column("state", _("Key"), kind="status", status="key", accessor="latest_state"),
        Column("seen", _("First seen"), kind="datetime", accessor="created_at", sort="created_at"),
    )
    filters = (DateRangeFilter("seen", _("First seen"), "created_at"),)
    search = ("serial_norm__exact",)
    search_label = _("Serial number")
    order = "-seen"
    empty = Empty(
        _("No PCs yet"),
        _("A PC appears here when a key is taken for it: by your station, or on a key's page."),
        _("See your keys"),
        "/tpr/keys/",
    )

    def row_url(self, row: Device) -> str:
        """Return where a row leads."""
        return reverse("tpr:device-detail", args=[row.pk])


def with_latest_key(devices: QuerySet[Device]) -> QuerySet[Device]:
    """Add the id and state of the key that was last handed over for each PC."""
    latest = KeyHandOver.objects.filter(device=OuterRef(OuterRef("pk"))).order_by("-handed_at")
    key = ProductKey.objects.filter(pk=Subquery(latest.values("key")[:1]))
    return devices.annotate(
        latest_key=Subquery(key.values("product_key_id")), latest_state=Subquery(key.values("state"))
    )


@allow("device.view", houses=HOUSE)
@require_safe
def device_list(request: HttpRequest) -> HttpResponse:
    """List the partner's PCs."""
    table = DeviceTable(request, with_latest_key(devices_of(partner_id_of(request))))
    return render_table(request, "tpr/device_list.html", {"table": table})


class SaleForm(forms.Form):
    """When and where a PC was sold."""

    sold_on = forms.DateField(
        label=_("Sold on"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )
    country = forms.ChoiceField(label=_("Country of the buyer"), choices=countries)
    channel = forms.CharField(
        label=_("Sales channel"), max_length=30, required=False, help_text=_("Shop, marketplace, tender …")
    )


@allow("device.view", houses=HOUSE)
@require_safe
def device_detail(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """Show one PC with its key, whether it may be shipped, and its sale."""
    return render(request, "tpr/device_detail.html", _context(request, device_id))


@allow("build.report", houses=HOUSE)
@require_POST
def sale(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """Note the sale of a PC."""
    form, template = SaleForm(request.POST), "tpr/device_detail.html"
    context = _context(request, device_id, form)
    if not form.is_valid():
        return render(request, template, context, status=FORM_ERROR_STATUS)
    partner_id = partner_id_of(request)
    try:
        record_sale(
            device_id,
            partner_id=partner_id,
            by=actor_of(request),
            at=timezone.now(),
            **form.cleaned_data,
        )
    except DomainError as error:
        return render_refused(request, template, context, error)
    if sold_outside(partner_id, device_id=device_id):
        said = gettext(
            "The sale is noted. The country is none of your countries of sale: agree on it with the MAR."
        )
        messages.warning(request, said)
    else:
        messages.success(request, gettext("The sale is noted."))
    return redirect("tpr:device-detail", device_id)


def _context(request: HttpRequest, device_id: UUID, form: SaleForm | None = None) -> dict[str, Any]:
    device = with_latest_key(devices_of(partner_id_of(request))).filter(pk=device_id).first()
    if device is None:
        raise Http404
    hand_over = device.hand_overs.select_related("key__product").order_by("-handed_at").first()
    build = device.builds.filter(ended_at__isnull=True).order_by("-reported_at").first()
    initial = {
        "sold_on": device.sold_on,
        "country": device.sale_country or request.membership.partner.country,  # type: ignore[attr-defined]
        "channel": device.sale_channel,
    }
    return {
        "device": device,
        "hand_over": hand_over,
        "build": build,
        "label_form": UseForm(),
        "replacements": replacements_of_device(device.pk),
        "may_revert": build is not None and build.state in REVERTABLE,
        "events": key_events(hand_over.key) if hand_over else [],
        "form": form or SaleForm(initial=initial),
        "may_sell": "build.report" in request.permissions,  # type: ignore[attr-defined]
    }
