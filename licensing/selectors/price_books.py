"""Price books as the MAR sees them: what stands in each, who pays by which, every discount, and the parity."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import (
    BigIntegerField,
    Count,
    DecimalField,
    ExpressionWrapper,
    F,
    Field,
    Q,
    QuerySet,
    TextField,
)
from django.db.models.expressions import RawSQL

from licensing.models import PartnerPricing, Price, PriceBook, PriceDeviation, Product
from licensing.selectors.prices import prices_by_rule
from partners.models import Partner

MONEY: "DecimalField[Any, Any]" = DecimalField(max_digits=10, decimal_places=2)
# The words a partner's price is asked by, and what each is.
_PAID: "dict[str, Field[Any, Any]]" = {
    "amount": MONEY,
    "currency": TextField(),
    "book": TextField(),
    "list_amount": MONEY,
    "deviation_id": BigIntegerField(),
    "basis": BigIntegerField(),
}


def books(at: datetime) -> QuerySet[PriceBook]:
    """Return every book with its prices in force and to come, drafts, and partners put on it now."""
    live = Q(prices__announced_at__isnull=False, prices__withdrawn_at__isnull=True)
    begun = Q(prices__valid_from__lte=at)
    open_end = Q(prices__valid_before__isnull=True) | Q(prices__valid_before__gt=at)
    on_it = Q(pricings__approved_at__isnull=False, pricings__valid_from__lte=at) & (
        Q(pricings__valid_before__isnull=True) | Q(pricings__valid_before__gt=at)
    )
    return PriceBook.objects.annotate(
        in_force=Count("prices", filter=live & begun & open_end, distinct=True),
        ahead=Count("prices", filter=live & ~begun, distinct=True),
        drafts=Count(
            "prices",
            filter=Q(prices__announced_at__isnull=True, prices__discarded_at__isnull=True),
            distinct=True,
        ),
        partner_count=Count("pricings__partner", filter=on_it, distinct=True),
    )


def book_by_code(code: str) -> PriceBook | None:
    """Return one book, None when there is none."""
    return PriceBook.objects.filter(code=code).first()


def prices_of_book(book: PriceBook) -> QuerySet[Price]:
    """Return every price written into a book, drafts and withdrawn ones too."""
    return Price.objects.filter(book=book).select_related("book", "product", "written_by", "approved_by")


def price_by_id(price_id: int) -> Price | None:
    """Return one price, None when there is none."""
    found = Price.objects.select_related("book", "product", "written_by", "approved_by")
    return found.filter(pk=price_id).first()


def course_of(book: PriceBook, product: Product) -> list[Price]:
    """Return the announced prices of a product in a book, by threshold and date."""
    live = prices_of_book(book).filter(product=product, announced_at__isnull=False, withdrawn_at__isnull=True)
    return list(live.order_by("min_quantity", "valid_from"))


def pricings() -> QuerySet[PartnerPricing]:
    """Return every partner's place on a book, proposals too."""
    return PartnerPricing.objects.select_related("partner", "book", "written_by", "approved_by")


def deviations() -> QuerySet[PriceDeviation]:
    """Return every manual discount, proposals too."""
    return PriceDeviation.objects.select_related("partner", "product", "written_by", "approved_by")


def paying_partners(product_id: int, at: datetime) -> QuerySet[Partner]:
    """Return every partner with what one licence of the product costs him now, by which book, and why.

    ``standard`` is the price of the standard book in the partner's currency; ``deviation_id`` his discount.
    """

    def paid(column: str) -> RawSQL:
        question = f"(SELECT u.{column} FROM licensing_unit_price(partners_partner.id, %s, 1, %s) u)"
        return RawSQL(question, [product_id, at], output_field=_PAID[column])  # noqa: S611

    standard = RawSQL(
        """(SELECT x.amount FROM licensing_price x JOIN licensing_pricebook b ON b.id = x.book_id
        WHERE b.route = 'standard' AND x.product_id = %s AND x.min_quantity = 1 AND x.announced_at IS NOT NULL
          AND x.withdrawn_at IS NULL AND x.valid_from <= %s AND (x.valid_before IS NULL OR x.valid_before > %s)
          AND b.currency = (SELECT u.currency FROM licensing_unit_price(partners_partner.id, %s, 1, %s) u))""",
        [product_id, at, at, product_id, at],
        output_field=MONEY,
    )
    return (
        Partner.objects.exclude(state="terminated")
        .annotate(
            pays=paid("amount"),
            currency=paid("currency"),
            book=paid("book"),
            list_amount=paid("list_amount"),
            deviation_id=paid("deviation_id"),
            basis=paid("basis"),
            standard=standard,
        )
        .annotate(difference=ExpressionWrapper(F("pays") - F("standard"), MONEY))
    )


@dataclass(frozen=True, slots=True)
class Parity:
    """How many partners were worked out twice, and whose two answers differ."""

    checked: int
    differing: Sequence[str]


def check_parity(product_id: int, at: datetime) -> Parity:
    """Work every partner's price out by the written rule too, and compare it with the database's answer."""
    partners: Any = paying_partners(product_id, at)
    found = list(partners.values_list("pk", "code", "pays", "book", "deviation_id"))
    ids: list[UUID] = [row[0] for row in found]
    by_rule = prices_by_rule(ids, product_id, 1, at)

    def answer(pk: UUID) -> tuple[Decimal | None, str | None, int | None]:
        price = by_rule[pk]
        return (price.amount, price.book, price.deviation_id) if price else (None, None, None)

    differing = [code for pk, code, *paid in found if tuple(paid) != answer(pk)]
    return Parity(len(found), differing)
