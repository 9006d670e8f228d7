"""Scarce stock: a fair share switched on by two people, runs that store what they did, a receipt for each partner."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, NotFound, Refusal, refuse
from core.queue import enqueue
from core.tenancy import mar_scope
from licensing.locks import lock_queue, lock_scarcity_policy
from licensing.models import (
    AllocationReceipt,
    AllocationRun,
    BackOrder,
    KeyAssignment,
    OrderState,
    ScarcityPolicy,
)
from licensing.rules.fair_share import FORMULA, Claim, digest_of, inputs_of, recompute, share_out
from licensing.selectors.order_facts import free_stock
from licensing.selectors.programme_rules import rules_at
from licensing.selectors.scarcity import open_policy, policy_in_force
from licensing.services.order_queue import fill_from_pools, fill_order


class NotSwitched(DomainError):
    """The fair share of this product is not switched by this person, or not now."""


@transaction.atomic
def propose_fair_share(product_id: int, *, reason: str, by: Actor, at: datetime) -> ScarcityPolicy:
    """Ask to share out a product's stock, with the numbers of the rule in force; a second person switches it on.

    :raises NotSwitched: when that was asked before.
    """
    lock_queue(product_id)
    if open_policy(product_id) is not None:
        raise NotSwitched(_not_switched(_("The fair share of this product was asked for before.")))
    rules = rules_at(at)
    policy = ScarcityPolicy.objects.create(
        product_id=product_id,
        floor=rules.number("order.fair_share", "floor"),
        days=rules.number("order.fair_share", "days"),
        reason=reason.strip()[:300],
        proposed_by_id=_person(by),
        proposed_at=at,
    )
    _audit("proposed", policy, by=by, at=at)
    return policy


@transaction.atomic
def confirm_fair_share(policy_id: UUID, *, by: Actor, at: datetime) -> ScarcityPolicy:
    """Switch the fair share on, as the second person: from now on no order takes stock past it.

    :raises NotSwitched: by the person who asked for it, or a second time.
    """
    policy = _locked(policy_id)
    if policy.confirmed_at is not None or policy.proposed_by_id == by.user_id:
        raise NotSwitched(
            _not_switched(_("Somebody else than the one who asked for it switches it on, once."))
        )
    policy.confirmed_by_id, policy.confirmed_at = _person(by), at
    policy.save(update_fields=["confirmed_by", "confirmed_at"])
    _audit("switched_on", policy, by=by, at=at)
    enqueue("licensing.fill_backorders", at=at, product_id=policy.product_id)
    return policy


@transaction.atomic
def end_fair_share(policy_id: UUID, *, reason: str, by: Actor, at: datetime) -> ScarcityPolicy:
    """End the fair share, or take back the wish for it; the queue is first come, first served again."""
    policy = _locked(policy_id)
    policy.ended_by_id, policy.ended_at, policy.end_reason = _person(by), at, reason.strip()[:300]
    policy.save(update_fields=["ended_by", "ended_at", "end_reason"])
    _audit("ended", policy, by=by, at=at)
    enqueue("licensing.fill_backorders", at=at, product_id=policy.product_id)
    return policy


def share_stock(product_id: int, *, at: datetime) -> int:
    """Share out a product's general stock among its queue; return how many keys of it were assigned.

    Pools are not shared: their keys go to those who may draw them before. What an earlier run granted and a
    crash left undelivered is delivered first. Opens its own transactions.
    """
    fill_from_pools(product_id, at=at)
    delivered = _deliver(product_id, at)
    with mar_scope():
        run = _run(product_id, at)
    return delivered + (_deliver(product_id, at) if run else 0)


@transaction.atomic
def _run(product_id: int, at: datetime) -> AllocationRun | None:
    """Compute and store one run, with a receipt for each claimant; None when there is nothing to share."""
    lock_queue(product_id)
    policy = policy_in_force(product_id)
    stock = free_stock(product_id)
    claims = _claims(product_id, policy, at) if policy and stock else []
    if policy is None or not claims:
        return None
    inputs = inputs_of(stock, claims, floor=policy.floor)
    result = share_out(stock, claims, floor=policy.floor)
    digest = digest_of(inputs, result)
    if _gave_nothing(policy, digest):
        return None
    run = AllocationRun.objects.create(
        policy=policy, product_id=product_id, formula=FORMULA, stock=stock, inputs=inputs, result=result,
        digest=digest, at=at,
    )  # fmt: skip
    total = sum(claim.demand for claim in claims)
    AllocationReceipt.objects.bulk_create(
        AllocationReceipt(
            run=run, partner_id=UUID(claim.partner), product_id=product_id, at=at, stock=stock,
            claimants=len(claims), total_demand=total, demand=claim.demand, taken=claim.taken, floor=policy.floor,
            granted=result[claim.partner],
        )
        for claim in claims
    )  # fmt: skip
    audit.record(
        "licensing.stock.shared", by=Actor.system("Fair share"), at=at, object_type="allocation_run",
        object_id=run.pk, facts={"product": product_id, "stock": stock, "claimants": len(claims)},
    )  # fmt: skip
    return run


def _gave_nothing(policy: ScarcityPolicy, digest: str) -> bool:
    """Return whether the last run came to the same and nobody could take his share: it would give nothing again.

    One that was taken is no such run: the same demand and the same stock may well come a second time.
    """
    last = AllocationRun.objects.filter(policy=policy).order_by("-at", "-pk").first()
    return last is not None and last.digest == digest and not last.receipts.filter(delivered__gt=0).exists()


def _claims(product_id: int, policy: ScarcityPolicy, at: datetime) -> list[Claim]:
    """Return the queue's partners with what they wish and what they took; the MAR's own line among them."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT b.partner_id::text, sum(b.quantity)::int,
              (SELECT count(*) FROM licensing_keyassignment a JOIN licensing_productkey k ON k.id = a.key_id
               WHERE a.partner_id = b.partner_id AND k.product_id = %(product)s
                 AND a.assigned_at > %(at)s - %(days)s * interval '1 day')::int,
              (row_number() OVER (ORDER BY min(b.queued_at), min(b.place)))::int
            FROM licensing_backorder b WHERE b.product_id = %(product)s AND b.ended_at IS NULL
            GROUP BY b.partner_id ORDER BY 4""",
            {"product": product_id, "days": policy.days, "at": at},
        )
        return [Claim(*row) for row in cursor.fetchall()]


def _deliver(product_id: int, at: datetime) -> int:
    """Assign what the receipts of the last run grant and was not delivered yet.

    What a partner could not take (his credit, a block) waits for him until the next run shares it out anew.
    """
    with mar_scope():
        last = AllocationRun.objects.filter(product_id=product_id).order_by("-at", "-pk").values("pk")[:1]
        open_ = AllocationReceipt.objects.filter(run__in=last, delivered__lt=F("granted"))
        receipts = list(open_.order_by("id").values_list("pk", "partner_id", "granted", "delivered"))
    return sum(_deliver_one(product_id, *receipt, at=at) for receipt in receipts)


def _deliver_one(
    product_id: int, receipt_id: int, partner_id: UUID, granted: int, delivered: int, *, at: datetime
) -> int:
    given = 0
    with mar_scope():
        waiting = BackOrder.objects.filter(
            product_id=product_id, partner_id=partner_id, ended_at__isnull=True
        )
        orders = list(waiting.order_by("queued_at", "place").values_list("order_line__order_id", flat=True))
    for order_id in orders:
        left = granted - delivered - given
        if left <= 0:
            break
        with mar_scope(), transaction.atomic():
            got = _give(order_id, partner_id, left, at)
            AllocationReceipt.objects.filter(pk=receipt_id).update(delivered=delivered + given + got)
        given += got
    return given


def _give(order_id: UUID, partner_id: UUID, most: int, at: datetime) -> int:
    state = fill_order(order_id, partner_id, at=at, most=most)
    if state != OrderState.ALLOCATED:
        return 0
    return KeyAssignment.objects.filter(order_line__order_id=order_id, ended_at__isnull=True).count()


def verify_run(run_id: UUID) -> list[str]:
    """Return what does not hold in a run: its formula gives another result, or a receipt says another number.

    In the MAR's scope.
    """
    run = AllocationRun.objects.filter(pk=run_id).first()
    if run is None:
        raise NotFound(_("There is no such run."))
    problems = []
    again = recompute(run.inputs)
    if again != run.result:
        problems.append("the formula gives another result")
    if digest_of(run.inputs, run.result) != run.digest:
        problems.append("the digest does not fit inputs and result")
    problems += _wrong_receipts(run, again)
    return problems


def _wrong_receipts(run: AllocationRun, again: Mapping[str, int]) -> list[str]:
    claims = {claim["partner"]: claim for claim in run.inputs["claims"]}
    found = {str(receipt.partner_id): receipt for receipt in run.receipts.all()}
    wrong = [f"the receipt of {partner} is missing" for partner in sorted(claims.keys() - found.keys())]
    for partner, receipt in sorted(found.items()):
        claim = claims.get(partner)
        says = (receipt.demand, receipt.taken, receipt.granted, receipt.stock)
        if claim is None or says != (claim["demand"], claim["taken"], again[partner], run.stock):
            wrong.append(f"the receipt of {partner} says other figures")
    return wrong


def _locked(policy_id: UUID) -> ScarcityPolicy:
    policy = lock_scarcity_policy(policy_id)
    if policy is None:
        raise NotFound(_("There is no such fair share."))
    if policy.ended_at is not None:
        raise NotSwitched(_not_switched(_("This fair share has ended.")))
    return policy


def _person(by: Actor) -> UUID:
    if by.user_id is None:
        raise NotSwitched(_not_switched(_("People switch the fair share, not machines.")))
    return by.user_id


def _not_switched(what: str) -> Refusal:
    return refuse(
        "fair_share_not_switched",
        what,
        rule="ORD-15",
        missing={_("Person"): _("another one of the MAR")},
        next_step=_("Open the product in the allocation console to see where it stands."),
        lifted_by=_("Another person of the MAR"),
    )


def _audit(act: str, policy: ScarcityPolicy, *, by: Actor, at: datetime) -> None:
    audit.record(
        f"licensing.fair_share.{act}", by=by, at=at, object_type="scarcity_policy", object_id=policy.pk,
        facts={"product": policy.product_id, "floor": policy.floor, "days": policy.days},
    )  # fmt: skip
