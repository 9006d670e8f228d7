"""Made-up deliveries to try an import with: well-formed, and never a real key."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from licensing.exchange.fulfilment import (
    MAX_KEYS_PER_FULFILMENT,
    MAX_KEYS_PER_JOB,
    FulfilmentHeader,
    FulfilmentRow,
)
from licensing.exchange.fulfilment_csv import write_fulfilment_csv
from licensing.exchange.fulfilment_xml import write_fulfilment_xml
from licensing.exchange.samples import sample_guid, sample_product_key_id
from licensing.rules.key_syntax import SecretKey, synthetic_key

MAX_KEYS = MAX_KEYS_PER_JOB
_MOST_IDS = 10**10


def sample_delivery(
    file_format: str,
    *,
    keys: int,
    part_numbers: Sequence[str],
    sold_to_id: str,
    seed: str,
    at: datetime,
    call_off_reference: str = "",
) -> bytes:
    """Return a synthetic delivery as "xml" or "csv" with so many keys, dealt out over the part numbers.

    The same arguments give the same bytes; another seed gives other keys and other fulfilment numbers.
    """
    deliveries = _deliveries(keys, part_numbers, sold_to_id=sold_to_id, seed=seed, at=at)
    if call_off_reference:
        deliveries = [
            (replace(header, call_off_reference_number=call_off_reference), rows)
            for header, rows in deliveries
        ]
    if file_format == "xml":
        return write_fulfilment_xml(deliveries)
    rows = [row for _header, rows in deliveries for row in rows]
    return write_fulfilment_csv(rows)


def _deliveries(
    keys: int, part_numbers: Sequence[str], *, sold_to_id: str, seed: str, at: datetime
) -> list[tuple[FulfilmentHeader, list[FulfilmentRow]]]:
    chance = random.Random(f"delivery:{seed}")  # noqa: S311  (sample data, no secret)
    first_id = chance.randrange(_MOST_IDS - keys)
    deliveries: list[tuple[FulfilmentHeader, list[FulfilmentRow]]] = []
    done = 0
    while done < keys:
        share = -(-(keys - done) // max(len(part_numbers) - len(deliveries), 1))
        size = min(share, MAX_KEYS_PER_FULFILMENT)
        lpn = part_numbers[len(deliveries) % len(part_numbers)]
        number = f"{chance.randrange(10**10):010d}"
        header = FulfilmentHeader(
            order_unique_id=sample_guid(f"{seed}:{number}"),
            ms_order_number=f"{chance.randrange(10**10):010d}",
            ms_order_line_number=1,
            sold_to_customer_id=sold_to_id,
            licensable_part_number=lpn,
            fulfilment_number=number,
            fulfilled_date_utc=at,
            fulfilment_create_date_utc=at,
        )
        deliveries.append(
            (header, _rows(header, seed=seed, numbers=range(done, done + size), first_id=first_id))
        )
        done += size
    return deliveries


def _rows(header: FulfilmentHeader, *, seed: str, numbers: range, first_id: int) -> list[FulfilmentRow]:
    return [
        FulfilmentRow(
            row_number=number + 1,
            product_key_id=sample_product_key_id(first_id + number),
            product_key=SecretKey(synthetic_key(seed=seed, number=number)),
            lpn=header.licensable_part_number,
            fulfilment_number=header.fulfilment_number,
            order_unique_id=header.order_unique_id,
        )
        for number in numbers
    ]
