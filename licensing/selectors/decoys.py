"""What every count of keys leaves out. Whether one key is a decoy only the database says, one key at a time."""

from collections.abc import Mapping

from django.db import connection
from django.db.models import BooleanField, F, Func, QuerySet, Sum

from licensing.models import DecoyCount, ProductKey


def is_decoy(key_id: int) -> bool:
    """Return whether a key is one of the decoys."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT licensing_is_decoy(%s)", [key_id])
        return bool(cursor.fetchone()[0])


def without_decoys(keys: QuerySet[ProductKey]) -> QuerySet[ProductKey]:
    """Return the keys but for decoys; each is asked for, so narrow the rows before."""
    asked = Func(F("pk"), function="licensing_is_decoy", output_field=BooleanField())
    return keys.alias(is_decoy=asked).filter(is_decoy=False)


def decoys_by_product() -> Mapping[int, tuple[int, int]]:
    """Return how many decoys stand among the free keys of each product, and how many in quarantine."""
    rows = DecoyCount.objects.values_list("product_id").annotate(Sum("free"), Sum("held")).order_by()
    return {product_id: (free, held) for product_id, free, held in rows}


def decoys_in_all() -> int:
    """Return how many decoys there are."""
    return sum(free + held for free, held in decoys_by_product().values())
