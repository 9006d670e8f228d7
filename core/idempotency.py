"""Make a repeated request harmless: one key, one effect."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import connection
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid, refuse


class KeyReused(Invalid):
    """The same key came with another request body."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Whether this request is the first with its key, and which object the first one made."""

    is_first: bool
    row_id: UUID
    object_id: UUID | None


def hash_request(request: Mapping[str, Any]) -> bytes:
    """Return the SHA-256 of a request, independent of the order of its fields."""
    return hashlib.sha256(json.dumps(request, sort_keys=True, default=str).encode()).digest()


def claim(*, partner_id: UUID, operation: str, key: str, request: Mapping[str, Any], at: datetime) -> Claim:
    """Take the key inside the running transaction, or find what the first request made.

    A rival with the same key waits here until the first transaction ends. Rolls back with it.

    :raises KeyReused: when the key was used for another request.
    """
    wanted = hash_request(request)
    row_id = uuid4()
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO core_idempotencykey (id, partner_id, operation, key, request_hash, created_at)
            VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (partner_id, operation, key) DO NOTHING""",
            [row_id, partner_id, operation, key, wanted, at],
        )
        if cursor.rowcount == 1:
            return Claim(True, row_id, None)
        cursor.execute(
            """SELECT id, request_hash, object_id FROM core_idempotencykey
            WHERE partner_id = %s AND operation = %s AND key = %s""",
            [partner_id, operation, key],
        )
        found_id, found_hash, object_id = cursor.fetchone()
    if bytes(found_hash) != wanted:
        raise KeyReused(
            refuse(
                "idempotency_key_reused",
                _("This Idempotency-Key was used before for a different request."),
                rule="API-IDEMPOTENCY",
                next_step=_("Send a new key for a new request, or repeat the first request unchanged."),
                lifted_by=_("You, with a new key"),
            )
        )
    return Claim(False, found_id, object_id)


def remember(claimed: Claim, *, object_id: UUID) -> None:
    """Note which object the first request made, in the same transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE core_idempotencykey SET object_id = %s WHERE id = %s", [object_id, claimed.row_id]
        )
