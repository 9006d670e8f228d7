"""A station has put a key on its PC: Microsoft's Consumed, before the hardware hash binds it."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import NotFound
from licensing.locks import lock_keys
from licensing.models import ProductKey
from licensing.rules.key_states import KeyState
from licensing.services.custody import Step, move_keys


@transaction.atomic
def consume_key(*, partner_id: UUID, product_key_id: str, by: Actor, at: datetime) -> bool:
    """Note that the key stands on its PC; return False when it was noted before.

    :raises NotFound: for a key that is not one of the partner's.
    :raises KeyCannotMove: when the key was not handed over, is held, or is reported already.
    """
    key = ProductKey.objects.filter(partner_id=partner_id, product_key_id=product_key_id).first()
    if key is None:
        raise NotFound(_("This key is not one of yours."))
    lock_keys([key.pk])
    key.refresh_from_db(fields=["state"])
    if key.state == KeyState.CONSUMED:
        return False
    step = Step("key.consumed", key.product_key_id, by, at)
    move_keys([key.pk], to=KeyState.CONSUMED, sources=(KeyState.RETRIEVED,), step=step)
    return True
