"""Every row lock of licensing, in the one order in which they may be taken.

Order: estimate, file of orders or standing order → credit position → change of a limit → order → partners' returns
by id → programme change → programme rule → incident or correction → product → pool → stopped delivery → import →
queue of a product → a delivery's stop and who frees its keys → product keys by id → builds by id → computer build
reports.

A service that needs several takes them in this order, so no two can wait for each other. The partner comes
first, as his credit position. The allocation locks product keys by SKIP LOCKED (licensing/guards.py).
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from django.db import connection

from licensing.models import (
    BatchStop,
    CorrectionRequest,
    Estimate,
    Incident,
    KeyBatch,
    LabelDelivery,
    LabelIssue,
    LimitChange,
    Order,
    OrderFile,
    PartnerPricing,
    PartnerReturn,
    Price,
    PriceDeviation,
    Product,
    ProductVersion,
    ProgrammeChange,
    RuleVersion,
    ScarcityPolicy,
    StandingOrder,
    StockAlertMail,
    StockPool,
)
from licensing.models.quota import QuotaException
from licensing.rules.key_states import Hold, KeyState

# From where a key may be reported to Microsoft: bound, or refused before and now sent again.
SENDABLE_STATES = (KeyState.BOUND.value, KeyState.NOTIFIED_BOUND.value, KeyState.ACTIVATION_DENIED.value)
STOPPING_HOLDS = (Hold.LOST_OR_STOLEN.value, Hold.DISPUTED.value)


def lock_credit(partner_id: UUID) -> None:
    """Serialise the partner's orders: hold his credit row until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM partners_creditposition WHERE partner_id = %s FOR NO KEY UPDATE", [partner_id]
        )


def lock_limit_change(change_id: UUID) -> LimitChange:
    """Hold a change of a limit; its partner's credit position is held before."""
    held = LimitChange.objects.select_for_update(no_key=True, of=("self",))
    return held.select_related("written_by").get(pk=change_id)


def lock_order(order_id: UUID) -> Order:
    """Hold an order until the transaction ends; its partner's credit position is held before."""
    return Order.objects.select_for_update(no_key=True, of=("self",)).get(pk=order_id)


def lock_queue(product_id: int) -> None:
    """Let one transaction at a time join or serve the queue of a product."""
    serialise(f"queue.{product_id}")


def lock_scarcity_policy(policy_id: UUID) -> ScarcityPolicy | None:
    """Hold a scarcity policy until the transaction ends, None when there is none."""
    return ScarcityPolicy.objects.select_for_update().filter(pk=policy_id).first()


def lock_pool(pool_id: int) -> StockPool | None:
    """Hold a pool until the transaction ends, None when there is none."""
    return StockPool.objects.select_for_update(of=("self",), no_key=True).filter(pk=pool_id).first()


def lock_batch(batch_id: UUID) -> KeyBatch | None:
    """Hold an import until the transaction ends, None when there is none."""
    return KeyBatch.objects.select_for_update(of=("self",), no_key=True).filter(pk=batch_id).first()


def lock_batch_stop(stop_id: UUID) -> BatchStop | None:
    """Hold a stopped delivery until the transaction ends, None when there is none."""
    return BatchStop.objects.select_for_update(of=("self",), no_key=True).filter(pk=stop_id).first()


def lock_stopping(batch_id: UUID) -> None:
    """Wait for whoever is about to free a key of this delivery; who comes later waits, and meets the stop."""
    serialise(f"stop.{batch_id}")


def lock_freeing(batch_id: UUID) -> None:
    """Hold off a stop of this delivery: for who takes keys first and frees one in the same transaction.

    Whoever only frees keys need not ask, the database does it for him. The queues are held before.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(hashtext(%s))", [f"licensing.stop.{batch_id}"])


def lock_keys_of_batch(batch_id: UUID, *holds: Hold) -> list[int]:
    """Hold a delivery's keys in stock under these holds; those in a rival's hands are waited for.

    Those he took are left out. In the allocation's own order, so that neither can hold what the other waits for.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT k.id FROM licensing_productkey k LEFT JOIN licensing_stockpool s ON s.id = k.pool
            WHERE k.fulfilment_id IN (SELECT id FROM licensing_fulfilment WHERE batch_id = %s)
              AND k.state = {KeyState.FULFILLED:d} AND k.hold = ANY(%s)
            ORDER BY k.product_id, (k.pool = 0), s.valid_before NULLS LAST, k.pool, k.position
            FOR NO KEY UPDATE OF k""",
            [batch_id, [hold.value for hold in holds]],
        )
        return [int(row[0]) for row in cursor.fetchall()]


def lock_free_keys(product_id: int, *, pool: int, most: int | None) -> list[int]:
    """Hold free keys of a pool (0: the general stock), the oldest first; those in a rival's hands are passed over."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT id FROM licensing_productkey
            WHERE product_id = %s AND pool = %s AND state = {KeyState.FULFILLED:d} AND hold = '{Hold.NONE}'
              AND NOT licensing_is_decoy(id)
            ORDER BY position LIMIT %s FOR NO KEY UPDATE SKIP LOCKED""",
            [product_id, pool, most],
        )
        return [int(row[0]) for row in cursor.fetchall()]


def serialise(work: str) -> None:
    """Let one transaction at a time do this kind of work; the others wait until it ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"licensing.{work}"])


