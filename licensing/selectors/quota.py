"""Read the month's quotas and the exceptions to them, for screens and lists."""

from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from licensing.models import Product, QuotaException
from licensing.models.catalogue import LicenceFamily
from licensing.rules.quota import OFFICE, WINDOWS, Quota, kind_of
from licensing.selectors.citizenship import BORNE, citizenship_facts
from partners.selectors.mar import mar_zone

_DRAWN = f"WITH {BORNE} SELECT coalesce(sum(n), 0) FROM borne WHERE exception_id = %(exception_id)s"


def month_quotas(partner_id: UUID, at: datetime) -> list[Quota]:
    """Return the month's Windows and Office quota of a partner, without exceptions."""
    return [_quota(partner_id, kind, None, at) for kind in (WINDOWS, OFFICE)]


def quota_of_product(partner_id: UUID, product: Product, at: datetime) -> Quota:
    """Return what a partner may still order of a Citizenship product, its exceptions included."""
    return _quota(partner_id, kind_of(product.generation), product.pk, at)


def citizenship_products(at: datetime) -> list[Product]:
    """Return the Citizenship products on sale, by name."""
    rows = Product.objects.filter(family=LicenceFamily.CITIZENSHIP, order_from__lte=at)
    return list(rows.filter(Q(order_before__isnull=True) | Q(order_before__gt=at)).order_by("name"))


def exceptions_of(partner_id: UUID) -> QuerySet[QuotaException]:
    """Return a partner's quota exceptions."""
    return QuotaException.objects.filter(partner_id=partner_id).select_related("product", "recipient")


def exception_of(partner_id: UUID, exception_id: UUID) -> QuotaException | None:
    """Return one of a partner's quota exceptions, None when it is not his."""
    return exceptions_of(partner_id).select_related("letter").filter(pk=exception_id).first()


def all_exceptions() -> QuerySet[QuotaException]:
    """Return every quota exception with what a page shows. Inside the MAR's scope."""
    return QuotaException.objects.select_related(
        "partner", "product", "recipient", "letter", "handled_by", "decided_by"
    )


def drawn_of(exception: QuotaException) -> int:
    """Return how many licences an exception has borne; cancelled and called back ones do not count."""
    zone = mar_zone()
    with connection.cursor() as cursor:
        cursor.execute(
            _DRAWN,
            {
                "exception_id": exception.pk,
                "partner_id": exception.partner_id,
                "zone": zone.key,
                "except_order": None,
            },
        )
        row = cursor.fetchone()
    assert row is not None  # noqa: S101  (an aggregate has one row)
    return int(row[0])


def _quota(partner_id: UUID, kind: str, product_id: int | None, at: datetime) -> Quota:
    return citizenship_facts(
        partner_id=partner_id, product_id=product_id, kind=kind, recipient_id=None, at=at, zone=mar_zone()
    ).quota
