"""Write one audit row. It stands in the same transaction as the act; no audit row, no act."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from psycopg2.extras import Json

from core.actor import Actor

_INSERT = """
INSERT INTO core_auditevent (at, action, actor_kind, actor_id, actor_label, partner_id,
  object_type, object_id, facts, request_id, ip, auth_strength)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


def record(
    action: str,
    *,
    by: Actor,
    at: datetime,
    object_type: str = "",
    object_id: Any = "",
    partner_id: UUID | None = None,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Append one row to the audit log.

    Facts hold ids, counts and codes: never a product key, never a private person's name. Plain SQL,
    because the unscoped login role may add a row but may not read one back.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            [
                at,
                action,
                by.kind.value,
                by.id,
                by.label[:200],
                partner_id if partner_id is not None else by.partner_id,
                object_type,
                str(object_id),
                Json(dict(facts or {})),
                by.request_id,
                by.ip,
                by.auth_strength,
            ],
        )
