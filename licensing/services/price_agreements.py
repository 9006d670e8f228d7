"""What one partner pays otherwise: his place on a book, and manual discounts; each by two people, with a reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import Invalid, NotFound
from licensing.locks import lock_deviation, lock_pricing
from licensing.models import PartnerPricing, PriceBook, PriceDeviation, Product
from licensing.rules.price_checks import (
    WantedDeviation,
    check_announcement,
    check_deviation,
    check_pricing,
    not_open,
    pricing_overlaps,
    second_person,
)
from licensing.rules.prices import UnitPrice
from licensing.selectors.prices import currency_of, price_for, prices_for
from licensing.services.price_books import PriceRefused, notice_days
from partners.models import Partner
from partners.selectors.mar import mar_zone

LARGEST_QUANTITY = 1_000_000
MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class NewPricing:
    """A place on a book as it is written."""

    partner_id: UUID
    book_id: int
    valid_from: datetime
    valid_before: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class NewDeviation:
    """A discount as it is written: the price of one licence, for so many licences, in a time."""

    partner_id: UUID
    product_id: int
    amount: Decimal
    quantity: int
    valid_from: datetime
    valid_before: datetime
    reason: str


@transaction.atomic
def write_pricing(wanted: NewPricing, *, by: Actor, at: datetime) -> PartnerPricing:
    """Propose that a partner pays by another book for a time.

    :raises NotFound: for an unknown partner or book.
    :raises Invalid: for another currency, a time that is over, or no reason.
    """
    book = PriceBook.objects.filter(pk=wanted.book_id).first()
    if book is None or by.user_id is None or not Partner.objects.filter(pk=wanted.partner_id).exists():
        raise NotFound(_("There is no such partner or book."))
    problem = check_pricing(
        currency=currency_of(wanted.partner_id),
        book_currency=book.currency,
        valid_from=wanted.valid_from,
        valid_before=wanted.valid_before,
        reason=wanted.reason,
        at=at,
    )
    if problem:
        raise Invalid(problem)
    pricing = PartnerPricing.objects.create(
        partner_id=wanted.partner_id,
        book=book,
        valid_from=wanted.valid_from,
        valid_before=wanted.valid_before,
        reason=wanted.reason.strip()[:300],
        written_by_id=by.user_id,
        written_at=at,
    )
    _audit_pricing("licensing.pricing.written", pricing, by=by, at=at)
    return pricing


@transaction.atomic
def approve_pricing(pricing_id: UUID, *, by: Actor, at: datetime) -> PartnerPricing:
    """Put the partner on the book as a colleague proposed.

    What was to begin before now begins now: it never counts backwards. What becomes dearer by it comes with
    the notice of a dearer price.

    :raises PriceRefused: for whoever wrote it, for what is no draft, when another book holds then, or when
        something becomes dearer too soon.
    """
    pricing = _locked_pricing(pricing_id)
    _require_open(pricing, by, at)
    pricing.valid_from = max(pricing.valid_from, at)
    _require_free_time(pricing)
    before = _paid(pricing, pricing.valid_from)
    pricing.approved_by_id, pricing.approved_at = by.user_id, at
    pricing.save(update_fields=["valid_from", "approved_by", "approved_at"])
    _require_notice(before, _paid(pricing, pricing.valid_from), pricing.valid_from, at)
    _audit_pricing("licensing.pricing.approved", pricing, by=by, at=at)
    return pricing


@transaction.atomic
def end_pricing(pricing_id: UUID, *, by: Actor, at: datetime) -> PartnerPricing:
    """Discard a proposal, or end a partner's place on a book; his tier's or the standard book applies by itself.

    It ends now where nothing becomes dearer by it, else after the notice of a dearer price.

    :raises PriceRefused: when it ended before.
    """
    pricing = _locked_pricing(pricing_id)
    is_counting = pricing.approved_at is not None and pricing.valid_from <= at
    before, agreed_until = _paid(pricing, at) if is_counting else {}, pricing.valid_before
    saved = transaction.savepoint()
    _end(pricing, at)
    if _dearer(before, _paid(pricing, at) if is_counting else {}):
        transaction.savepoint_rollback(saved)
        notice_ends = at + timedelta(days=notice_days())
        pricing.valid_before = min(agreed_until or notice_ends, notice_ends)
        pricing.save(update_fields=["valid_before"])
    else:
        transaction.savepoint_commit(saved)
    _audit_pricing("licensing.pricing.ended", pricing, by=by, at=at)
    return pricing


@transaction.atomic
def write_deviation(wanted: NewDeviation, *, by: Actor, at: datetime) -> PriceDeviation:
    """Propose a discount; it counts for no order before another person approves it.

    :raises NotFound: for an unknown partner or product.
    :raises Invalid: for a price that is none, no quantity, a time that is over, or no reason.
    """
    product = Product.objects.filter(pk=wanted.product_id).first()
    if product is None or by.user_id is None or not Partner.objects.filter(pk=wanted.partner_id).exists():
        raise NotFound(_("There is no such partner or product."))
    pays = price_for(wanted.partner_id, wanted.product_id, 1, max(wanted.valid_from, at))
    currency = pays.currency if pays else currency_of(wanted.partner_id)
    problem = check_deviation(
        WantedDeviation(
            wanted.amount, wanted.quantity, wanted.valid_from, wanted.valid_before, wanted.reason, currency,
            pays.list_amount if pays else None,
        ),
        at=at,
        largest=LARGEST_QUANTITY,
    )  # fmt: skip
    if problem:
        raise Invalid(problem)
    deviation = PriceDeviation.objects.create(
        partner_id=wanted.partner_id,
        product=product,
        amount=wanted.amount,
        currency=currency,
        quantity=wanted.quantity,
        valid_from=wanted.valid_from,
        valid_before=wanted.valid_before,
        reason=wanted.reason.strip()[:300],
        written_by_id=by.user_id,
        written_at=at,
    )
    _audit_deviation("licensing.deviation.written", deviation, by=by, at=at)
    return deviation


@transaction.atomic
def approve_deviation(deviation_id: int, *, by: Actor, at: datetime) -> PriceDeviation:
    """Let a colleague's discount count, from now at the earliest.

    :raises PriceRefused: for whoever wrote it, or for what is no draft.
    """
    deviation = _locked_deviation(deviation_id)
    _require_open(deviation, by, at)
    deviation.valid_from = max(deviation.valid_from, at)
    deviation.approved_by_id, deviation.approved_at = by.user_id, at
    deviation.save(update_fields=["valid_from", "approved_by", "approved_at"])
    _audit_deviation("licensing.deviation.approved", deviation, by=by, at=at)
    return deviation


@transaction.atomic
def end_deviation(deviation_id: int, *, by: Actor, at: datetime) -> None:
    """Discard a proposal, or end a discount now; orders placed by it keep their price.

    :raises PriceRefused: when it ended before.
    """
    deviation = _locked_deviation(deviation_id)
    _end(deviation, at)
    _audit_deviation("licensing.deviation.ended", deviation, by=by, at=at)


def _require_open(written: PartnerPricing | PriceDeviation, by: Actor, at: datetime) -> None:
    is_over = written.valid_before is not None and written.valid_before <= at
    if by.user_id is None or is_over or written.approved_at is not None or written.discarded_at is not None:
        raise PriceRefused(not_open(written.state_at(at)))
    if written.written_by_id == by.user_id:
        raise PriceRefused(second_person(str(written.written_by), written.written_at))


def _end(written: PartnerPricing | PriceDeviation, at: datetime) -> None:
    is_over = written.valid_before is not None and written.valid_before <= at
    if written.discarded_at is not None or (written.approved_at is not None and is_over):
        raise PriceRefused(not_open(written.state_at(at)))
    if written.approved_at is None:
        written.discarded_at = at
    else:
        # What was to begin later ends in the instant it begins: it never counts.
        written.valid_before = max(at, written.valid_from + MOMENT)
    written.save(update_fields=["discarded_at", "valid_before"])


def _paid(pricing: PartnerPricing, at: datetime) -> dict[Product, UnitPrice]:
    """Return what the partner pays for one licence of each product of the book at an instant."""
    products = {
        product.pk: product for product in Product.objects.filter(prices__book=pricing.book_id).distinct()
    }
    found = prices_for(pricing.partner_id, list(products), at)
    return {products[product_id]: price for product_id, price in found.items()}


def _dearer(before: Mapping[Product, UnitPrice], after: Mapping[Product, UnitPrice]) -> list[Product]:
    """Return the products whose list price rises; one that loses its price counts too."""
    return [
        product
        for product, price in before.items()
        if product not in after or after[product].list_amount > price.list_amount
    ]


def _require_notice(
    before: Mapping[Product, UnitPrice], after: Mapping[Product, UnitPrice], begins: datetime, at: datetime
) -> None:
    for product in _dearer(before, after):
        problem = check_announcement(
            amount=after[product].list_amount, before=before[product].list_amount, valid_from=begins, at=at,
            notice_days=notice_days(), zone=mar_zone(),
        )  # fmt: skip
        if problem:
            raise PriceRefused(problem)


def _require_free_time(pricing: PartnerPricing) -> None:
    others = PartnerPricing.objects.filter(partner_id=pricing.partner_id, approved_at__isnull=False)
    for other in others.select_related("book"):
        begins_later = pricing.valid_before is not None and other.valid_from >= pricing.valid_before
        ended = other.valid_before is not None and other.valid_before <= pricing.valid_from
        if not begins_later and not ended:
            raise PriceRefused(pricing_overlaps(other.book.name, other.valid_from, other.valid_before))


def _locked_pricing(pricing_id: UUID) -> PartnerPricing:
    pricing = lock_pricing(pricing_id)
    if pricing is None:
        raise NotFound(_("There is no such place on a book."))
    return pricing


def _locked_deviation(deviation_id: int) -> PriceDeviation:
    deviation = lock_deviation(deviation_id)
    if deviation is None:
        raise NotFound(_("There is no such discount."))
    return deviation


def _audit_pricing(action: str, pricing: PartnerPricing, *, by: Actor, at: datetime) -> None:
    audit.record(
        action,
        by=by,
        at=at,
        object_type="partner_pricing",
        object_id=pricing.pk,
        partner_id=pricing.partner_id,
        facts={"book": pricing.book.code, "valid_from": pricing.valid_from.isoformat()},
    )


def _audit_deviation(action: str, deviation: PriceDeviation, *, by: Actor, at: datetime) -> None:
    audit.record(
        action,
        by=by,
        at=at,
        object_type="price_deviation",
        object_id=deviation.pk,
        partner_id=deviation.partner_id,
        facts={
            "product": deviation.product.code,
            "amount": str(deviation.amount),
            "quantity": deviation.quantity,
            "valid_before": deviation.valid_before.isoformat(),
        },
    )
