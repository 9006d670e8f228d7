"""Partners' returns: what is known of each key before it goes, and the lists of both sides."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum

from core.tenancy import mar_scope
from licensing.models import KeySettlement, PartnerReturn, PartnerReturnLine, ProductKey, ReturnState
from licensing.rules.key_states import Hold, KeyState
from licensing.rules.partner_returns import KeyFacts

_FACTS = """
SELECT k.product_key_id, k.id, k.product_id, k.state, k.hold, f.received_at,
  EXISTS (SELECT 1 FROM licensing_partnerreturnline l WHERE l.key_id = k.id AND l.ended_at IS NULL
    AND l.request_id IS DISTINCT FROM %(but)s),
  coalesce((SELECT b.ack_code FROM licensing_build b WHERE b.key_id = k.id AND b.ended_at IS NULL), '')
FROM licensing_productkey k JOIN licensing_fulfilment f ON f.id = k.fulfilment_id
WHERE k.product_key_id = ANY(%(ids)s) AND k.partner_id = %(partner)s
"""


@dataclass(frozen=True, slots=True)
class FoundKey:
    """One key of a request: its row's ids and the facts of the forecast."""

    facts: KeyFacts
    key_id: int = 0
    product_id: int = 0


def keys_to_return(
    partner_id: UUID, product_key_ids: Sequence[str], *, but: UUID | None = None
) -> list[FoundKey]:
    """Return what is known of each named key, in the order named; a stranger's is like none at all.

    When a key was delivered is the MAR's to know, so this looks in its scope, at this partner's keys only.
    ``but`` names a request whose own hold on the keys does not count.
    """
    with mar_scope(), connection.cursor() as cursor:
        cursor.execute(_FACTS, {"ids": list(set(product_key_ids)), "partner": partner_id, "but": but})
        rows = {row[0]: row for row in cursor.fetchall()}
    counted = Counter(product_key_ids)
    found = []
    for product_key_id in product_key_ids:
        row = rows.get(product_key_id)
        if row is None:
            found.append(FoundKey(KeyFacts(product_key_id)))
            continue
        _id, key_id, product_id, state, hold, delivered_at, is_in_return, ack_code = row
        facts = KeyFacts(
            product_key_id, KeyState(state), Hold(hold), delivered_at, is_in_return,
            is_twice=counted[product_key_id] > 1, ack_code=ack_code,
        )  # fmt: skip
        found.append(FoundKey(facts, key_id, product_id))
    return found


def open_return_of(key_ids: Collection[int], *, but: Collection[UUID] = ()) -> PartnerReturnLine | None:
    """Return the first line by which any of these keys stands in a return that is not answered."""
    lines = PartnerReturnLine.objects.filter(key_id__in=key_ids, ended_at__isnull=True)
    return lines.exclude(request__in=but).select_related("request").order_by("id").first()


def returns_of(partner_id: UUID) -> QuerySet[PartnerReturn]:
    """Return a partner's returns with their number of keys and of answers, newest first."""
    return _counted(PartnerReturn.objects.filter(partner_id=partner_id))


def all_returns() -> QuerySet[PartnerReturn]:
    """Return every partner's returns, in the MAR's scope."""
    return _counted(PartnerReturn.objects.select_related("partner"))


def lines_of(request: PartnerReturn) -> QuerySet[PartnerReturnLine]:
    """Return the keys of a return with their products."""
    return PartnerReturnLine.objects.filter(request=request).select_related("product").order_by("id")


def settled_of(request: PartnerReturn) -> KeySettlement | None:
    """Return one sum over what is owed for the keys of a return, None while nothing is."""
    keys = PartnerReturnLine.objects.filter(request=request).values("key_id")
    found = KeySettlement.objects.filter(key__in=keys, cause=KeySettlement.Cause.RETURN)
    sums = found.order_by().values("currency").annotate(credit=Sum("credit_due"), charge=Sum("charge_due"))
    row = sums.order_by("currency").first()
    if row is None:
        return None
    return KeySettlement(credit_due=row["credit"], charge_due=row["charge"], currency=row["currency"])


@dataclass(frozen=True, slots=True)
class Bundle:
    """Approved returns that fit into one return to Microsoft: same type, same credit."""

    return_type: str
    is_without_credit: bool
    returns: int
    keys: int


def bundles() -> list[Bundle]:
    """Return what waits to be sent, by type and credit."""
    rows = (
        PartnerReturn.objects.filter(state=ReturnState.APPROVED)
        .order_by("return_type", "is_without_credit")
        .values("return_type", "is_without_credit")
        .annotate(returns=Count("pk", distinct=True), keys=Count("lines"))
    )
    return [Bundle(**row) for row in rows]


def ids_of_bundle(return_type: str, *, is_without_credit: bool) -> list[UUID]:
    """Return the approved returns of one type and credit."""
    found = PartnerReturn.objects.filter(
        state=ReturnState.APPROVED, return_type=return_type, is_without_credit=is_without_credit
    )
    return list(found.order_by("number").values_list("pk", flat=True))


def returns_under_way(partner_id: UUID) -> int:
    """Count a partner's keys in open returns that do not stand as sent on a key of his: asked, or called back."""
    lines = PartnerReturnLine.objects.filter(partner_id=partner_id, ended_at__isnull=True)
    sent = ProductKey.objects.filter(partner_id=partner_id, state=KeyState.REPORTED_RETURN)
    return lines.exclude(key_id__in=sent.values("pk")).count()


def _counted(returns: QuerySet[PartnerReturn]) -> QuerySet[PartnerReturn]:
    return returns.annotate(
        key_count=Count("lines"), answered_count=Count("lines", filter=Q(lines__answer_code__gt=""))
    ).order_by("-number")
