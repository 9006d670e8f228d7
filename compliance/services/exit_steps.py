"""What every step of a partner's way out does: hold it first, note it last."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from compliance import locks
from compliance.models import WindDown
from core import audit
from core.actor import Actor
from core.errors import NotFound


def locked_wind_down(partner_id: UUID) -> WindDown:
    """Hold a partner's way out.

    :raises NotFound: when he stays.
    """
    wind_down = locks.lock_wind_down(partner_id)
    if wind_down is None:
        raise NotFound(_("This partner is not leaving."))
    return wind_down


def note_exit(act: str, wind_down: WindDown, *, by: Actor, at: datetime, **facts: Any) -> None:
    """Write the audit row of a step."""
    audit.record(
        f"compliance.wind_down.{act}",
        by=by,
        at=at,
        object_type="partner",
        object_id=wind_down.partner_id,
        partner_id=wind_down.partner_id,
        facts=facts,
    )
