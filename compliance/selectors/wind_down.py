"""Count what is open between a leaving partner and the MAR, as it stands now."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Count as CountOf
from django.db.models import Q, QuerySet, Sum

from compliance.models import WindDown, WindDownItem
from compliance.rules.wind_down import Count, ItemKind, ItemState, state_of
from licensing.models import KeyAssignment, PartnerReturnLine, ProductKey
from licensing.rules.key_states import NOT_AT_MICROSOFT, Hold, KeyState
from licensing.selectors.labels import label_stock
from licensing.selectors.partner_returns import returns_under_way
from partners.models import CreditPosition, Document

LIVE_ON = (KeyState.ACTIVATION_ENABLED, KeyState.ACTIVATION_ENABLED_PENDING_UPDATE)


@dataclass(frozen=True, slots=True)
class Item:
    """One item as it stands now; ``row`` carries what people said about it."""

    row: WindDownItem
    now: Count
    state: ItemState

    @property
    def awaits_second(self) -> bool:
        """Return whether one person let it go and another one has to confirm."""
        return self.row.waived_at is not None and not self.row.is_waived

    @property
    def has_outgrown_waiver(self) -> bool:
        """Return whether two people let it go, and more came since: it is open again."""
        return self.row.is_waived and self.state is ItemState.OPEN


@dataclass(frozen=True, slots=True)
class Exit:
    """A partner's way out with all its items."""

    wind_down: WindDown
    items: list[Item]
    currency: str

    @property
    def open(self) -> list[Item]:
        """Return what stands against the end."""
        return [item for item in self.items if item.state is ItemState.OPEN]

    def item(self, kind: str) -> Item:
        """Return one item."""
        return next(item for item in self.items if item.row.kind == kind)


def wind_down_of(partner_id: UUID) -> WindDown | None:
    """Return a partner's way out, None while he stays."""
    return WindDown.objects.filter(partner_id=partner_id).first()


def exit_of(partner_id: UUID) -> Exit | None:
    """Return a partner's way out with everything counted now, None while he stays."""
    wind_down = wind_down_of(partner_id)
    if wind_down is None:
        return None
    counted = count_open(partner_id)
    rows = {row.kind: row for row in wind_down.items.all()}
    items = [_item(rows[kind.value], counted[kind]) for kind in ItemKind if kind.value in rows]
    credit = CreditPosition.objects.filter(partner_id=partner_id).first()
    return Exit(wind_down, items, credit.currency if credit else "EUR")


def count_open(partner_id: UUID) -> dict[ItemKind, Count]:
    """Count every kind of item of a partner, in his scope or the MAR's."""
    keys = ProductKey.objects.filter(partner_id=partner_id).aggregate(
        unused=CountOf("id", filter=Q(state=KeyState.ASSIGNED)),
        unreported=CountOf("id", filter=Q(state__in=NOT_AT_MICROSOFT)),
        returns=CountOf("id", filter=Q(state=KeyState.REPORTED_RETURN)),
        alive=CountOf("id", filter=Q(state__in=LIVE_ON)),
    )
    papers = Document.objects.filter(partner_id=partner_id, removed_at__isnull=True).count()
    return {
        ItemKind.KEYS_UNUSED: Count(keys["unused"]),
        ItemKind.KEYS_UNREPORTED: Count(keys["unreported"]),
        ItemKind.RETURNS_OPEN: Count(keys["returns"] + returns_under_way(partner_id)),
        ItemKind.MONEY_OWED: Count(amount=money_owed(partner_id)),
        ItemKind.LABELS: Count(label_stock(partner_id).left),
        ItemKind.PROOF_PAGES: Count(keys["alive"]),
        ItemKind.DOCUMENTS: Count(papers),
        ItemKind.DATA_FILE: Count(),
    }


def money_owed(partner_id: UUID) -> Decimal:
    """Return what a partner owes: unpaid invoices, and keys in hand that are not yet billed."""
    credit = CreditPosition.objects.filter(partner_id=partner_id).first()
    unbilled = KeyAssignment.objects.filter(
        partner_id=partner_id, ended_at__isnull=True, billed_at__isnull=True
    ).aggregate(total=Sum("unit_price"))["total"]
    return (credit.unpaid if credit else Decimal(0)) + (unbilled or Decimal(0))


def unused_keys(partner_id: UUID) -> list[tuple[int, UUID]]:
    """Return (key, order) of each assigned key that nobody has taken and nothing holds, in order of the orders."""
    found = _to_take_back(partner_id, KeyState.ASSIGNED)
    return list(found.order_by("order_line__order_id", "id").values_list("id", "order_line__order_id"))


def keys_to_recall(partner_id: UUID) -> list[int]:
    """Return the keys that were handed over, sit on no reported PC, and that nothing holds."""
    found = _to_take_back(partner_id, KeyState.RETRIEVED)
    return list(found.order_by("id").values_list("id", flat=True))


def _to_take_back(partner_id: UUID, state: KeyState) -> QuerySet[ProductKey]:
    """Leave out what an incident holds, and what goes back by a return: one such key would stop all the others."""
    returning = PartnerReturnLine.objects.filter(partner_id=partner_id, ended_at__isnull=True)
    found = ProductKey.objects.filter(partner_id=partner_id, state=state, hold=Hold.NONE)
    return found.exclude(pk__in=returning.values("key_id"))


def proof_keys(partner_id: UUID) -> QuerySet[ProductKey]:
    """Return the keys in use by buyers: their proof pages live on after the partner is gone."""
    return ProductKey.objects.filter(partner_id=partner_id, state__in=LIVE_ON)


def ended_wind_downs(at: datetime) -> list[UUID]:
    """Return the ways out whose end date is here and whose access is still to be ended."""
    due = WindDown.objects.filter(ends_at__lte=at, access_ended_at__isnull=True)
    return list(due.order_by("ends_at").values_list("pk", flat=True))


def _item(row: WindDownItem, now: Count) -> Item:
    waived = Count(row.waived_count, row.waived_amount) if row.is_waived else None
    state = state_of(row.kind, now, waived=waived, is_settled_by_word=row.settled_at is not None)
    return Item(row, now, state)
