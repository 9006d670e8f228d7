"""Read stopped deliveries: what a stop holds, and what of a delivery is out. Everything needs the MAR's scope."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from licensing.models import BatchStop, DecoyCount, KeyReservation, ProductKey
from licensing.rules.key_states import Hold, KeyState

# Out: somewhere else than in stock, kept for an order, on hold for a loss or a dispute, or back from somewhere.
# A key that lay in quarantine before the stop never left.
_OUT = f"""
FROM licensing_productkey k JOIN licensing_fulfilment f ON f.id = k.fulfilment_id
WHERE f.batch_id = %s AND (k.state <> {KeyState.FULFILLED:d} OR k.hold NOT IN ('{Hold.NONE}', '{Hold.QUARANTINED}')
  OR k.is_disclosed OR EXISTS (SELECT 1 FROM licensing_ledgerentry l
    WHERE l.key_id = k.id AND l.to_state <> {KeyState.FULFILLED:d}))
"""


def open_stop(batch_id: UUID) -> BatchStop | None:
    """Return the stop a delivery is under, or the one that undid it."""
    stops = BatchStop.objects.exclude(state=BatchStop.State.GIVEN_BACK).filter(batch_id=batch_id)
    return stops.select_related("stopped_by", "decided_by").first()


def stops_of(batch_id: UUID) -> QuerySet[BatchStop]:
    """Return every stop of a delivery, newest first."""
    return BatchStop.objects.filter(batch_id=batch_id).select_related("stopped_by", "decided_by")


def stopped_in_stock(stop_id: UUID) -> list[int]:
    """Return the keys a stop holds that still lie in quarantine, decoys among them: they go where the rest goes."""
    held = _quarantined().filter(pk__in=BatchStop.objects.get(pk=stop_id).keys.values("key_id"))
    return list(held.order_by("pk").values_list("pk", flat=True))


def keeps_stopped_keys(line_id: UUID) -> bool:
    """Return whether a key that is reserved for an order line came with a delivery that is stopped."""
    kept = KeyReservation.objects.filter(order_line_id=line_id, ended_at__isnull=True)
    return kept.filter(key__batch__stops__state=BatchStop.State.STOPPED).exists()


def quarantined_of(ids: Sequence[int]) -> list[int]:
    """Return those of these keys that lie in quarantine."""
    return list(_quarantined().filter(pk__in=ids).order_by("pk").values_list("pk", flat=True))


def in_quarantine(batch_id: UUID) -> int:
    """Return how many keys of a delivery lie in quarantine: all rows less the decoys, in one statement."""
    decoys = DecoyCount.objects.filter(fulfilment_id=OuterRef("fulfilment_id")).values("held")
    keys = ProductKey.objects.filter(
        fulfilment__batch_id=batch_id, state=KeyState.FULFILLED, hold=Hold.QUARANTINED
    )
    counted = keys.values_list("fulfilment_id").annotate(
        keys=Count("id") - Coalesce(Subquery(decoys), 0)
    )  # fmt: skip
    return sum(count for _fulfilment_id, count in counted.order_by())


def _quarantined() -> QuerySet[ProductKey]:
    return ProductKey.objects.filter(state=KeyState.FULFILLED, hold=Hold.QUARANTINED, is_disclosed=False)


def keys_out_of_stock(batch_id: UUID) -> int:
    """Return how many keys of a delivery are, or ever were, out of stock."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) {_OUT}", [batch_id])
        return int(cursor.fetchone()[0])


def keys_out(batch_id: UUID, most: int) -> Sequence[ProductKey]:
    """Return the keys of a delivery that are or were out of stock, for the follow-up, by partner."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT k.id {_OUT} ORDER BY k.partner_id NULLS LAST, k.id LIMIT %s", [batch_id, most]
        )
        ids = [row[0] for row in cursor.fetchall()]
    keys = ProductKey.objects.filter(pk__in=ids).select_related("partner", "order_line__order")
    return list(keys.order_by("partner__name", "pk"))
