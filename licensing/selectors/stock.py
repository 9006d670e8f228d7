"""Where all keys of the MAR are, and the imports that brought them. Everything here needs the MAR's scope."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum

from licensing.models import BatchStop, Fulfilment, KeyBatch, Product, ProductKey
from licensing.models.key_batch import KeyBatchState
from licensing.rules.key_states import Hold, KeyState
from licensing.selectors.decoys import decoys_of_product

# What a stock keeper tells apart; every state stands in exactly one group. Fulfilled keys under a hold are
# counted as held.
GROUPS: Mapping[KeyState, str] = {
    KeyState.FULFILLED: "free",
    KeyState.ASSIGNED: "assigned",
    KeyState.RETRIEVED: "handed_over",
    KeyState.CONSUMED: "handed_over",
    KeyState.BOUND: "reported",
    KeyState.NOTIFIED_BOUND: "reported",
    KeyState.REPORTED_BOUND: "reported",
    KeyState.ACTIVATION_ENABLED: "enabled",
    KeyState.ACTIVATION_ENABLED_PENDING_UPDATE: "enabled",
    KeyState.ACTIVATION_DENIED: "denied",
    KeyState.REPORTED_RETURN: "returned",
    KeyState.RETURNED: "returned",
    KeyState.UNDONE: "undone",
}

_DECOY_PLACES: Mapping[tuple[int, str], str] = {
    (KeyState.FULFILLED, Hold.NONE): "free",
    (KeyState.FULFILLED, Hold.QUARANTINED): "held",
    (KeyState.UNDONE, Hold.NONE): "undone",
}


@dataclass(frozen=True, slots=True)
class StockLine:
    """One product's keys: how many were received, and where each of them is now."""

    product: Product | None
    received: int
    free: int = 0
    held: int = 0
    assigned: int = 0
    handed_over: int = 0
    reported: int = 0
    enabled: int = 0
    denied: int = 0
    returned: int = 0
    undone: int = 0

    @property
    def accounted(self) -> int:
        """Return the sum over all places."""
        return (
            self.free
            + self.held
            + self.assigned
            + self.handed_over
            + self.reported
            + self.enabled
            + self.denied
            + self.returned
            + self.undone
        )

    @property
    def is_balanced(self) -> bool:
        """Return whether every received key is somewhere, and none came from nowhere."""
        return self.received == self.accounted


def stock_lines() -> list[StockLine]:
    """Return a line for each product, counted from the fulfilments on one side, the keys on the other."""
    received = dict(Fulfilment.objects.values_list("product_id").annotate(Sum("quantity")).order_by())
    places = _places()
    return [
        StockLine(product=product, received=received.get(product.pk, 0), **places.get(product.pk, {}))
        for product in Product.objects.order_by("name")
    ]


def stock_total(lines: list[StockLine]) -> StockLine:
    """Return the sum of the lines."""
    names = (
        "received",
        "free",
        "held",
        "assigned",
        "handed_over",
        "reported",
        "enabled",
        "denied",
        "returned",
        "undone",
    )
    return StockLine(product=None, **{name: sum(getattr(line, name) for line in lines) for name in names})


def free_total() -> int:
    """Return how many keys can be ordered now, of all products."""
    return sum(_free_by_product(ProductKey.objects.all()).values())


def keys_in_all() -> int:
    """Return how many keys there are, wherever they stand."""
    keys = ProductKey.objects.values_list("product_id").order_by()
    counted = keys.annotate(keys=Count("id") - decoys_of_product("free", "held", "undone"))
    return sum(count for _product_id, count in counted)


def free_of_product(product_id: int) -> int:
    """Return how many keys of a product are free, those in pools included."""
    return _free_by_product(ProductKey.objects.filter(product_id=product_id)).get(product_id, 0)


def _free_by_product(keys: QuerySet[ProductKey]) -> dict[int, int]:
    free = keys.filter(state=KeyState.FULFILLED, hold=Hold.NONE).values_list("product_id")
    return dict(free.annotate(free=Count("id") - decoys_of_product("free")).order_by())


def imports() -> QuerySet[KeyBatch]:
    """Return all imports with the people who drove them, newest first; a stopped one with ``stop_state``."""
    stop = BatchStop.objects.filter(batch=OuterRef("pk")).exclude(state=BatchStop.State.GIVEN_BACK)
    found = KeyBatch.objects.select_related("uploaded_by", "released_by", "rejected_by")
    return found.annotate(stop_state=Subquery(stop.values("state")[:1])).order_by("-uploaded_at")


def imports_to_release() -> int:
    """Return how many checked imports wait for a second person."""
    return KeyBatch.objects.filter(state=KeyBatchState.READY).count()


def import_by_id(batch_id: UUID) -> KeyBatch | None:
    """Return one import, None when there is none."""
    return imports().filter(id=batch_id).first()


def part_numbers_on_sale(*, at: datetime) -> list[str]:
    """Return the licensable part numbers that can be ordered."""
    on_sale = Product.objects.filter(
        Q(order_before__isnull=True) | Q(order_before__gt=at), order_from__lte=at
    )
    return list(on_sale.order_by("code").values_list("lpn", flat=True))


def _places() -> dict[int, dict[str, int]]:
    counted = (
        ProductKey.objects.values_list("product_id", "state", "hold")
        .annotate(keys=Count("id"), **{place: decoys_of_product(place) for place in _DECOY_PLACES.values()})
        .order_by()
    )
    places: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for product_id, state, hold, keys, *decoys in counted:
        group = GROUPS[KeyState(state)]
        if group == "free" and hold != Hold.NONE:
            group = "held"
        there = dict(zip(_DECOY_PLACES, decoys, strict=True))
        places[product_id][group] += keys - there.get((state, hold), 0)
    return places
