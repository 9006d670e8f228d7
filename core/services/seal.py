"""Link committed rows of append-only tables into hash chains, and verify the chains.

Business transactions append rows unchained, so orders never wait for each other. One sealer at a
time (advisory lock) links the rows of all transactions that have ended, in the order of their ids.
A link is SHA-256(link before + SHA-256(row)). Source: docs/architecture.md, "Sealing".
"""

import hashlib
import hmac
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from core.custody_keys import seal_key

BLOCK_ROWS = 20_000
TAIL_MAY_BE = timedelta(minutes=10)
GENESIS = bytes(32)
# All transactions of this database below this number have ended. Those of the server's other databases
# can never write here and are not waited for. Numbers in pg_locks are the lower 32 bits; the upper ones
# are those of the newest number.
_ENDED_BELOW = """
WITH newest AS MATERIALIZED (SELECT (pg_snapshot_xmax(pg_current_snapshot())::text)::bigint AS number)
SELECT least(newest.number, (
  SELECT min(newest.number - ((newest.number - l.transactionid::text::bigint) & 4294967295))
  FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
  WHERE l.locktype = 'transactionid' AND l.granted
    AND (a.datid IS NULL OR a.datname = current_database())))
FROM newest
"""
UTC_TEXT = "to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US')"


@dataclass(frozen=True, slots=True)
class Stream:
    """An append-only table and the columns its chain protects, as SQL expressions."""

    name: str
    table: str
    columns: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Return the SQL of a row's SHA-256; independent of session time zone and date style."""
        return f"sha256(convert_to(jsonb_build_array({', '.join(self.columns)})::text, 'UTF8'))"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found. ``problem`` is empty when the chain holds."""

    stream: str
    links: int
    blocks: int
    unsealed_rows: int
    problem: str = ""
    row_id: int | None = None

    @property
    def is_sound(self) -> bool:
        """Return True when nothing is wrong."""
        return not self.problem


_streams: dict[str, Stream] = {}


def register_stream(stream: Stream) -> None:
    """Add a table to the sealer's round."""
    _streams[stream.name] = stream


def streams() -> list[Stream]:
    """Return the registered streams by name."""
    return [_streams[name] for name in sorted(_streams)]


def seal_stream(stream: Stream, *, at: datetime) -> int:
    """Link what has been committed since the last block and return how many rows that were.

    Runs in the MAR's scope. Waits for a rival sealer by an advisory lock held to the transaction's end.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"core.seal.{stream.name}"])
        cursor.execute(
            """SELECT number, last_sequence, head, sealed_below FROM core_sealblock
            WHERE stream = %s ORDER BY number DESC LIMIT 1""",
            [stream.name],
        )
        number, sequence, head, sealed_below = cursor.fetchone() or (0, 0, GENESIS, 0)
        cursor.execute(_ENDED_BELOW)
        ended_below = int(cursor.fetchone()[0])
        rows = _unsealed_rows(stream, sealed_below, ended_below)
        for start in range(0, len(rows), BLOCK_ROWS):
            number += 1
            block = rows[start : start + BLOCK_ROWS]
            head = _append_block(stream, number, sequence, bytes(head), block, ended_below, at)
            sequence += len(block)
    return len(rows)


def _unsealed_rows(stream: Stream, sealed_below: int, ended_below: int) -> list[tuple[int, memoryview]]:
    # Only rows of ended transactions: a row committed later could otherwise slip in behind. Rows of
    # transactions below the last block's mark are sealed already, so an index range finds the rest.
    # After a restore into a new cluster transaction numbers start again; then every row is looked at.
    was_restored = sealed_below > ended_below
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT r.id, {stream.digest} FROM {stream.table} r
            WHERE ((r.transaction >= %s AND r.transaction < %s) OR %s)
              AND NOT EXISTS (SELECT 1 FROM core_sealedrow s WHERE s.stream = %s AND s.row_id = r.id)
            ORDER BY r.id""",
            [sealed_below, ended_below, was_restored, stream.name],
        )
        return list(cursor.fetchall())


