"""Quota exceptions for tests, taken to any state by the real services."""

from datetime import date, datetime
from typing import Any

from core.tenancy import mar_scope, partner_scope
from licensing.models import Product, QuotaException
from licensing.services.quota import (
    ExceptionRequest,
    mark_exception_asked,
    package_exception,
    record_answer,
    request_exception,
)
from partners.models import Partner, Recipient
from tests.factories import AT, actor_for, make_member
from tests.factories.recipients import BUYER, PAPER

WHY = "The school equips two new buildings, so it needs more PCs at once."


def exception_request(recipient: Recipient, product: Product, **changes: Any) -> ExceptionRequest:
    """Return a sound request."""
    facts = {
        "product_id": product.pk, "recipient_id": recipient.pk, "quantity": 100, "period_start": date(2026, 11, 1),
        "period_end": date(2026, 11, 30), "justification": WHY, "letter": PAPER, "letter_name": "letter.png",
    }  # fmt: skip
    return ExceptionRequest(**(facts | changes))


def make_exception(
    partner: Partner,
    recipient: Recipient,
    product: Product,
    *,
    quantity: int = 100,
    start: date = date(2026, 11, 1),
    end: date = date(2026, 11, 30),
    state: str = "approved",
    at: datetime = AT,
) -> QuotaException:
    """Return an exception that has reached a state."""
    wanted = exception_request(recipient, product, quantity=quantity, period_start=start, period_end=end)
    with partner_scope(partner.pk):
        exception = request_exception(partner.pk, wanted, by=BUYER, at=at)
    handler, other = make_member("mar_admin"), make_member("mar_approver")
    with mar_scope():
        if state != "requested":
            package_exception(exception.pk, by=actor_for(handler), at=at)
        if state in ("asked", "approved"):
            mark_exception_asked(exception.pk, by=actor_for(handler), at=at)
        if state in ("approved", "refused"):
            record_answer(
                exception.pk, is_approved=state == "approved", microsoft_reference="MS-4711", note="Answer",
                by=actor_for(other), at=at,
            )  # fmt: skip
        return QuotaException.objects.get(pk=exception.pk)
