"""Open the scope that fits a partner id, for work outside a request's own transaction."""

from contextlib import AbstractContextManager
from uuid import UUID

from django.db import transaction

from core.tenancy import mar_scope, partner_scope


def own_scope(partner_id: UUID | None, *, is_known: bool) -> AbstractContextManager[None]:
    """Return the partner's scope, the MAR's, or a plain transaction for an unknown visitor."""
    if partner_id:
        return partner_scope(partner_id)
    return mar_scope() if is_known else transaction.atomic()