def _append_block(
    stream: Stream,
    number: int,
    sequence: int,
    head: bytes,
    rows: list[tuple[int, memoryview]],
    ended_below: int,
    at: datetime,
) -> bytes:
    links = io.StringIO()
    first = sequence + 1
    for row_id, digest in rows:
        sequence += 1
        head = hashlib.sha256(head + bytes(digest)).digest()
        links.write(f"{stream.name}\t{sequence}\t{row_id}\t\\\\x{head.hex()}\n")
    links.seek(0)
    with connection.cursor() as cursor:
        cursor.execute(
            """CREATE TEMPORARY TABLE IF NOT EXISTS seal_links
            (stream text, sequence bigint, row_id bigint, hash bytea) ON COMMIT DROP"""
        )
        cursor.execute("TRUNCATE seal_links")
        cursor.cursor.copy_expert("COPY seal_links FROM STDIN", links)
        cursor.execute(
            """INSERT INTO core_sealedrow (stream, sequence, row_id, hash)
            SELECT stream, sequence, row_id, hash FROM seal_links ORDER BY sequence"""
        )
        cursor.execute(
            """INSERT INTO core_sealblock (stream, number, first_sequence, last_sequence,
              head, signature, sealed_below, sealed_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)""",
            [
                stream.name,
                number,
                first,
                sequence,
                head,
                _sign(stream.name, number, sequence, head),
                ended_below,
                at,
            ],
        )
    return head


def _sign(stream: str, number: int, sequence: int, head: bytes) -> bytes:
    message = f"{stream}:{number}:{sequence}:".encode() + head
    return hmac.new(seal_key(), message, hashlib.sha256).digest()


def verify_stream(stream: Stream, *, at: datetime, tail_may_be: timedelta = TAIL_MAY_BE) -> Verdict:
    """Recompute the whole chain and name the first row that does not fit.

    Finds edited, deleted and smuggled rows, cut or re-ordered links, forged blocks, and a tail that
    has waited longer than ``tail_may_be`` for its seal. Runs in the MAR's scope.
    """
    checks: list[Callable[[Stream], tuple[str, int | None] | None]] = [_first_bad_link, _first_bad_block]
    links, blocks = _count("core_sealedrow", stream), _count("core_sealblock", stream)
    unsealed, oldest_row, oldest_at = _tail(stream)
    for check in checks:
        found = check(stream)
        if found:
            return Verdict(stream.name, links, blocks, unsealed, found[0], found[1])
    if oldest_at is not None and at - oldest_at > tail_may_be:
        waited = int((at - oldest_at).total_seconds())
        return Verdict(
            stream.name,
            links,
            blocks,
            unsealed,
            f"not sealed for {waited} s: is the sealer running?",
            oldest_row,
        )
    return Verdict(stream.name, links, blocks, unsealed)


def _first_bad_link(stream: Stream) -> tuple[str, int | None] | None:
    head = GENESIS
    for expected, (sequence, row_id, stored, digest) in enumerate(_links(stream), start=1):
        if sequence != expected:
            return f"link {expected} of the chain is missing", row_id
        if digest is None:
            return "the row was deleted", row_id
        head = hashlib.sha256(head + bytes(digest)).digest()
        if head != bytes(stored):
            return "the row was changed after it was sealed", row_id
    return None


def _links(stream: Stream) -> Iterator[tuple[int, int, memoryview, memoryview | None]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            f"""SELECT s.sequence, s.row_id, s.hash, CASE WHEN r.id IS NULL THEN NULL ELSE {stream.digest} END
            FROM core_sealedrow s LEFT JOIN {stream.table} r ON r.id = s.row_id
            WHERE s.stream = %s ORDER BY s.sequence""",
            [stream.name],
        )
        while rows := cursor.fetchmany(5000):
            yield from rows


def _first_bad_block(stream: Stream) -> tuple[str, int | None] | None:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT b.number, b.first_sequence, b.last_sequence, b.head, b.signature, s.hash, s.row_id
            FROM core_sealblock b LEFT JOIN core_sealedrow s ON s.stream = b.stream AND s.sequence = b.last_sequence
            WHERE b.stream = %s ORDER BY b.number""",
            [stream.name],
        )
        rows = cursor.fetchall()
    expected_number, expected_first = 1, 1
    for number, first, last, head, signature, link, row_id in rows:
        if number != expected_number or first != expected_first:
            return f"block {expected_number} is missing", row_id
        if link is None or bytes(link) != bytes(head):
            return f"block {number} does not end where the chain does", row_id
        if not hmac.compare_digest(bytes(signature), _sign(stream.name, number, last, bytes(head))):
            return f"the signature of block {number} is wrong", row_id
        expected_number, expected_first = number + 1, last + 1
    if expected_first - 1 != _count("core_sealedrow", stream):
        return "links stand behind the last block", None
    return None


def _count(table: str, stream: Stream) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table} WHERE stream = %s", [stream.name])
        return int(cursor.fetchone()[0])


def _tail(stream: Stream) -> tuple[int, int | None, datetime | None]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT count(*), min(r.id), min(r.written_at) FROM {stream.table} r
            WHERE NOT EXISTS (SELECT 1 FROM core_sealedrow s WHERE s.stream = %s AND s.row_id = r.id)""",
            [stream.name],
        )
        count, row_id, oldest = cursor.fetchone()
        return int(count), row_id, oldest
