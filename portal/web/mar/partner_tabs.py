"""Partner 360: one page for each side of a partner, each with its own address."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from compliance.selectors.duties import lead_times
from core.charts import Chart, Stage, bridge
from core.selectors.audit import partner_events
from licensing.rules.key_states import KeyState
from licensing.selectors.orders import builds_of, devices_of, keys_of, orders_of
from licensing.selectors.partner_home import PartnerHome, partner_home
from partners.selectors.company import brands_of, changes_of, contacts_of, sites_of
from partners.selectors.mar import mar_zone
from partners.selectors.owner_resets import open_owner_reset_of
from partners.selectors.partner_documents import documents_of
from partners.selectors.people import open_invitations_of, people_of
from partners.selectors.terms import acceptances_of
from portal import formatting
from portal.policy import allow
from portal.tables import Table, render_table
from portal.web.mar.partner_header import partner_page
from portal.web.mar.partner_tables import (
    PartnerBuildTable,
    PartnerDeviceTable,
    PartnerDocumentTable,
    PartnerEventTable,
    PartnerKeyTable,
    PartnerOrderTable,
    event_sentence,
)
from portal.web.tpr.devices import with_latest_key
from portal.web.tpr.duties import shown_duties, shown_steps

HOUSES = ("mar", "compliance")
LATEST = 10


@allow("partner.view", houses=HOUSES)
@require_safe
def overview(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Show how a partner stands: key figures, open tasks, the last events."""
    page = partner_page(request, partner_id, "detail")
    figures = partner_home(partner_id, at=timezone.now(), zone=mar_zone())
    page |= {
        "figures": figures,
        "stats": _stats(figures),
        "chart": _way_of_keys(figures) if figures.by_state else None,
        "contacts": contacts_of(partner_id),
        "duties": shown_duties(partner_id, with_links=False),
        "first_steps": _steps_with_averages(partner_id),
        "events": [
            {"at": event.at, "text": event_sentence(event), "icon": "point"}
            for event in partner_events(partner_id).order_by("-id")[:LATEST]
        ],
    }
    return render(request, "mar/partner_detail.html", page)


@allow("mar_order.view", houses=HOUSES)
@require_safe
def orders(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """List a partner's orders."""
    page = partner_page(request, partner_id, "orders")
    return _listed(request, page, PartnerOrderTable(request, orders_of(partner_id)))


@allow("mar_order.view", houses=HOUSES)
@require_safe
def keys(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """List a partner's keys."""
    page = partner_page(request, partner_id, "keys")
    return _listed(request, page, PartnerKeyTable(request, keys_of(partner_id)))


@allow("mar_order.view", houses=HOUSES)
@require_safe
def devices(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """List a partner's PCs."""
    page = partner_page(request, partner_id, "devices")
    return _listed(request, page, PartnerDeviceTable(request, with_latest_key(devices_of(partner_id))))


@allow("mar_order.view", houses=HOUSES)
@require_safe
def reports(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """List the builds a partner reported."""
    page = partner_page(request, partner_id, "reports")
    return _listed(request, page, PartnerBuildTable(request, builds_of(partner_id)))


@allow("partner.view", houses=HOUSES)
@require_safe
def documents(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """List a partner's papers and how long they are good."""
    page = partner_page(request, partner_id, "documents")
    today = timezone.now().astimezone(mar_zone()).date()
    return _listed(request, page, PartnerDocumentTable(request, documents_of(partner_id, today=today)))


@allow("partner.view", houses=HOUSES)
@require_safe
def people(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Show who may sign in for a partner, and who is invited."""
    page = partner_page(request, partner_id, "people")
    page |= {
        "people": people_of(partner_id),
        "invitations": open_invitations_of(partner_id, at=timezone.now()),
        "may_reset_owner": "owner.reset" in request.permissions,  # type: ignore[attr-defined]
        "owner_reset": open_owner_reset_of(partner_id),
    }
    return render(request, "mar/partner_people.html", page)


@allow("partner.view", houses=HOUSES)
@require_safe
def company(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Show a partner's company data, addresses, brands, contacts, and how they changed."""
    page = partner_page(request, partner_id, "company")
    page |= {
        "sites": sites_of(partner_id),
        "brands": brands_of(partner_id),
        "contacts": contacts_of(partner_id),
        "changes": changes_of(partner_id),
    }
    return render(request, "mar/partner_company.html", page)


@allow("partner.view", houses=HOUSES)
@require_safe
def agreements(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Show which terms a partner accepted, and which he still has to."""
    page = partner_page(request, partner_id, "agreements")
    page["acceptances"] = acceptances_of(partner_id)
    return render(request, "mar/partner_agreements.html", page)


@allow("partner.view", houses=HOUSES)
@require_safe
def timeline(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Tell everything that happened with a partner."""
    page = partner_page(request, partner_id, "timeline")
    return _listed(request, page, PartnerEventTable(request, partner_events(partner_id)))


def _listed(request: HttpRequest, page: dict[str, Any], table: Table) -> HttpResponse:
    return render_table(request, "mar/partner_table.html", page | {"table": table})


def _steps_with_averages(partner_id: UUID) -> list[dict[str, Any]]:
    """Return a new partner's first steps beside what they take on average."""
    steps = shown_steps(partner_id)
    averages = lead_times() if steps else {}
    for step in steps:
        if step["name"] in averages:
            days = formatting.number(round(averages[step["name"]], 1))
            step["average"] = _("on average after %(days)s days") % {"days": days}
    return steps


def _stats(figures: PartnerHome) -> list[dict[str, Any]]:
    late = figures.unreported - figures.unreported_by_age[0]
    return [
        {"label": _("Keys in hand"), "value": sum(figures.by_state.values()), "hint": ""},
        {
            "label": _("Not reported"),
            "value": figures.unreported,
            "hint": _("%(count)s for more than 7 days") % {"count": late} if late else "",
            "tone": "warning" if late else "",
        },
        {"label": _("Needs device details"), "value": figures.needs_details, "hint": ""},
        {
            "label": _("Denied activations"),
            "value": figures.denied,
            "hint": "",
            "tone": "danger" if figures.denied else "",
        },
    ]


def _way_of_keys(figures: PartnerHome) -> Chart:
    """Draw how many of the partner's keys went how far."""
    total = sum(figures.by_state.values())
    taken = total - figures.by_state.get(KeyState.ASSIGNED, 0)
    reported = (
        taken - figures.by_state.get(KeyState.RETRIEVED, 0) - figures.by_state.get(KeyState.CONSUMED, 0)
    )
    enabled = figures.by_state.get(KeyState.ACTIVATION_ENABLED, 0)
    return bridge(
        [
            Stage(_("Assigned"), total),
            Stage(_("Taken"), taken),
            Stage(_("Reported"), reported),
            Stage(_("Enabled"), enabled),
        ],
        headline=_("How far the keys went"),
        unit=_("keys"),
        chart_id="way-of-keys",
        columns=(_("Step"), _("Keys"), _("Still to come")),
    )
