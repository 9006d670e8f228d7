"""Count what waits for a person of the MAR, and how the programme stands."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from licensing.models import ProductKey
from licensing.rules.key_states import KeyState
from licensing.selectors.stock import free_total
from partners.models import Partner
from partners.models.partner import PartnerState
from portal import formatting
from portal.web.mar.waits import WAITS


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of the programme."""

    permission: str
    count: Callable[[], int]
    label: Promise | str
    hint: Promise | str
    url_name: str
    query: str = ""


FIGURES = (
    Figure(
        "partner.view",
        lambda: Partner.objects.filter(state=PartnerState.ACTIVE).count(),
        _("Active partners"),
        _("may order and report"),
        "mar:partner-list",
        "?state=active",
    ),
    Figure(
        "stock.view",
        free_total,
        _("Keys in free stock"),
        _("can be ordered now"),
        "mar:stock",
    ),
    Figure(
        "exchange.view",
        lambda: ProductKey.objects.filter(state=KeyState.REPORTED_BOUND).count(),
        _("Keys at Microsoft"),
        _("sent, not answered yet"),
        "mar:exchange",
    ),
    Figure(
        "exchange.view",
        lambda: ProductKey.objects.filter(state=KeyState.ACTIVATION_DENIED).count(),
        _("Denied activations"),
        _("need a look at the device"),
        "mar:exchange",
    ),
)


def tasks_for(permissions: Collection[str]) -> list[dict[str, Any]]:
    """Return what waits for a person with these permissions, nothing for what is empty."""
    counted = [(wait, wait.count()) for wait in WAITS if wait.permission in permissions]
    return [
        {
            "label": str(wait.label % {"count": count}),
            "text": wait.text,
            "action": wait.action,
            "url": _address(wait.url_name, wait.query),
            "state": "",
        }
        for wait, count in counted
        if count
    ]


def figures(permissions: Collection[str]) -> list[dict[str, Any]]:
    """Return the numbers a person with these permissions may see."""
    return [
        {
            "label": figure.label,
            "value": formatting.number(figure.count()),
            "hint": figure.hint,
            "url": _address(figure.url_name, figure.query),
        }
        for figure in FIGURES
        if figure.permission in permissions
    ]


def _address(url_name: str, query: str) -> str:
    """Return where a number leads, empty while that room does not exist."""
    try:
        return reverse(url_name) + query
    except NoReverseMatch:
        return ""
