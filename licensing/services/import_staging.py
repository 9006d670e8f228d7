"""The staged rows of an import: ciphertext and blind index on their way to stock, never a key in clear."""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import connection

from core.tenancy import mar_scope
from licensing.exchange.refusals import ErrorList
from licensing.models import BatchDataKey, KeyBatch, KeyBatchChunk, StagedKey

# COPY into a table under row-level security is refused, so rows pass through a temporary table.
_TEMPORARY = """
CREATE TEMPORARY TABLE import_rows (row_number integer, product_id bigint, fulfilment_number text,
  product_key_id text, last5 text, blind_index bytea, sealed bytea) ON COMMIT DROP
"""
_STAGE = """
INSERT INTO licensing_stagedkey
  (batch_id, row_number, product_id, fulfilment_number, product_key_id, last5, blind_index, sealed)
SELECT %s, row_number, product_id, fulfilment_number, product_key_id, last5, blind_index, sealed
FROM import_rows
"""
_TOUCH = """
UPDATE licensing_keybatch
SET claimed_at = clock_timestamp(), keys_done = %s, keys_total = greatest(keys_total, %s)
WHERE id = %s AND state = 'validating' AND claimed_at = %s RETURNING claimed_at
"""
_DUPLICATES = """
SELECT s.row_number, b.file_name, count(*) OVER () FROM licensing_stagedkey s
{others} JOIN licensing_keybatch b ON b.id = o.batch_id
WHERE s.batch_id = %s AND {among} ORDER BY s.row_number LIMIT %s
"""
_SAME_ID = "o.product_key_id = s.product_key_id"
_SAME_KEY = "o.blind_index = s.blind_index AND o.product_key_id <> s.product_key_id"
# Of the few pairs that meet by their blind index the key is looked up: joined, all keys would be read for it.
_BY_KEY = """JOIN licensing_keysecret i ON i.blind_index = s.blind_index
CROSS JOIN LATERAL (SELECT k.batch_id, k.product_key_id FROM licensing_productkey k WHERE k.id = i.key_id LIMIT 1) o"""
# Imports that passed their check hold their keys' places, though nothing of them is in stock yet.
_CHECKED = "b.id <> s.batch_id AND b.state IN ('ready', 'releasing')"
_KNOWN_KEYS = (
    # A decoy that happens to have a real key's id makes way for it at the release.
    ("product_key_id", "key_id_known", f"JOIN licensing_productkey o ON {_SAME_ID}",
     f"NOT ({_SAME_ID} AND licensing_is_decoy(o.id))"),
    ("product_key", "key_known", _BY_KEY, "o.product_key_id <> s.product_key_id"),
    ("product_key_id", "key_id_known", f"JOIN licensing_stagedkey o ON {_SAME_ID}", _CHECKED),
    ("product_key", "key_known", f"JOIN licensing_stagedkey o ON {_SAME_KEY}", _CHECKED),
)  # fmt: skip
_KNOWN_FULFILMENTS = """
SELECT known.row_number, known.fulfilment_number, min(known.file_name) FROM (
  SELECT s.row_number, s.fulfilment_number, b.file_name FROM mine s
    JOIN licensing_fulfilment f ON f.number = s.fulfilment_number AND f.undone_at IS NULL
    JOIN licensing_keybatch b ON b.id = f.batch_id
  UNION ALL
  SELECT s.row_number, s.fulfilment_number, b.file_name FROM mine s
    JOIN licensing_stagedkey o ON o.fulfilment_number = s.fulfilment_number AND o.batch_id <> %(batch)s
    JOIN licensing_keybatch b ON b.id = o.batch_id AND b.state IN ('ready', 'releasing')
) AS known GROUP BY 1, 2 ORDER BY 1
"""
_MINE = """WITH mine AS (SELECT min(row_number) AS row_number, fulfilment_number FROM licensing_stagedkey
WHERE batch_id = %(batch)s GROUP BY fulfilment_number)"""


MANY_ROWS = 1_000
_SET_PLANNER = "SELECT set_config('enable_nestloop', %s, true), set_config('work_mem', %s, true)"


class Overtaken(Exception):
    """Another worker has taken the job over; this one must not write any more."""


@dataclass(slots=True)
class Claim:
    """A worker's hold on a batch. It is lost when another worker takes the batch over."""

    batch_id: UUID
    token: datetime
    keys_done: int = 0
    keys_expected: int = 0
    call_offs: Mapping[str, str] = field(default_factory=dict)  # by fulfilment number, as the file says


