"""Where all keys of the MAR are, and the imports that brought them. Everything here needs the MAR's scope."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum

from licensing.models import Fulfilment, KeyBatch, Product, ProductKey
from licensing.models.key_batch import KeyBatchState
from licensing.rules.key_states import Hold, KeyState
from licensing.selectors.decoys import decoys_by_product

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
    free = ProductKey.objects.filter(state=KeyState.FULFILLED, hold=Hold.NONE).count()
    return free - sum(decoys for decoys, _held in decoys_by_product().values())


def free_of_product(product_id: int) -> int:
    """Return how many keys of a product are free, those in pools included."""
    free = ProductKey.objects.filter(product_id=product_id, state=KeyState.FULFILLED, hold=Hold.NONE).count()
    return free - decoys_by_product().get(product_id, (0, 0))[0]


def imports() -> QuerySet[KeyBatch]:
    """Return all imports with the people who drove them, newest first."""
    return KeyBatch.objects.select_related("uploaded_by", "released_by", "rejected_by").order_by(
        "-uploaded_at"
    )


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
    counted = ProductKey.objects.values_list("product_id", "state", "hold").annotate(Count("id")).order_by()
    places: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for product_id, state, hold, keys in counted:
        group = GROUPS[KeyState(state)]
        if group == "free" and hold != Hold.NONE:
            group = "held"
        places[product_id][group] += keys
    for product_id, (free, in_quarantine) in decoys_by_product().items():
        places[product_id]["free"] -= free
        places[product_id]["held"] -= in_quarantine
    return places