@contextmanager
def only_one(work: str) -> Iterator[bool]:
    """Say whether this process alone does the work now, over as many transactions as it takes."""
    name = f"licensing.{work}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [name])
        is_ours = bool(cursor.fetchone()[0])
    try:
        yield is_ours
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtext(%s))", [name])


def lock_ready_builds(limit: int) -> list[tuple[UUID, int]]:
    """Take builds that wait to be reported, oldest first, and return (build, key) ids.

    Builds and keys in another transaction's hands are passed over, so nothing is waited for and the
    order does not matter. The key is held too: a revert must not come between.
    """
    with connection.cursor() as cursor:
        # The exchange asks twice a minute and mostly in vain: this look costs one index page.
        cursor.execute("SELECT 1 FROM licensing_build WHERE state = 'ready' AND ended_at IS NULL LIMIT 1")
        if cursor.fetchone() is None:
            return []
        cursor.execute(
            """SELECT b.id, b.key_id FROM licensing_build b JOIN licensing_productkey k ON k.id = b.key_id
            WHERE b.state = 'ready' AND b.ended_at IS NULL AND k.state = ANY(%s) AND k.hold <> ALL(%s)
              AND NOT EXISTS (
                SELECT 1 FROM licensing_cbrline l WHERE l.key_id = b.key_id AND l.answered_at IS NULL)
            ORDER BY b.reported_at, b.id LIMIT %s
            FOR NO KEY UPDATE OF b, k SKIP LOCKED""",
            [list(SENDABLE_STATES), list(STOPPING_HOLDS), limit],
        )
        return [(row[0], int(row[1])) for row in cursor.fetchall()]


def lock_report_lines(report_id: UUID) -> list[int]:
    """Hold a report's keys, builds and the report itself; return the keys that may be sent.

    Does not wait: a key in another transaction's hands may be on its way out of the report.

    :raises django.db.OperationalError: when one of the rows is held elsewhere.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT k.id, k.state, k.hold FROM licensing_cbrline l
            JOIN licensing_productkey k ON k.id = l.key_id
            WHERE l.report_id = %s ORDER BY k.id FOR NO KEY UPDATE OF k NOWAIT""",
            [report_id],
        )
        keys = [
            int(key_id)
            for key_id, state, hold in cursor.fetchall()
            if state in SENDABLE_STATES and hold not in STOPPING_HOLDS
        ]
        cursor.execute(
            """SELECT b.key_id, b.state, b.ended_at FROM licensing_cbrline l
            JOIN licensing_build b ON b.id = l.build_id
            WHERE l.report_id = %s ORDER BY b.id FOR NO KEY UPDATE OF b NOWAIT""",
            [report_id],
        )
        ready = {
            int(key_id) for key_id, state, ended_at in cursor.fetchall() if state == "ready" and not ended_at
        }
        cursor.execute(
            "SELECT 1 FROM licensing_computerbuildreport WHERE id = %s FOR NO KEY UPDATE NOWAIT", [report_id]
        )
    return [key_id for key_id in keys if key_id in ready]


def lock_keys(ids: Sequence[int]) -> None:
    """Hold keys by id until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM licensing_productkey WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [list(ids)]
        )


def lock_builds(ids: Sequence[UUID]) -> None:
    """Hold builds by id until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM licensing_build WHERE id = ANY(%s::uuid[]) ORDER BY id FOR NO KEY UPDATE",
            [list(ids)],
        )


def lock_change(change_id: UUID) -> ProgrammeChange | None:
    """Hold a programme change until the transaction ends, None when there is none."""
    return (
        ProgrammeChange.objects.select_related("product", "written_by")
        .select_for_update(of=("self",))
        .filter(pk=change_id)
        .first()
    )