def stage_rows(claim: Claim, lines: Sequence[str]) -> None:
    """Add rows, given as lines of COPY, in one short transaction that also shows the progress.

    :raises Overtaken: and writes nothing.
    """
    with mar_scope(), connection.cursor() as cursor:
        token = show_life(claim, more=len(lines))
        cursor.execute("DROP TABLE IF EXISTS pg_temp.import_rows")
        cursor.execute(_TEMPORARY)
        cursor.cursor.copy_expert("COPY import_rows FROM STDIN", io.StringIO("".join(lines)))
        cursor.execute(_STAGE, [claim.batch_id])
    # Only now is it committed; a claim given back after an error must carry what the database knows.
    claim.token = token
    claim.keys_done += len(lines)


def show_life(claim: Claim, *, more: int = 0) -> datetime:
    """Renew the claim in the database, write the progress and return the new token.

    Inside a transaction it also locks the batch.

    :raises Overtaken: when the claim is no longer ours.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TOUCH, [claim.keys_done + more, claim.keys_expected, claim.batch_id, claim.token])
        renewed: tuple[datetime] | None = cursor.fetchone()
    if renewed is None:
        raise Overtaken
    return renewed[0]


@contextmanager
def joins_for(rows: int) -> Iterator[None]:
    """Keep the planner from nested loops while many fresh rows are joined.

    Just loaded rows are in no statistics, and the application may not ANALYZE: the planner expects one
    row of the batch, and a nested loop over a hundred thousand would take hours.
    """
    if rows <= MANY_ROWS:
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('enable_nestloop'), current_setting('work_mem')")
        before = cursor.fetchone()
        cursor.execute(_SET_PLANNER, ["off", "64MB"])
        yield
        # After an error the rollback restores both.
        cursor.execute(_SET_PLANNER, before)


def wait_for_other_checks() -> None:
    """Let one import at a time compare itself with all others, held to the transaction's end.

    Of two imports with the same keys the first becomes ready and the second sees it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('licensing.imports'))")


def add_known_keys(batch_id: UUID, errors: ErrorList) -> None:
    """Note every staged row whose key or id came in before or waits in another checked import."""
    with connection.cursor() as cursor:
        for field, code, others, among in _KNOWN_KEYS:
            cursor.execute(_DUPLICATES.format(others=others, among=among), [batch_id, errors.limit])
            _add_found(errors, cursor.fetchall(), field=field, code=code)


def _add_found(errors: ErrorList, found: list[tuple[int, str, int]], *, field: str, code: str) -> None:
    for row_number, file_name, _total in found:
        errors.add(row_number, field, code, file=file_name)
    if found:
        errors.count += found[0][2] - len(found)


def add_known_fulfilments(batch_id: UUID, errors: ErrorList) -> None:
    """Note every fulfilment number that came in before or waits in another checked import."""
    with connection.cursor() as cursor:
        cursor.execute(f"{_MINE} {_KNOWN_FULFILMENTS}", {"batch": batch_id})
        for row_number, number, file_name in cursor.fetchall():
            errors.add(row_number, "fulfilment_number", "fulfilment_known", number=number, file=file_name)


def contents_of(batch_id: UUID, call_offs: Mapping[str, str]) -> list[dict[str, object]]:
    """Return how many keys of which product each fulfilment of the batch holds, and for which call-off."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT p.id, p.name, p.lpn, s.fulfilment_number, count(*)
            FROM licensing_stagedkey s JOIN licensing_product p ON p.id = s.product_id
            WHERE s.batch_id = %s GROUP BY p.id, s.fulfilment_number ORDER BY min(s.row_number)""",
            [batch_id],
        )
        return [
            {
                "product_id": product,
                "product": name,
                "lpn": lpn,
                "fulfilment": number,
                "keys": keys,
                "call_off": call_offs.get(number, ""),
            }
            for product, name, lpn, number, keys in cursor.fetchall()
        ]


def discard(batch_id: UUID) -> None:
    """Delete what was staged and uploaded, and destroy the data key, so that no copy of it ever opens."""
    StagedKey.objects.filter(batch_id=batch_id).delete()
    KeyBatchChunk.objects.filter(batch_id=batch_id).delete()
    BatchDataKey.objects.filter(batch_id=batch_id).update(wrapped=b"")


def state_of(batch_id: UUID) -> str | None:
    """Return where the batch stands, None when there is none."""
    return KeyBatch.objects.filter(id=batch_id).values_list("state", flat=True).first()
