"""How the rules in force come out for partners and orders at an instant: read by the code that decides.

Nothing here decides anew: an order is put to the same gates as a real one, a quota is the selector's of the
order page. So a simulation and the day itself cannot differ. Inside the MAR's scope.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from licensing.models import (
    FamilyGrant,
    KeyReplacement,
    OrderLine,
    OrderState,
    PartnerReturnLine,
    ProductKey,
)
from licensing.models.catalogue import LicenceFamily
from licensing.models.order import WAITING_STATES
from licensing.rules.key_states import Hold, KeyState
from licensing.rules.labels import is_spoilage_high
from licensing.rules.order_decision import Decision, Wish, decide
from licensing.rules.order_facts import OrderFacts
from licensing.rules.partner_returns import GOING_FROM
from licensing.rules.programme_rules import Ruleset
from licensing.rules.rule_outcomes import ORDER, PARTNER, Outcome
from licensing.selectors.hand_over import still_on_their_pcs
from licensing.selectors.labels import label_months, partners_with_labels
from licensing.selectors.order_facts import order_facts
from licensing.selectors.order_wait import decision_now
from licensing.selectors.programme_rules import rules_at
from licensing.selectors.quota import month_quotas
from partners.models import Partner
from partners.models.partner import PartnerState
from partners.selectors.mar import mar_zone

LOOKED_BACK = timedelta(days=90)
MOST_LINES = 5_000


def outcomes_of_licensing(as_of: datetime, data_at: datetime) -> Iterator[Outcome]:
    """Yield every outcome of licensing for the orders and partners of ``data_at``, judged at ``as_of``."""
    rules = rules_at(as_of)
    yield from _orders(as_of, data_at, mar_zone())
    partners = list(Partner.objects.exclude(state=PartnerState.TERMINATED).order_by("code"))
    giving = set(
        FamilyGrant.objects.filter(family=LicenceFamily.CITIZENSHIP).values_list("partner_id", flat=True)
    )
    closed, returnable, goodwill, spoilage = (
        _closed_pcs(as_of, rules),
        _returnable(as_of, rules),
        _goodwill(as_of, rules),
        _spoilage(as_of, rules),
    )
    for partner in partners:
        if partner.pk in giving:
            for quota in month_quotas(partner.pk, as_of):
                yield _of(partner, f"quota.{quota.kind}", f"{quota.remaining} / {quota.cap}")
        yield _of(partner, "device.closed", str(closed.get(partner.pk, 0)))
        yield _of(partner, "return.open", str(returnable.get(partner.pk, 0)))
        yield _of(partner, "return.goodwill", str(goodwill.get(partner.pk, 0)))
        yield _of(partner, "label.question", str(spoilage.get(partner.pk, 0)))
        yield _of(partner, "reveal.limit", _reveal_limit(partner, as_of, rules))


def _orders(as_of: datetime, data_at: datetime, zone: ZoneInfo) -> Iterator[Outcome]:
    """Yield what becomes of each order that waits, and of each of the last 90 days if it were placed again."""
    lines = (
        OrderLine.objects.select_related("order", "product")
        .filter(order__placed_at__lte=data_at)
        .filter(Q(order__placed_at__gt=data_at - LOOKED_BACK) | Q(order__state__in=WAITING_STATES))
        .exclude(order__state__in=(OrderState.CANCELLED, OrderState.EXPIRED, OrderState.DRAFT))
        .exclude(order__partner__state=PartnerState.TERMINATED)
        .order_by("-order__placed_at", "-order__number")[:MOST_LINES]
    )
    known: dict[tuple[UUID, int, UUID | None], OrderFacts] = {}
    for line in lines:
        label = f"{line.order} · {line.quantity} × {line.product.code}"
        waiting = decision_now(line.order, as_of)
        if waiting is not None:
            yield Outcome(
                ORDER, str(line.order_id), label, line.partner_id, "order.waiting", decision_value(waiting)
            )
            continue
        group = (line.partner_id, line.product_id, line.order.recipient_id)
        if group not in known:
            known[group] = order_facts(
                partner_id=line.partner_id, product_id=line.product_id, quantity=line.quantity, at=as_of, zone=zone,
                with_stock=False, recipient_id=line.order.recipient_id,
            )  # fmt: skip
        facts = replace(
            known[group], quantity=line.quantity, unit_price=line.unit_price, details=line.details
        )
        value = decision_value(decide(facts, Wish()))
        yield Outcome(ORDER, str(line.order_id), label, line.partner_id, "order.again", value)


def decision_value(decision: Decision) -> str:
    """Return a decision as it is compared: how it ends, and the rules that stand against it."""
    rules = ",".join(sorted({refusal.rule for refusal in decision.refusals}))
    return f"{decision.outcome}:{rules}" if rules else str(decision.outcome)


def _of(partner: Partner, aspect: str, value: str) -> Outcome:
    return Outcome(PARTNER, str(partner.pk), f"{partner.code} {partner.name}", partner.pk, aspect, value)


def _closed_pcs(as_of: datetime, rules: Ruleset) -> dict[UUID, int]:
    """Count by partner the PCs that get no second key at the instant."""
    recent = still_on_their_pcs().filter(handed_at__gt=as_of - rules.days("device.second_key"))
    return _counted(recent.values_list("partner_id").annotate(n=Count("device_id", distinct=True)).order_by())


def _returnable(as_of: datetime, rules: Ruleset) -> dict[UUID, int]:
    """Count by partner the keys that can still go back to Microsoft for a credit at the instant."""
    rows = _free_to_go().filter(
        state__in=GOING_FROM, fulfilment__received_at__gte=as_of - rules.days("return.window")
    )
    return _counted(rows.values_list("partner_id").annotate(n=Count("id")).order_by())


def _goodwill(as_of: datetime, rules: Ruleset) -> dict[UUID, int]:
    """Count by partner the enabled keys in whose place another one is free at the instant."""
    had_one = KeyReplacement.objects.filter(
        kind=KeyReplacement.Kind.GOODWILL, device_id=OuterRef("hand_over__device_id")
    )
    rows = (
        _free_to_go()
        .filter(
            hold=Hold.NONE, state=KeyState.ACTIVATION_ENABLED,
            state_since__gt=as_of - rules.days("return.goodwill"),
        )
        .exclude(Exists(had_one))
    )  # fmt: skip
    return _counted(rows.values_list("partner_id").annotate(n=Count("id")).order_by())


def _free_to_go() -> QuerySet[ProductKey]:
    """Return the partners' keys that no return holds, nor a report of them as lost or in dispute."""
    in_return = PartnerReturnLine.objects.filter(key_id=OuterRef("pk"), ended_at__isnull=True)
    held = (Hold.DISPUTED, Hold.LOST_OR_STOLEN)
    return (
        ProductKey.objects.filter(partner_id__isnull=False).exclude(hold__in=held).exclude(Exists(in_return))
    )


def _spoilage(as_of: datetime, rules: Ruleset) -> dict[UUID, int]:
    """Count by partner the months in which more labels were spoiled than goes without a question."""
    percent = rules.number("label.use", "spoilage_percent")
    found = label_months(partners_with_labels(), as_of - LOOKED_BACK)
    return {
        partner_id: sum(is_spoilage_high(each.spoiled, each.used, percent=percent) for each in months)
        for partner_id, months in found.items()
    }


def _reveal_limit(partner: Partner, as_of: datetime, rules: Ruleset) -> str:
    is_new = partner.created_at > as_of - rules.days("reveal.new_partner", "for_days")
    daily = f"{rules.number('reveal.new_partner', 'per_day')} / d · " if is_new else ""
    return f"{daily}{rules.number('reveal.person', 'per_hour')} / h"


def _counted(rows: Any) -> dict[UUID, int]:
    return {row[0]: int(row[1]) for row in rows}
