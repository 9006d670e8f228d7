"""Made-up but well-formed contents for sample files: the same seed always gives the same bytes."""

import base64
import random
import uuid
from datetime import datetime

from licensing.exchange.fulfilment import FulfilmentHeader, FulfilmentRow
from licensing.rules.key_syntax import SecretKey, synthetic_key

_HASH_BYTES = 3_000


def sample_hardware_hash(seed: str | int) -> str:
    """Return a hardware hash of 4,000 base64 characters as long as a real one, describing no machine."""
    body = random.Random(f"hash:{seed}").randbytes(_HASH_BYTES - 8)  # noqa: S311
    head = b"OA" + _HASH_BYTES.to_bytes(2, "little") + b"\x01\x00\x1c\x00"
    return base64.b64encode(head + body).decode()


def sample_product_key_id(number: int) -> str:
    """Return the 13-digit product key id with this number; 33 opens every synthetic one.

    :raises ValueError: if the number has more than ten digits
    """
    if not 0 <= number < 10**10:
        raise ValueError("number out of range")
    return f"33{number:011d}"


def sample_guid(seed: str | int) -> str:
    """Return a GUID derived from the seed."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"sample:{seed}"))


def sample_delivery(
    *,
    seed: str | int,
    count: int,
    first_number: int,
    licensable_part_number: str,
    sold_to_customer_id: str,
    fulfilment_number: str,
    fulfilled_at: datetime,
) -> tuple[FulfilmentHeader, list[FulfilmentRow]]:
    """Return one delivery of synthetic keys, whose ids are numbered from `first_number`.

    The same seed and number always give the same key; `is_synthetic` tells these keys from real ones.
    """
    header = FulfilmentHeader(
        order_unique_id=sample_guid(f"order:{seed}:{fulfilment_number}"),
        sold_to_customer_id=sold_to_customer_id,
        ship_to_customer_id=sold_to_customer_id,
        licensable_part_number=licensable_part_number,
        fulfilment_number=fulfilment_number,
        fulfilled_date_utc=fulfilled_at,
        fulfilment_create_date_utc=fulfilled_at,
    )
    rows = [
        FulfilmentRow(
            row_number=index + 1,
            product_key_id=sample_product_key_id(first_number + index),
            product_key=SecretKey(synthetic_key(seed=seed, number=first_number + index)),
            lpn=licensable_part_number,
            fulfilment_number=fulfilment_number,
            order_unique_id=header.order_unique_id,
        )
        for index in range(count)
    ]
    return header, rows
