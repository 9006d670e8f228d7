"""A partner's files of orders, and how a row's product and recipient are found."""

from collections import defaultdict
from uuid import UUID

from django.db.models import Count, QuerySet, Sum

from licensing.models import OrderFile, Product
from partners.models import Recipient


def order_files_of(partner_id: UUID) -> QuerySet[OrderFile]:
    """Return a partner's files with their number of rows, licences and placed rows, the newest first."""
    return OrderFile.objects.filter(partner_id=partner_id).annotate(
        line_count=Count("lines"), quantity=Sum("lines__quantity"), placed_count=Count("lines__order")
    )


def order_file_of(partner_id: UUID, file_id: UUID) -> OrderFile | None:
    """Return one file of a partner, None when it is not his."""
    return order_files_of(partner_id).filter(pk=file_id).first()


def ordered_before(file: OrderFile) -> OrderFile | None:
    """Return an older file of the same bytes that was ordered, None without one."""
    same = OrderFile.objects.filter(partner_id=file.partner_id, sha256=file.sha256, placed_at__isnull=False)
    return same.exclude(pk=file.pk).order_by("-placed_at").first()


def products_by_text() -> dict[str, Product]:
    """Return every product by its code and by its licensable part number, in small letters."""
    found = {}
    for product in Product.objects.all():
        found[product.lpn.casefold()] = product
        found[product.code.casefold()] = product
    return found


def recipients_by_text(partner_id: UUID) -> dict[str, set[UUID]]:
    """Return a partner's own recipients by id, register number and name, in small letters."""
    found: dict[str, set[UUID]] = defaultdict(set)
    for pk, register_id, name in Recipient.objects.filter(partner_id=partner_id).values_list(
        "pk", "register_id", "name"
    ):
        for text in (str(pk), register_id, name):
            if text:
                found[text.casefold()].add(pk)
    return found
