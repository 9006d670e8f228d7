"""Put invented keys among the keys of a delivery; nobody gets one, and whoever opens one is known.

Which keys they are stands nowhere in clear: licensing/models/decoy.py. Source: docs/security.md, "Decoy keys".
"""

import hashlib
import hmac
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random, SystemRandom
from uuid import UUID

from django.db import connection

from core.actor import Actor
from core.crypto import KeyCipher, blind_index
from core.custody_keys import blind_index_key, decoy_key, master_key
from licensing.models import BatchDataKey, DecoyCount
from licensing.rules.decoys import FIRST_TAIL, LONGEST_TAIL, how_many, invented_id, invented_key
from licensing.rules.key_states import Hold
from licensing.services.custody import Step, change_hold

# A delivery's head: decoys that the stock has been sold past. A walk over them costs each order a moment.
HEAD = 500
_NEIGHBOURS = """
SELECT row_number, product_id, fulfilment_number, product_key_id FROM licensing_stagedkey
WHERE batch_id = %s ORDER BY random() LIMIT %s
"""
_ID_TAKEN = """
SELECT EXISTS (SELECT 1 FROM licensing_productkey WHERE product_key_id = %(id)s)
  OR EXISTS (SELECT 1 FROM licensing_stagedkey WHERE batch_id = %(batch)s AND product_key_id = %(id)s)
"""
_STAGE = """
INSERT INTO licensing_stagedkey
  (batch_id, row_number, product_id, fulfilment_number, product_key_id, last5, blind_index, sealed)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""
_FOUND = "SELECT id, fulfilment_id, product_id FROM licensing_productkey WHERE product_key_id = ANY(%s)"
# Asked of the pairs that meet, not of every key: the planner would ask first and join then.
_IN_THE_WAY = """
SELECT k.id, k.product_key_id FROM licensing_stagedkey s
JOIN licensing_productkey k ON k.product_key_id = s.product_key_id
WHERE s.batch_id = %s AND licensing_is_decoy(CASE WHEN s.product_key_id = k.product_key_id THEN k.id END)
"""
_HEAD = """
SELECT id, licensing_is_decoy(id) FROM licensing_productkey
WHERE product_id = %s AND pool = 0 AND state = 1 AND hold = 'none' ORDER BY position LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Planted:
    """The ids of a batch's decoys while it is being released; they are not kept."""

    product_key_ids: Sequence[str]


def plant_decoys(batch_id: UUID, *, keys: int, random: Random | None = None) -> Planted:
    """Stage a few invented keys among a batch's staged rows, inside the caller's transaction.

    Each stands beside a drawn neighbour, in its fulfilment, under the batch's own data key.
    """
    random = random or SystemRandom()
    cipher = _cipher_of(batch_id)
    with connection.cursor() as cursor:
        cursor.execute(_NEIGHBOURS, [batch_id, how_many(keys, random)])
        neighbours = cursor.fetchall()
        planted = []
        for row_number, product_id, fulfilment_number, neighbour in neighbours:
            name, key = _free_id(batch_id, neighbour, random), invented_key(random)
            sealed = cipher.encrypt(key, identity=f"{batch_id}:{name}")
            index = blind_index(blind_index_key(), key)
            cursor.execute(
                _STAGE, [batch_id, row_number, product_id, fulfilment_number, name, key[-5:], index, sealed]
            )
            planted.append(name)
    return Planted(planted)


def mark_decoys(planted: Planted, *, at: datetime) -> None:
    """Write the marks of decoys that have become keys, and how many each fulfilment got."""
    with connection.cursor() as cursor:
        cursor.execute(_FOUND, [list(planted.product_key_ids)])
        found = cursor.fetchall()
        # In the order of the marks: the order of the rows says nothing about the order of the keys.
        marks = sorted(mark_of(key_id) for key_id, _fulfilment, _product in found)
        cursor.execute("SELECT licensing_add_decoys(%s)", [[mark_of(0), *marks]])
    DecoyCount.objects.bulk_create(
        DecoyCount(fulfilment_id=fulfilment_id, product_id=product_id, free=free, released_at=at)
        for (fulfilment_id, product_id), free in Counter((row[1], row[2]) for row in found).items()
    )


def step_aside(batch_id: UUID, *, random: Random | None = None) -> int:
    """Give another id to each decoy whose id a delivery brings for a real key; return how many there were."""
    random = random or SystemRandom()
    with connection.cursor() as cursor:
        cursor.execute(_IN_THE_WAY, [batch_id])
        found = cursor.fetchall()
        for key_id, name in found:
            cursor.execute(
                "UPDATE licensing_productkey SET product_key_id = %s WHERE id = %s",
                [_free_id(batch_id, name, random), key_id],
            )
    return len(found)


def retire_decoys(product_id: int, *, by: Actor, at: datetime) -> int:
    """Put the decoys that the stock has been sold past into quarantine, and return how many.

    A free key older than all others would be known for what it is, and each order would walk over it.
    Runs in the MAR's scope.
    """
    with connection.cursor() as cursor:
        cursor.execute(_HEAD, [product_id, HEAD])
        head = cursor.fetchall()
    passed = []
    for key_id, is_decoy in head:
        if not is_decoy:
            break
        passed.append(key_id)
    if passed:
        change_hold(
            sorted(passed),
            before=Hold.NONE,
            after=Hold.QUARANTINED,
            step=Step("hold.quarantined", "", by, at),
        )
    return len(passed)


def retire_all_decoys(*, at: datetime) -> int:
    """Put aside what every product's stock was sold past, and return how many decoys that were."""
    by = Actor.system("stock keeping")
    products = DecoyCount.objects.filter(free__gt=0).values_list("product_id", flat=True).distinct()
    return sum(retire_decoys(product_id, by=by, at=at) for product_id in sorted(products))


def mark_of(key_id: int) -> bytes:
    """Return the mark of a key's number; the database computes the same."""
    return hmac.digest(decoy_key(), str(key_id).encode(), hashlib.sha256)


def _cipher_of(batch_id: UUID) -> KeyCipher:
    wrapped = BatchDataKey.objects.get(batch_id=batch_id).wrapped
    return KeyCipher(master_key().unwrap(bytes(wrapped), context=str(batch_id)))


def _free_id(batch_id: UUID, neighbour: str, random: Random) -> str:
    for tail in range(FIRST_TAIL, LONGEST_TAIL + 1):
        name = invented_id(neighbour, tail, random)
        with connection.cursor() as cursor:
            cursor.execute(_ID_TAKEN, {"id": name, "batch": batch_id})
            if not cursor.fetchone()[0]:
                return name
    raise RuntimeError("no product key id is left to invent")
