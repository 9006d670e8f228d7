"""The rows of a file of orders: their products, recipients and details, or what is wrong with which cell."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from licensing.exchange.order_csv import DETAIL_PREFIX, WantedOrder
from licensing.exchange.refusals import ErrorList
from licensing.models import OrderFileLine
from licensing.rules.required_fields import check_fields, fields_of, from_text
from licensing.selectors.order_files import products_by_text, recipients_by_text
from licensing.selectors.products import versions_at


def detail_names(at: datetime) -> set[str]:
    """Return every field that any product asks for now: a file may have a column for each."""
    return {
        field.name for version in versions_at(at).values() for field in fields_of(version.required_fields)
    }


def lines_of(
    partner_id: UUID, wanted: Sequence[WantedOrder], errors: ErrorList, *, at: datetime
) -> list[OrderFileLine]:
    """Return the rows as lines that are not stored yet; what is not found is added to the errors."""
    products, recipients = products_by_text(), recipients_by_text(partner_id)
    schemas = {product_id: version.required_fields for product_id, version in versions_at(at).items()}
    first_rows: dict[tuple[Any, ...], int] = {}
    lines = []
    for row in wanted:
        before = errors.count
        product = products.get(row.product.casefold())
        named = recipients.get(row.recipient.casefold(), set()) if row.recipient else set()
        if product is None:
            errors.add(row.row_number, "product", "order_product_unknown")
        if row.recipient and len(named) != 1:
            code = "order_recipient_several" if named else "order_recipient_unknown"
            errors.add(row.row_number, "recipient", code)
        if product is None:
            continue
        recipient_id = next(iter(named), None)
        details = _details(row, schemas.get(product.pk, {}), errors)
        first = first_rows.setdefault((row.group, product.pk, recipient_id), row.row_number)
        if first != row.row_number:
            errors.add(row.row_number, "product", "order_product_twice", first_row=first)
        if errors.count == before:
            lines.append(
                OrderFileLine(
                    partner_id=partner_id, row_number=row.row_number, group=row.group, reference=row.reference,
                    product=product, quantity=row.quantity, recipient_id=recipient_id, shortage=row.shortage,
                    may_wait=row.may_wait, lane=row.lane, note=row.note, details=details,
                )
            )  # fmt: skip
    return lines


def _details(row: WantedOrder, schema: Mapping[str, Any], errors: ErrorList) -> dict[str, Any]:
    """Return the details as the form and the API would send them."""
    details = from_text(schema, row.details)
    for problem in check_fields(schema, details):
        column = f"{DETAIL_PREFIX}{problem.name}" if problem.name else "product"
        errors.add(row.row_number, column, "order_details", expected=problem.what)
    return details
