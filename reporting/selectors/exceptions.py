"""Keys that need a person before the month can be reported with a good conscience."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet

from licensing.models import ExchangeException, ProductKey
from licensing.rules.key_states import NOT_AT_MICROSOFT, KeyState

DUPLICATE_CODES = ("01", "07")
# Warn, block new orders, recall. Source: domain.md 4.2, rule 11 of domain.md 5.
UNREPORTED_DAYS = (7, 30, 60)


@dataclass(frozen=True, slots=True)
class ExceptionCounts:
    """Open exceptions right now; all are keys but `exchange`, which are lines of Microsoft's answers."""

    denied_sold: int
    duplicates: int
    unreported_7: int
    unreported_30: int
    unreported_60: int
    exchange: int

    @property
    def total(self) -> int:
        """Return how many there are; the older unreported keys are part of the younger."""
        return self.denied_sold + self.duplicates + self.unreported_7 + self.exchange


def keys_with_exception(kind: str, *, at: datetime) -> QuerySet[ProductKey]:
    """Return the keys of one kind of exception, or none for a kind that does not exist."""
    condition = _conditions(at).get(kind)
    keys = ProductKey.objects.select_related("product", "partner", "hand_over__device")
    return keys.filter(condition).distinct() if condition is not None else keys.none()


def _conditions(at: datetime) -> Mapping[str, Q]:
    denied = Q(state=KeyState.ACTIVATION_DENIED)
    conditions = {
        "denied_sold": denied & Q(hand_over__device__sold_on__isnull=False),
        "duplicates": denied & Q(cbr_lines__ack_code__in=DUPLICATE_CODES),
    }
    for days in UNREPORTED_DAYS:
        conditions[f"unreported_{days}"] = Q(
            state__in=NOT_AT_MICROSOFT, hand_over__handed_at__lt=at - timedelta(days=days)
        )
    return conditions


KINDS = ("denied_sold", "duplicates", *(f"unreported_{days}" for days in UNREPORTED_DAYS))


def exception_counts(*, at: datetime) -> ExceptionCounts:
    """Count the open exceptions of every kind."""
    conditions = _conditions(at)
    counted = ProductKey.objects.filter(partner__isnull=False).aggregate(
        **{kind: Count("pk", filter=conditions[kind], distinct=True) for kind in KINDS}
    )
    return ExceptionCounts(
        **counted, exchange=ExchangeException.objects.filter(closed_at__isnull=True).count()
    )
