"""A key's life as its two pages show it: steps with the addresses of what they belong to."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from licensing.models import ProductKey
from licensing.rules.accounts import Account
from licensing.rules.key_states import Hold, KeyState
from licensing.rules.partner_returns import ANSWERS
from licensing.selectors.key_life import LifeStep, Reference, key_life
from licensing.selectors.timeline import ICONS, TONES
from portal.status import Text
from portal.web.mar.exchange_words import CODES, code_text
from portal.web.return_words import answer_text

PAGES: Mapping[str, Mapping[str, str]] = {
    "tpr": {
        "order": "tpr:order-detail",
        "device": "tpr:device-detail",
        "build": "tpr:build-detail",
        "incident": "tpr:incident-detail",
    },
    "mar": {
        "order": "mar:order-detail",
        "cbr": "mar:cbr-detail",
        "return": "mar:return-detail",
        "import": "mar:import-detail",
        "incident": "mar:incident-detail",
        "correction": "mar:correction-detail",
    },
}
ACCOUNTS: Mapping[str, Text] = {
    Account.SUPPLIER: gettext_lazy("Microsoft’s delivery"),
    Account.STOCK: gettext_lazy("Free stock"),
    Account.RESERVED: gettext_lazy("Reserved stock"),
    Account.QUARANTINE: gettext_lazy("Quarantine"),
    Account.DEVICE: gettext_lazy("On a PC"),
    Account.MICROSOFT: gettext_lazy("With Microsoft"),
    Account.RETURNED: gettext_lazy("Returned"),
    Account.UNDONE: gettext_lazy("Undone imports"),
}


@dataclass(frozen=True, slots=True)
class ShownStep:
    """One step of a life as the template draws it; the timeline groups it by ``at``."""

    at: Any
    step: LifeStep
    icon: str
    tone: str
    leaves: str
    enters: str
    links: tuple[tuple[str, str], ...]
    is_system: bool = False


def life_of(key: ProductKey, *, wing: str, partner_id: UUID | None = None) -> list[ShownStep]:
    """Return the steps of a key for a page of this wing ("tpr" with the partner, or "mar")."""
    partner = _("Your company") if partner_id else (key.partner.name if key.partner else "")
    return [_shown(step, wing, partner) for step in key_life(key, partner_id=partner_id)]


def _shown(step: LifeStep, wing: str, partner: str) -> ShownStep:
    state = KeyState(step.to_state)
    is_held = step.hold not in (Hold.NONE, step.hold_before)
    return ShownStep(
        at=step.at,
        step=replace(step, facts=tuple((label, _worded(value)) for label, value in step.facts)),
        icon="hand-stop" if is_held else ICONS.get(state, "circle-dot"),
        tone="warning" if is_held else TONES.get(state, "neutral"),
        leaves=_account(step.leaves, partner),
        enters=_account(step.enters, partner),
        links=tuple(link for reference in step.references if (link := _link(reference, wing))),
    )


def _worded(value: Any) -> Any:
    """Return an answer's code with its words, any other fact as it is."""
    if not isinstance(value, str):
        return value
    if value in CODES:
        return code_text(value)
    return answer_text(value) if value in ANSWERS else value


def _account(account: str, partner: str) -> str:
    name, _sign, _id = account.partition(":")
    if name == Account.PARTNER:
        return partner or _("A partner")
    return str(ACCOUNTS.get(name, ""))


def _link(reference: Reference, wing: str) -> tuple[str, str] | None:
    name = PAGES[wing].get(reference.kind)
    return (reference.label, reverse(name, args=[reference.id])) if name else None
