"""What every count of keys leaves out. Whether one key is a decoy only the database says, one key at a time."""

from uuid import UUID

from django.db import connection
from django.db.models import F, OuterRef, Subquery, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from licensing.models import DecoyCount


def is_decoy(key_id: int) -> bool:
    """Return whether a key is one of the decoys."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT licensing_is_decoy(%s)", [key_id])
        return bool(cursor.fetchone()[0])


def decoys_of_product(*places: str) -> Combinable:
    """Return a product's decoys at these places, for a statement that counts keys by ``product_id``.

    One statement counts both: a delivery released between two, or a decoy put aside, would be half in the sum.
    """
    counts = DecoyCount.objects.filter(product_id=OuterRef("product_id")).values("product_id")
    told = sum((F(place) for place in places[1:]), F(places[0]))
    return Coalesce(Subquery(counts.values(decoys=Sum(told))), 0)


def decoys_of_batch(batch_id: UUID) -> int:
    """Return how many decoys of a delivery are on the books."""
    told = DecoyCount.objects.filter(fulfilment__batch_id=batch_id).aggregate(n=Sum(F("free") + F("held")))
    return told["n"] or 0
