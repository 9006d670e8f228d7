"""The head that every page about one partner shares: who he is, how he stands, where to look, what to do."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from compliance.selectors.wind_down import wind_down_of
from licensing.selectors.partner_home import order_limit
from partners.models import Partner
from partners.models.partner import PartnerState
from partners.rules.countries import country_name
from partners.rules.partner_states import IN_STANDING, may_move
from partners.selectors import partners as selectors
from partners.selectors.company import open_change_of
from partners.selectors.standing import partner_standing
from partners.selectors.terms import missing_terms


@dataclass(frozen=True, slots=True)
class Tab:
    """One page about a partner. Without a permission everyone who sees the partner sees it."""

    name: str
    label: Promise | str
    permission: str = ""


TABS = (
    Tab("detail", gettext_lazy("Overview")),
    Tab("standing", gettext_lazy("Standing")),
    Tab("orders", gettext_lazy("Orders"), "mar_order.view"),
    Tab("keys", gettext_lazy("Keys"), "mar_order.view"),
    Tab("devices", gettext_lazy("Devices"), "mar_order.view"),
    Tab("reports", gettext_lazy("Reports"), "mar_order.view"),
    Tab("limits", gettext_lazy("Limits"), "mar_order.view"),
    Tab("documents", gettext_lazy("Documents")),
    Tab("people", gettext_lazy("People")),
    Tab("company", gettext_lazy("Company")),
    Tab("agreements", gettext_lazy("Agreements")),
    Tab("notes", gettext_lazy("Notes"), "partner.note"),
    Tab("timeline", gettext_lazy("Timeline")),
)


def partner_page(request: HttpRequest, partner_id: UUID, tab: str) -> dict[str, Any]:
    """Return what the head of a partner's page shows.

    :raises Http404: when there is no such partner.
    """
    partner, now = find_partner(partner_id), timezone.now()
    permissions: frozenset[str] = request.permissions  # type: ignore[attr-defined]
    standing = partner_standing(partner_id, now)
    is_leaving = partner.access_ends_at is not None and wind_down_of(partner_id) is not None
    return {
        "partner": partner,
        "country": country_name(partner.country),
        "blocks": standing.blocks,
        "credit": standing.credit,
        "monthly_quantity": order_limit(partner_id),
        "missing_terms": missing_terms(partner_id, now),
        "open_change": open_change_of(partner_id),
        "tabs": _tabs(partner_id, tab, permissions),
        "is_leaving": is_leaving,
        "actions": _actions(partner, permissions, is_leaving=is_leaving),
    }


def find_partner(partner_id: UUID) -> Partner:
    """Return a partner.

    :raises Http404: when there is no such partner.
    """
    partner = selectors.partner_by_id(partner_id)
    if partner is None:
        raise Http404
    return partner


def _tabs(partner_id: UUID, current: str, permissions: frozenset[str]) -> list[dict[str, Any]]:
    return [
        {
            "label": tab.label,
            "url": reverse(f"mar:partner-{tab.name}", args=[partner_id]),
            "is_current": tab.name == current,
        }
        for tab in TABS
        if not tab.permission or tab.permission in permissions
    ]


def _actions(partner: Partner, permissions: frozenset[str], *, is_leaving: bool) -> list[dict[str, Any]]:
    """Return the guarded acts this person may do to this partner now; each asks for a reason."""
    keeps = "standing.manage" in permissions
    may_leave = "partner.manage" in permissions and may_move(partner.state, PartnerState.WINDING_DOWN)
    is_offered = partner.state == PartnerState.AGREEMENT_PENDING
    possible = [
        ("view-as", _("Look at the partner’s pages …"), "eye", "partner.view_as" in permissions),
        ("restrict", _("Restrict …"), "hand-stop", keeps and partner.state in IN_STANDING),
        ("suspend", _("Suspend …"), "ban", keeps and may_move(partner.state, PartnerState.SUSPENDED)),
        ("lift", _("Lift the suspension …"), "check", keeps and partner.state == PartnerState.SUSPENDED),
        ("grace", _("Give time …"), "clock", "standing.grace" in permissions),
        ("withdraw", _("Take back the offer …"), "door-exit", may_leave and is_offered),
        ("exit-begin", _("End the contract …"), "door-exit", may_leave),
        ("exit", _("Way out"), "door-exit", is_leaving),
    ]
    return [
        {"label": label, "icon": icon, "url": reverse(f"mar:partner-{name}", args=[partner.pk])}
        for name, label, icon, is_possible in possible
        if is_possible
    ]