def lock_product_version(version_id: UUID) -> ProductVersion | None:
    """Hold a product's version until the transaction ends, None when there is none."""
    return (
        ProductVersion.objects.select_related("product", "written_by")
        .select_for_update(of=("self",))
        .filter(pk=version_id)
        .first()
    )


def lock_rule(code: str) -> list[RuleVersion]:
    """Hold every version of a programme rule until the transaction ends, the newest number first."""
    return list(
        RuleVersion.objects.select_related("written_by")
        .select_for_update(of=("self",))
        .filter(code=code)
        .order_by("-number")
    )


def lock_product(product_id: int) -> Product:
    """Hold a product's dates until the transaction ends."""
    return Product.objects.select_for_update().get(pk=product_id)


def lock_quota_exception(exception_id: UUID) -> QuotaException | None:
    """Lock a quota exception, None when there is none in this scope. Taken alone."""
    return QuotaException.objects.select_for_update().filter(pk=exception_id).first()


def lock_price(price_id: int) -> Price | None:
    """Hold a price until the transaction ends, None when there is none. Taken alone."""
    return (
        Price.objects.select_related("book", "product", "written_by")
        .select_for_update(of=("self",))
        .filter(pk=price_id)
        .first()
    )


def lock_pricing(pricing_id: UUID) -> PartnerPricing | None:
    """Hold a partner's place on a book until the transaction ends. Taken alone."""
    found = PartnerPricing.objects.select_related("book", "written_by").select_for_update(of=("self",))
    return found.filter(pk=pricing_id).first()


def lock_deviation(deviation_id: int) -> PriceDeviation | None:
    """Hold a manual discount until the transaction ends. Taken alone."""
    found = PriceDeviation.objects.select_related("product", "written_by").select_for_update(of=("self",))
    return found.filter(pk=deviation_id).first()


def lock_partner_returns(ids: Sequence[UUID]) -> list[PartnerReturn]:
    """Hold partners' returns by id until the transaction ends."""
    return list(
        PartnerReturn.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=ids).order_by("pk")
    )


def lock_estimate(estimate_id: UUID) -> Estimate | None:
    """Hold an estimate, before the credit position: its lines become orders in the same transaction."""
    return Estimate.objects.select_for_update(no_key=True).filter(pk=estimate_id).first()


def lock_order_file(file_id: UUID) -> OrderFile | None:
    """Hold a file of orders, before the credit position: its lines become orders in the same transaction."""
    return OrderFile.objects.select_for_update(no_key=True).filter(pk=file_id).first()


def lock_standing_order(standing_order_id: UUID) -> StandingOrder | None:
    """Hold a standing order, before the credit position: a run orders in the same transaction."""
    return StandingOrder.objects.select_for_update(no_key=True).filter(pk=standing_order_id).first()


def lock_queues(product_ids: Iterable[int]) -> None:
    """Hold the queues of several products, by id, so that two who order several cannot wait for each other."""
    for product_id in sorted(set(product_ids)):
        lock_queue(product_id)


def lock_incident(incident_id: UUID) -> Incident | None:
    """Hold an incident until the transaction ends, None when there is none."""
    return Incident.objects.select_for_update().filter(pk=incident_id).first()


def lock_correction(correction_id: UUID) -> CorrectionRequest | None:
    """Hold a wish for a correction until the transaction ends, None when there is none."""
    return (
        CorrectionRequest.objects.select_related("key")
        .select_for_update(of=("self",))
        .filter(pk=correction_id)
        .first()
    )


def lock_label_delivery(first_position: int, last_position: int) -> LabelDelivery | None:
    """Hold the delivery that holds these labels until the transaction ends. Taken alone."""
    return (
        LabelDelivery.objects.select_for_update(no_key=True)
        .filter(first_position__lte=first_position, last_position__gte=last_position)
        .first()
    )


def lock_label_issue(issue_id: UUID) -> LabelIssue | None:
    """Hold an issued range until the transaction ends. Taken alone."""
    return LabelIssue.objects.select_for_update().filter(pk=issue_id).first()


def lock_threshold(product_id: int) -> None:
    """Let one transaction at a time judge or change a product's threshold; several by product id."""
    serialise(f"threshold.{product_id}")


def lock_alert_mail(mail_id: int) -> StockAlertMail | None:
    """Hold one mail of an alarm until the transaction ends, None when there is none. Taken alone."""
    found = StockAlertMail.objects.select_related("person").select_for_update(of=("self",))
    return found.filter(pk=mail_id).first()


def lock_call_offs(product_id: int) -> None:
    """Let one transaction at a time mark, count or end call-offs of a product; taken last, by product id."""
    serialise(f"call_offs.{product_id}")
