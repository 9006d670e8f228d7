"""Who sees which entry in the left bar.

Each wing (tpr, mar, compliance) has its own entries; within a wing a person's permissions decide.
An entry whose address does not exist yet is left out, so wings can grow one view at a time.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from portal.status import Text

Wing = Literal["tpr", "mar", "compliance"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One possible entry: where it leads and which permission opens it ("" opens it to all)."""

    wings: tuple[Wing, ...]
    url_name: str
    label: Text
    icon: str
    permission: str = ""
    shortcut: str = ""  # the key that follows "g"
    also: tuple[str, ...] = ()  # pages that lie under it, at addresses of their own


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry as one person sees it on one page."""

    label: Text
    url: str
    icon: str
    is_active: bool
    shortcut: str = ""
    badge: int = 0  # what waits behind it to be read


_STAFF: tuple[Wing, ...] = ("mar", "compliance")

ENTRIES: tuple[Entry, ...] = (
    Entry(("tpr",), "tpr:home", _("Home"), "home", "tpr.home", shortcut="h"),
    Entry(
        ("tpr",),
        "tpr:catalogue",
        _("Order"),
        "shopping-cart",
        "catalogue.view",
        shortcut="n",
        also=("tpr:recipient-list", "tpr:quota-list", "tpr:price-list", "tpr:estimate-list"),
    ),
    Entry(("tpr",), "tpr:order-list", _("Orders"), "receipt", "order.view", shortcut="o"),
    Entry(
        ("tpr",),
        "tpr:key-list",
        _("Keys"),
        "key",
        "key.view",
        shortcut="k",
        also=("tpr:return-list", "tpr:incident-list"),
    ),
    Entry(("tpr",), "tpr:build-list", _("Reports"), "clipboard-check", "build.view", shortcut="r"),
    Entry(
        ("tpr",),
        "tpr:device-list",
        _("Devices"),
        "device-laptop",
        "device.view",
        shortcut="d",
        also=("tpr:label-list",),
    ),
    Entry(("tpr",), "tpr:standing", _("Standing"), "shield-check", "standing.view", shortcut="t"),
    Entry(("tpr",), "tpr:duties", _("Duties"), "calendar-event", "house.view", shortcut="u"),
    Entry(("tpr",), "tpr:rules", _("Rules"), "gavel", "terms.view", shortcut="l"),
    Entry(("tpr",), "tpr:settings", _("Settings"), "settings", "house.view", shortcut="s"),
    Entry(("mar",), "mar:home", _("Home"), "home", "mar.home", shortcut="h"),
    Entry(("compliance",), "compliance:home", _("Cockpit"), "activity", "compliance.home", shortcut="h"),
    Entry(
        _STAFF,
        "mar:application-list",
        _("Applications"),
        "inbox",
        "application.view",
        shortcut="a",
        also=("mar:sanctions",),
    ),
    Entry(_STAFF, "mar:partner-list", _("Partners"), "building", "partner.view", shortcut="p"),
    Entry(("mar",), "mar:recipient-list", _("Recipients"), "heart-handshake", "recipient.view", shortcut="c"),
    Entry(("mar",), "mar:agreement-list", _("Rules"), "gavel", "rules.view", shortcut="u"),
    Entry(("compliance",), "mar:deviation-list", _("Prices"), "scale", "price.view", shortcut="e"),
    Entry(_STAFF, "mar:stock", _("Stock"), "package", "stock.view", shortcut="s"),
    Entry(("compliance",), "mar:incident-list", _("Incidents"), "alert-triangle", "stock.view", shortcut="x"),
    Entry(
        _STAFF,
        "mar:order-list",
        _("Orders"),
        "receipt",
        "mar_order.view",
        shortcut="o",
        also=("mar:allocation",),
    ),
    Entry(
        _STAFF,
        "mar:exchange",
        _("Microsoft"),
        "arrows-exchange",
        "exchange.view",
        shortcut="m",
        also=("mar:desk",),
    ),
    Entry(("mar",), "mar:office", _("Office"), "settings", "people.manage", shortcut="i"),
    Entry(_STAFF, "compliance:report-list", _("Monthly reports"), "report", "report.view", shortcut="r"),
    Entry(_STAFF, "compliance:audit", _("Audit"), "history", "audit.view", shortcut="l"),
)


def wing_of(role: str) -> Wing:
    """Return the wing a role works in: tpr_* and mar_* say it themselves, the rest is compliance."""
    if role.startswith("tpr"):
        return "tpr"
    return "mar" if role.startswith("mar") else "compliance"


def build(request: HttpRequest, permissions: Collection[str] | None = None) -> list[NavItem]:
    """Return the entries of the signed-in person, the current one marked.

    Without an argument the permissions are those the request carries; a person without a
    membership sees none.
    """
    membership = getattr(request, "membership", None)
    if membership is None:
        return []
    if permissions is None:
        permissions = getattr(request, "permissions", ())
    wing = wing_of(membership.role)
    found = [
        (entry, url)
        for entry in ENTRIES
        if wing in entry.wings
        and (not entry.permission or entry.permission in permissions)
        and (url := _address(entry.url_name))
    ]
    under = {address: url for entry, url in found for address in (url, *map(_address, entry.also)) if address}
    place = _longest_match(request.path, list(under))
    active = under[place] if place and (request.path == place or not _is_home(found, place)) else None
    return [NavItem(entry.label, url, entry.icon, url == active, entry.shortcut) for entry, url in found]


def _is_home(found: list[tuple[Entry, str]], url: str) -> bool:
    """Return whether an address is a wing's home, under which every page of the wing would lie."""
    return any(url == own and entry.url_name.endswith(":home") for entry, own in found)


def with_badge(items: list[NavItem], url_name: str, count: int) -> list[NavItem]:
    """Return the bar with a number at one entry."""
    url = _address(url_name)
    return [replace(item, badge=count) if item.url == url else item for item in items]


def _address(url_name: str) -> str:
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return ""


def _longest_match(path: str, urls: list[str]) -> str:
    """Return the entry a page lies under; `/orders/1042/` lies under `/orders/`, not under `/`."""
    return max((url for url in urls if path.startswith(url)), key=len, default="")
