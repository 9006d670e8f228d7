"""Made-up but well-formed contents for sample files: the same seed always gives the same bytes."""

import base64
import random
import uuid

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
