"""Keys in the place of others: what decides about one, and the links both ways."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Max, Q, QuerySet

from licensing.models import (
    KeyAssignment,
    KeyHandOver,
    KeyReplacement,
    LedgerEntry,
    PartnerReturnLine,
    Product,
    ProductKey,
)
from licensing.rules.key_states import Hold, KeyState
from licensing.rules.partner_returns import Text
from licensing.rules.replacements import Terms, UsedKey, stop_of, terms_of
from licensing.selectors.programme_rules import rules_at


@dataclass(frozen=True, slots=True)
class Plan:
    """What would happen to a wrong key at this moment."""

    key: ProductKey
    terms: Terms
    stop: Text
    free_until: datetime | None
    device_id: UUID | None


def plan_for(key: ProductKey, at: datetime) -> Plan:
    """Return by which rule another key would be given in this one's place."""
    hand_over = KeyHandOver.objects.filter(key_id=key.pk).first()
    device_id = hand_over.device_id if hand_over else None
    enabled_at = LedgerEntry.objects.filter(key_id=key.pk, to_state=KeyState.ACTIVATION_ENABLED).aggregate(
        at=Max("recorded_at")
    )["at"]
    had_goodwill = (
        device_id is not None
        and KeyReplacement.objects.filter(device_id=device_id, kind=KeyReplacement.Kind.GOODWILL).exists()
    )
    is_in_return = PartnerReturnLine.objects.filter(key_id=key.pk, ended_at__isnull=True).exists()
    used = UsedKey(KeyState(key.state), Hold(key.hold), enabled_at, is_in_return, had_goodwill)
    goodwill = goodwill_window(at)
    terms = terms_of(used, at=at, goodwill=goodwill)
    free_until = enabled_at + goodwill if enabled_at and terms is Terms.GOODWILL else None
    return Plan(key, terms, stop_of(used), free_until, device_id)


def goodwill_window(at: datetime) -> timedelta:
    """Return how long after the activation a PC's first replacement is free."""
    return timedelta(days=rules_at(at).number("return.goodwill", "days"))


def open_assignment(key_id: int) -> KeyAssignment | None:
    """Return a key's running assignment with its order."""
    found = KeyAssignment.objects.filter(key_id=key_id, ended_at__isnull=True)
    return found.select_related("order_line__order", "order_line__product").first()


def replacements_of_key(product_key_id: str, partner_id: UUID | None = None) -> list[KeyReplacement]:
    """Return what a key replaced and what replaced it, of every partner in the MAR's scope."""
    is_either = Q(old_product_key_id=product_key_id) | Q(new_product_key_id=product_key_id)
    found = KeyReplacement.objects.filter(is_either)
    return list(found.filter(partner_id=partner_id) if partner_id else found)


def replacements_of_device(device_id: UUID) -> list[KeyReplacement]:
    """Return every replacement of a PC's keys, newest first."""
    return list(KeyReplacement.objects.filter(device_id=device_id))


def products_to_swap_to(key: ProductKey, at: datetime) -> QuerySet[Product]:
    """Return the products of the same family on sale, the key's own among them."""
    on_sale = Q(order_from__lte=at) & (Q(order_before__isnull=True) | Q(order_before__gt=at))
    wanted = Q(pk=key.product_id) | (on_sale & Q(family=key.product.family))
    return Product.objects.filter(wanted).order_by("name")
