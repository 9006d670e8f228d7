"""Partners' returns at each step, made by the real services."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from core.actor import Actor
from core.tenancy import mar_scope, partner_scope
from licensing.models import PartnerReturn, ProductKey, ReturnRequest
from licensing.rules.key_states import KeyState
from licensing.services.partner_returns import ReturnWish, approve_return, check_return, request_return
from licensing.services.return_bundles import send_bundle
from tests.factories import AT, actor_for, make_member

PORTAL = Actor.system("check of returns")


def enable(keys: Sequence[ProductKey], state: KeyState = KeyState.ACTIVATION_ENABLED) -> None:
    """Take bound keys to Microsoft's answer."""
    ids = [key.pk for key in keys]
    with mar_scope():
        ProductKey.objects.filter(pk__in=ids).update(state=KeyState.REPORTED_BOUND)
        ProductKey.objects.filter(pk__in=ids).update(state=state, state_since=AT)


def ask_return(keys: Sequence[ProductKey], *, at: datetime = AT, **wish: Any) -> PartnerReturn:
    """Ask to give keys of one partner back."""
    partner_id: UUID = keys[0].partner_id  # type: ignore[assignment]
    wanted = ReturnWish(
        tuple(key.product_key_id for key in keys),
        **{"return_type": "ZOB", "reason": "Boards failed in the hall"} | wish,
    )
    with partner_scope(partner_id):
        done = request_return(
            partner_id=partner_id, wish=wanted, idempotency_key=str(uuid4()), by=PORTAL, at=at
        )
        return PartnerReturn.objects.get(pk=done.return_id)


def make_return(
    keys: Sequence[ProductKey], state: str = "approved", *, at: datetime = AT, **wish: Any
) -> PartnerReturn:
    """Return a partner's return that was asked for, checked or approved."""
    request = ask_return(keys, at=at, **wish)
    by = actor_for(make_member("mar_admin"))
    with mar_scope():
        if state in ("checked", "approved"):
            check_return(request.pk, note="Looked at it", by=by, at=at)
        if state == "approved":
            approve_return(request.pk, note="", by=by, at=at)
        request.refresh_from_db()
    return request


def send_returns(returns: Sequence[PartnerReturn], *, at: datetime = AT) -> ReturnRequest:
    """Send approved returns as one."""
    with mar_scope():
        return send_bundle([each.pk for each in returns], by=PORTAL, at=at)
