"""Estimates: write one, order it once, withdraw it. It reserves nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, Invalid, NotFound
from licensing.locks import lock_estimate
from licensing.models import Estimate, EstimateLine, LicenceFamily, OrderLine, Product
from licensing.rules.estimates import (
    MOST_LINES,
    cannot_estimate,
    details_of_another,
    estimate_closed,
    estimate_repriced,
    holds_until,
)
from licensing.rules.key_syntax import mask_keys
from licensing.rules.ordering import check_quantity
from licensing.selectors.estimates import prices_today
from licensing.selectors.prices import currency_of, price_for
from licensing.selectors.prices_ahead import prices_ahead
from licensing.selectors.programme_rules import rules_at
from licensing.services.order_together import hold_queues
from licensing.services.orders import OrderRequest, place_order
from licensing.services.price_books import notice_days


class EstimateRefused(DomainError):
    """The estimate cannot be ordered, or not at this price."""


@transaction.atomic
def write_estimate(
    partner_id: UUID, lines: Sequence[tuple[str, int]], *, reference: str = "", by: Actor, at: datetime
) -> Estimate:
    """Write down what these products, (code, quantity) each, cost today. Runs in the partner's scope.

    :raises Invalid: for no line or too many, an unknown product, one twice, without a price, or one that
        goes to a named recipient.
    """
    codes = [code for code, _quantity in lines]
    products = {product.code: product for product in Product.objects.filter(code__in=codes)}
    if not 1 <= len(lines) <= MOST_LINES or len(set(codes)) != len(codes) or set(codes) != set(products):
        raise Invalid(cannot_estimate(_("These lines make no estimate."), {_("Lines"): len(lines)}))
    priced = [_priced(partner_id, products[code], quantity, at) for code, quantity in lines]
    changes = [one.at for one in prices_ahead(partner_id, at) if one.code in products]
    estimate = Estimate.objects.create(
        partner_id=partner_id,
        reference=mask_keys(reference).strip()[:60],
        currency=currency_of(partner_id),
        valid_before=holds_until(at, notice_days=notice_days(), changes=changes),
        written_by=by.label[:200],
        written_at=at,
    )
    EstimateLine.objects.bulk_create(
        EstimateLine(
            estimate=estimate,
            partner_id=partner_id,
            place=place,
            product=product,
            quantity=quantity,
            unit_price=price,
        )
        for place, (product, quantity, price) in enumerate(priced, start=1)
    )
    estimate.refresh_from_db()
    _audit("licensing.estimate.written", estimate, by=by, at=at)
    return estimate


@transaction.atomic
def order_estimate(
    estimate_id: UUID,
    *,
    accepted_total: Decimal | None = None,
    details: Mapping[str, Mapping[str, Any]] | None = None,
    channel: str = "browser",
    by: Actor,
    at: datetime,
) -> Estimate:
    """Turn an estimate into one order a line, all or none, exactly once. Runs in the partner's scope.

    Where today's total is another one, the buyer has to have seen and accepted it: ``accepted_total``. It
    never becomes dearer than accepted. ``details`` is what products ask for by their JSON Schemas, by code.

    :raises NotFound: for another's estimate.
    :raises Invalid: for details of a product that is not on the estimate.
    :raises EstimateRefused: when it was ordered or withdrawn, or costs something else today.
    :raises OrderRefused: by the gates of an order.
    """
    estimate = _locked(estimate_id, at)
    lines = list(estimate.lines.select_related("product"))
    given = details or {}
    _require_own(given, lines)
    hold_queues(estimate.partner_id, [line.product_id for line in lines])
    before = sum((line.amount for line in lines), Decimal(0))
    agreed = before if accepted_total is None else accepted_total
    today = sum(
        (now * line.quantity for line, now in prices_today(estimate, at) if now is not None), Decimal(0)
    )
    has_lapsed = at >= estimate.valid_before
    if today > agreed or (has_lapsed and accepted_total is None and today != before):
        raise EstimateRefused(estimate_repriced(before, today, estimate.currency, has_lapsed=has_lapsed))
    for line in lines:
        placed = place_order(
            partner_id=estimate.partner_id,
            request=OrderRequest(
                line.product_id,
                line.quantity,
                reference=estimate.reference,
                channel=channel,
                details=given.get(line.product.code, {}),
            ),
            idempotency_key=f"estimate-{line.pk}",
            by=by,
            at=at,
        )
        line.order_id = placed.order_id
        line.save(update_fields=["order"])
    ordered = OrderLine.objects.filter(order__estimate_line__estimate=estimate)
    total = sum((line.unit_price * line.quantity for line in ordered), Decimal(0))
    if total > agreed:
        raise EstimateRefused(estimate_repriced(before, total, estimate.currency, has_lapsed=has_lapsed))
    estimate.converted_at = at
    estimate.save(update_fields=["converted_at"])
    _audit("licensing.estimate.ordered", estimate, by=by, at=at)
    return estimate


@transaction.atomic
def withdraw_estimate(estimate_id: UUID, *, by: Actor, at: datetime) -> None:
    """Put an estimate away. Runs in the partner's scope.

    :raises EstimateRefused: when it was ordered or withdrawn before.
    """
    estimate = _locked(estimate_id, at)
    estimate.withdrawn_at = at
    estimate.save(update_fields=["withdrawn_at"])
    _audit("licensing.estimate.withdrawn", estimate, by=by, at=at)


def _priced(partner_id: UUID, product: Product, quantity: int, at: datetime) -> tuple[Product, int, Decimal]:
    problem = check_quantity(quantity, rules_at(at))
    if problem:
        raise Invalid(problem)
    price = price_for(partner_id, product.pk, quantity, at)
    facts = {_("Product"): product.name}
    if price is None:
        what = _("%(product)s has no price for you today.") % {"product": product.name}
        raise Invalid(cannot_estimate(what, facts))
    if product.family == LicenceFamily.CITIZENSHIP:
        what = _("%(product)s is ordered for a named recipient, so it is not estimated.")
        raise Invalid(cannot_estimate(what % {"product": product.name}, facts, alone=product.code))
    return product, quantity, price.amount


def _require_own(details: Mapping[str, Any], lines: Sequence[EstimateLine]) -> None:
    strange = sorted(set(details) - {line.product.code for line in lines})
    if strange:
        raise Invalid(details_of_another(strange[0]))


def _locked(estimate_id: UUID, at: datetime) -> Estimate:
    estimate = lock_estimate(estimate_id)
    if estimate is None:
        raise NotFound(_("There is no such estimate."))
    state = estimate.state_at(at)
    if state in ("ordered", "withdrawn"):
        raise EstimateRefused(estimate_closed(state))
    return estimate


def _audit(action: str, estimate: Estimate, *, by: Actor, at: datetime) -> None:
    audit.record(
        action,
        by=by,
        at=at,
        object_type="estimate",
        object_id=estimate.pk,
        partner_id=estimate.partner_id,
        facts={"number": estimate.number},
    )
